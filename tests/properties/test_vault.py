"""What holds for every key vault, whatever is put and destroyed, and whoever meets whom."""

from functools import partial

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bwcstore._values import Instant, StoreId
from bwcstore.errors import ConflictError, FormatError, KeyVaultError, StorageError
from bwcstore.storage._keywrap import EPOCH_LABEL, KeyWrapper, key_check
from bwcstore.storage._vault import DirectoryVault
from bwcstore.storage._vault_format import (
    EpochKey,
    Group,
    Header,
    KeyRecord,
    RootAlg,
    RootRecord,
)
from bwcstore.storage._vault_names import GroupIndex, cut, group_name
from tests.unit.storage.vault_setting import (
    STORE,
    FixedSource,
    Meanwhile,
    Setting,
    attempt,
    content,
    key,
)

_PARTS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
KEY_IDS = st.lists(_PARTS, min_size=1, max_size=4).map("/".join).filter(lambda s: len(s) <= 128)
INSTANTS = st.integers(0, 253_402_300_799_999_999).map(Instant)
STORES = st.uuids().map(lambda found: StoreId(str(found)))
NUMBERS = st.integers(0, 25)


def _bytes(length: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=length, max_size=length)


RECORDS = st.builds(
    KeyRecord, key_id=KEY_IDS, created=INSTANTS, check=_bytes(8), wrapped=_bytes(40)
)
GROUPS = st.builds(
    Group,
    store=STORES,
    epoch=st.integers(0, 10**8 - 1),
    nonce=_bytes(16),
    keys=st.lists(RECORDS, min_size=1, max_size=40, unique_by=lambda record: record.key_id).map(
        lambda found: tuple(sorted(found, key=lambda record: record.key_id))
    ),
)
ROOTS = st.one_of(
    st.just(RootRecord(alg=RootAlg.KEY_FILE)),
    st.builds(
        RootRecord,
        alg=st.just(RootAlg.ARGON2ID),
        salt=_bytes(16),
        iterations=st.integers(2, 1000),
        lanes=st.integers(1, 64),
        memory_kib=st.integers(19_456, 4_194_304),
    ),
    st.builds(
        RootRecord,
        alg=st.just(RootAlg.PBKDF2),
        salt=_bytes(16),
        iterations=st.integers(210_000, 10**8),
    ),
)
HEADERS = st.builds(
    Header,
    store=STORES,
    replica=_bytes(8).map(bytes.hex),
    version=st.integers(0, 9999),
    root=ROOTS,
    check=_bytes(8),
)
EPOCH_KEYS = st.builds(
    EpochKey,
    store=STORES,
    epoch=st.integers(0, 10**8 - 1),
    version=st.integers(0, 9999),
    created=INSTANTS,
    check=_bytes(8),
    wrapped=_bytes(40),
)
DOCUMENTS = st.one_of(GROUPS, HEADERS, EPOCH_KEYS)


@pytest.mark.spec("VLT-6", "VLT-8", "VLT-10")
@given(DOCUMENTS)
def test_documents_round_trip(document: Group | Header | EpochKey) -> None:
    """What was encoded decodes to the same value."""
    assert document == type(document).decode(document.encode(), what="it")


@pytest.mark.spec("VLT-6", "VLT-8", "VLT-10")
@given(DOCUMENTS, st.data())
def test_documents_have_one_encoding(
    document: Group | Header | EpochKey, data: st.DataObject
) -> None:
    """Bytes that are changed anywhere are refused, or are the encoding of another value."""
    raw = bytearray(document.encode())
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))

    try:
        found = type(document).decode(bytes(raw), what="it")
    except FormatError:
        return

    assert found.encode() == bytes(raw)
    assert found != document


@pytest.mark.spec("VLT-11")
@given(st.lists(GROUPS, min_size=1, max_size=6))
def test_every_key_is_found_by_names_alone(groups: list[Group]) -> None:
    """The index leads from every key id to the groups that hold it."""
    names = {group_name(group, group.encode()): group for group in groups}
    index = GroupIndex(names)

    assert [] == index.strangers
    for name, group in names.items():
        assert group.epoch == index.epochs[name]
        for record in group.keys:
            assert name in index.candidates(record.key_id)


@pytest.mark.spec("VLT-11")
@given(st.lists(KEY_IDS, unique=True, max_size=60).map(sorted), st.integers(1, 40))
def test_cutting_leaves_nothing_out(key_ids: list[str], count_max: int) -> None:
    """The runs follow each other, none is empty and none too long."""
    runs = list(cut(key_ids, count_max=count_max))

    assert key_ids == [key_id for start, end in runs for key_id in key_ids[start:end]]
    assert all(0 < end - start <= count_max for start, end in runs)


@pytest.mark.spec("VLT-4", "VLT-5")
@given(_bytes(32), _bytes(32), st.data())
def test_a_wrapped_key_opens_at_its_place_alone(
    kek: bytes, plain: bytes, data: st.DataObject
) -> None:
    """Another place, another key or any other bytes: refused, never garbage."""
    wrapper = KeyWrapper(kek, label=EPOCH_LABEL)
    place = (STORE.text, content(1), "00000000")
    wrapped = wrapper.wrap(plain, place=place)
    check = key_check(plain)
    changed = bytearray(wrapped)
    changed[data.draw(st.integers(0, 39))] ^= data.draw(st.integers(1, 255))

    assert plain == wrapper.unwrap(wrapped, check=check, place=place)
    for bad, where in (
        (bytes(changed), place),
        (wrapped, (STORE.text, content(2), "00000000")),
        (wrapped, (STORE.text, content(1), "00000001")),
        # The parts carry their length, so that they cannot be shifted against each other.
        (wrapped, (STORE.text + content(1)[0], content(1)[1:], "00000000")),
    ):
        with pytest.raises(KeyVaultError):
            wrapper.unwrap(bad, check=check, place=where)


class VaultMachine(RuleBasedStateMachine):
    """A vault in two places beside a dictionary."""

    @initialize()
    def create(self) -> None:
        """An empty vault."""
        self.setting = Setting()
        self.vault = self.setting.create()
        self.model: dict[str, bytes] = {}
        self.versions = 0

    @rule(numbers=st.sets(NUMBERS, min_size=1))
    def put(self, numbers: set[int]) -> None:
        """Some keys, perhaps again."""
        found = {content(number): key(number) for number in numbers}
        self.vault.put(found)
        self.model |= found

    @rule(numbers=st.sets(NUMBERS))
    def destroy(self, numbers: set[int]) -> None:
        """Some keys, perhaps absent."""
        ids = [content(number) for number in numbers]
        self.vault.destroy(ids)
        for key_id in ids:
            self.model.pop(key_id, None)

    @rule()
    def rotate(self) -> None:
        """A new epoch."""
        before = self.vault.epoch
        assert self.vault.rotate() > before

    @rule()
    def rewrap_root(self) -> None:
        """A new root key."""
        self.versions += 1
        source = FixedSource(bytes([self.versions]) * 32)
        self.vault.rewrap_root(source)
        self.setting.source = source

    @rule()
    def reopen(self) -> None:
        """A new process."""
        self.vault = self.setting.open()

    @rule(place=st.integers(0, 1), data=st.data())
    def lose(self, place: int, data: st.DataObject) -> None:
        """One file of one replica is lost and repaired."""
        contents = self.setting.places[place].contents
        names = sorted(name for name in contents if not name.startswith("header/"))
        del contents[data.draw(st.sampled_from(names))]
        self.vault.repair()

    @invariant()
    def each_place_has_the_living(self) -> None:
        """Every replica alone has what the dictionary has, and no finding."""
        assert () == self.setting.open().health()
        for place in self.setting.places:
            vault = self.setting.open([place])
            ids = [wrapped.key_id for wrapped in vault.inventory()]
            assert self.model == {key_id: vault.get(key_id) for key_id in ids}


TestVault = VaultMachine.TestCase
TestVault.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


@pytest.mark.spec("VLT-15", "VLT-17")
@given(
    st.sampled_from(["put", "destroy", "rotate"]),
    st.dictionaries(
        st.integers(0, 45), st.sampled_from(["put", "destroy", "rotate"]), min_size=1, max_size=4
    ),
)
@settings(max_examples=150)
def test_processes_that_meet_lose_nothing(main: str, others: dict[int, str]) -> None:
    """Several other processes act in the middle of one: what returned, holds."""
    setting = Setting()
    first = setting.create()
    first.put({content(n): key(n) for n in range(16)})
    living = set(range(16))
    gone: set[int] = set()
    fresh = iter(range(100, 200))

    def act(vault: DirectoryVault, what: str) -> None:
        number = next(fresh)
        victim = number % 16

        def work() -> None:
            if what == "put":
                vault.put({content(number): key(number)})
            elif what == "destroy":
                vault.destroy([content(victim)])
            else:
                vault.rotate()

        if what == "destroy":
            living.discard(victim)
        for _ in range(4):
            if not isinstance(attempt(work), ConflictError | StorageError):
                if what == "put":
                    living.add(number)
                if what == "destroy":
                    gone.add(victim)
                return

    plan = Meanwhile({at: partial(act, setting.open(), what) for at, what in others.items()})
    act(setting.open_with(plan), main)

    for rotated in (False, True):
        if rotated:
            setting.open().rotate()
        for place in (None, *setting.places):
            ids = [content(number) for number in sorted(living)]
            assert ids == setting.readable(ids, place)
            assert [] == setting.readable([content(number) for number in sorted(gone)], place)


def test_the_values_are_frozen() -> None:
    """Documents cannot be changed after they were checked."""
    record = KeyRecord(key_id="tag", created=Instant(0), check=bytes(8), wrapped=bytes(40))

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.key_id = "other"  # type: ignore[misc] # this is what is refused
