"""The key vault when any one call to storage fails, and when several processes meet.

Every scenario is run again and again, each time with the next call failing, until it ends
untouched. Afterwards a new process looks, then does the same again, which must succeed.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Final

import pytest

from bwcstore.errors import (
    AlreadyExistsError,
    BwcStoreError,
    ConflictError,
    KeyVaultError,
    NotFoundError,
    OutcomeUnknownError,
    StorageError,
)
from bwcstore.storage._vault import DirectoryVault
from bwcstore.testing._faults import FailAt, Fault, SimulatedCrash
from tests.unit.storage.vault_setting import (
    FixedSource,
    Meanwhile,
    Setting,
    attempt,
    content,
    key,
    keys,
)

NEW_ROOT: Final = FixedSource(b"n" * 32)
KEPT: Final = (*range(14), 20, 21)
GONE: Final = (30,)
PUT: Final = (40, 41)
DESTROYED: Final = (3, 20)

Work = Callable[[DirectoryVault], object]


def _prepared() -> Setting:
    """Sixteen keys in a large and a small group, one destroyed, one rotation behind."""
    setting = Setting()
    vault = setting.create()
    vault.put(keys(*range(14), 30))
    vault.rotate()
    vault.put(keys(20, 21))
    vault.destroy([content(number) for number in GONE])
    vault.remember("head", b"one")
    return setting


def _put(vault: DirectoryVault) -> None:
    vault.put(keys(*PUT))


def _destroy(vault: DirectoryVault) -> None:
    vault.destroy([content(number) for number in DESTROYED])


def _rotate(vault: DirectoryVault) -> int:
    return vault.rotate()


def _remember(vault: DirectoryVault) -> None:
    vault.remember("head", b"two")


def _forget(vault: DirectoryVault) -> None:
    vault.forget("head")


def _rewrap(vault: DirectoryVault) -> None:
    vault.rewrap_root(NEW_ROOT)


SCENARIOS: Final[dict[str, Work]] = {
    "put": _put,
    "destroy": _destroy,
    "rotate": _rotate,
    "remember": _remember,
    "forget": _forget,
    "rewrap_root": _rewrap,
}


def _open_any(setting: Setting, *, place: int | None = None) -> DirectoryVault:
    """Open with the new root key if it fits, else with the old."""
    places = None if place is None else [setting.places[place]]
    try:
        return setting.open(places, source=NEW_ROOT)
    except KeyVaultError:
        return setting.open(places)


def _values(vault: DirectoryVault) -> dict[int, bytes | None]:
    def value(number: int) -> bytes | None:
        try:
            return vault.get(content(number))
        except NotFoundError:
            return None

    return {number: value(number) for number in (*KEPT, *GONE, *PUT)}


def _check_consistent(setting: Setting, name: str) -> None:
    """Whatever failed: nothing that was kept is lost, nothing that was destroyed is back."""
    in_doubt = {"put": PUT, "destroy": DESTROYED}.get(name, ())
    for place in (None, 0, 1):
        vault = _open_any(setting, place=place)
        for number, value in _values(vault).items():
            wanted = key(number) if number in KEPT else None
            if number in in_doubt:
                assert value in (None, key(number)), (name, place, number)
            else:
                assert wanted == value, (name, place, number)
        if name not in {"remember", "forget"}:
            assert (b"one",) == vault.recall("head")
        elif name == "remember":
            assert set(vault.recall("head")) <= {b"one", b"two"}
            assert vault.recall("head")
        else:
            assert set(vault.recall("head")) <= {b"one"}


def _check_finished(setting: Setting, name: str) -> None:
    """After the same again succeeded: everything is as if nothing had failed."""
    for place in (None, 0, 1):
        vault = _open_any(setting, place=place)
        living = {*KEPT, *(PUT if name == "put" else ())}
        living -= {*(DESTROYED if name == "destroy" else ())}
        expected = {n: key(n) if n in living else None for n in (*KEPT, *GONE, *PUT)}
        assert expected == _values(vault), (name, place)
        note = {"remember": (b"two",), "forget": ()}.get(name, (b"one",))
        assert note == vault.recall("head")
    if name == "destroy":
        # A destruction that failed may leave living keys twice in one replica.
        _open_any(setting).repair()
    first, second = setting.names()
    assert first == second
    assert () == _open_any(setting).health()
    if name == "rotate":
        current = f"{_open_any(setting).epoch:08d}"
        assert {current} == {n.split("/")[1] for n in first if n.startswith(("epochs", "keys"))}
    if name == "rewrap_root":
        assert 1 == sum(n.startswith("header/") for n in first)
        with pytest.raises(KeyVaultError):
            setting.open()


@pytest.mark.spec("VLT-13", "VLT-14", "VLT-15", "VLT-17", "VLT-19", "VLT-20")
@pytest.mark.parametrize("lost_as", [OutcomeUnknownError, StorageError])
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_failure_point(name: str, fault: Fault, lost_as: type[StorageError]) -> None:
    """Whichever call fails, however it fails, the vault stays consistent and can go on."""
    for number in count():
        setting = _prepared()
        plan = FailAt(number, fault, lost_as=lost_as)
        vault = setting.open_with(plan)
        outcome = attempt(partial(SCENARIOS[name], vault))

        _check_consistent(setting, name)
        if not plan.fired:
            assert not isinstance(outcome, BwcStoreError | SimulatedCrash)
            _check_finished(setting, name)
            assert number > 3
            break
        if not isinstance(outcome, BwcStoreError | SimulatedCrash):
            # It coped with the fault, so everything must be done.
            _check_consistent_after_success(setting, name)
        SCENARIOS[name](_open_any(setting))
        _check_finished(setting, name)


def _check_consistent_after_success(setting: Setting, name: str) -> None:
    living = {*KEPT, *(PUT if name == "put" else ())}
    living -= {*(DESTROYED if name == "destroy" else ())}
    for place in (0, 1):
        values = _values(_open_any(setting, place=place))
        assert living == {number for number, value in values.items() if value is not None}


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.LOST])
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_process_can_go_on(name: str, fault: Fault) -> None:
    """After a failure the vault that saw it finishes the work when asked again."""
    for number in count():
        setting = _prepared()
        plan = FailAt(number, fault)
        vault = setting.open_with(plan)
        outcome = attempt(partial(SCENARIOS[name], vault))
        if isinstance(outcome, BwcStoreError):
            SCENARIOS[name](vault)
        _check_finished(setting, name)
        if not plan.fired:
            break


def _meetings(work: Work, other: Work) -> Iterator[Setting]:
    """Let another process do `other` at every point of `work`; both must end, or lose a race."""
    for number in count():
        setting = _prepared()
        second = setting.open()
        plan = Meanwhile({number: partial(other, second)})
        vault = setting.open_with(plan)
        for _ in range(3):
            try:
                work(vault)
            except (ConflictError, StorageError):
                continue
            break
        else:
            pytest.fail("no progress")
        if not plan.fired:
            assert number > 3
            return
        yield setting


@pytest.mark.spec("VLT-17")
def test_a_put_during_a_rotation_is_not_lost() -> None:
    """Wherever in a rotation another process puts, its keys are there afterwards."""
    for setting in _meetings(_rotate, _put):
        for place in setting.places:
            ids = [content(number) for number in (*KEPT, *PUT)]
            assert ids == setting.readable(ids, place)


@pytest.mark.spec("VLT-17")
def test_a_rotation_during_a_put_loses_nothing() -> None:
    """Wherever in a put another process rotates, the keys are in the new epoch afterwards."""
    for setting in _meetings(_put, _rotate):
        for place in setting.places:
            ids = [content(number) for number in (*KEPT, *PUT)]
            assert ids == setting.readable(ids, place)
        setting.open().rotate()
        assert ids == setting.readable(ids)


@pytest.mark.spec("VLT-17")
@pytest.mark.parametrize(("work", "other"), [(_rotate, _destroy), (_destroy, _rotate)])
def test_what_is_destroyed_during_a_rotation_stays_destroyed(work: Work, other: Work) -> None:
    """A rotation and a destruction at once: the destroyed are gone, the others are there."""
    living = [content(number) for number in KEPT if number not in DESTROYED]
    everything = [content(number) for number in KEPT]
    for setting in _meetings(work, other):
        assert living == setting.readable(everything)
        setting.open().rotate()
        assert living == setting.readable(everything)


@pytest.mark.spec("VLT-15")
def test_two_destructions_in_one_group_undo_nothing() -> None:
    """Two processes that take different keys out of one group both succeed."""

    def other(vault: DirectoryVault) -> None:
        vault.destroy([content(5), content(21)])

    living = [content(n) for n in KEPT if n not in (*DESTROYED, 5, 21)]
    for setting in _meetings(_destroy, other):
        assert living == setting.readable([content(n) for n in KEPT])


@pytest.mark.spec("VLT-17")
def test_two_rotations_at_once_lose_nothing() -> None:
    """Every key opens, and the next rotation leaves one epoch only."""
    ids = [content(number) for number in KEPT]
    for setting in _meetings(_rotate, _rotate):
        assert ids == setting.readable(ids)
        epoch = setting.open().rotate()
        assert ids == setting.readable(ids)
        assert {f"{epoch:08d}"} == {
            n.split("/")[1] for n in setting.names()[0] if n.startswith(("epochs", "keys"))
        }


@pytest.mark.spec("VLT-14")
def test_of_two_keys_under_one_shared_id_at_most_one_is_kept() -> None:
    """Two processes put different keys as `tag` at once: whoever succeeds, reads its own key."""
    for number in count():
        setting = _prepared()
        second = setting.open()
        outcomes: list[object] = []

        def other(second: DirectoryVault = second, outcomes: list[object] = outcomes) -> None:
            outcomes.append(attempt(lambda: second.put({"tag": key(2)})))

        plan = Meanwhile({number: other})
        vault = setting.open_with(plan)
        mine = attempt(partial(vault.put, {"tag": key(1)}))
        if not plan.fired:
            break
        winners = [k for k, o in ((key(1), mine), (key(2), outcomes[0])) if o is None]
        assert all(isinstance(o, AlreadyExistsError) for o in (mine, outcomes[0]) if o is not None)
        assert len(winners) <= 1
        assert winners == [setting.open().get("tag")][: len(winners)]


@pytest.mark.spec("VLT-15", "VLT-17")
def test_a_late_key_that_is_destroyed_while_it_is_carried_over_stays_destroyed() -> None:
    """One process rotates, a second puts under the old epoch, a third destroys that key at once."""
    ids = [content(number) for number in KEPT]
    for late in count(5):
        fired = False
        for pause in range(1, 25):
            setting = _prepared()
            second, third = setting.open(), setting.open()

            def put(vault: DirectoryVault = second) -> None:
                vault.put(keys(40))

            def destroy(vault: DirectoryVault = third) -> None:
                vault.destroy([content(40)])

            plan = Meanwhile({late: put, late + pause: destroy})
            vault = setting.open_with(plan)
            vault.rotate()
            fired = fired or plan.fired
            if not plan.finished:
                break
            assert ids == setting.readable([*ids, content(40)])
        if not fired:
            return
