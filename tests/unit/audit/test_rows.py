"""What entries commit to of the state, computed a second time."""

import pytest

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ScopeId
from bwcstore.custody._rows import state_root
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind
from bwcstore.ledger._batch import decode_batch
from tests.unit.audit.purges import REQUEST, Town, purged, uuid
from tests.unit.audit.stores import bytes_of, codes, found_as

BATCH = "ledger/0/batch/"


def state_of(town: Town, size: int) -> State:
    """What the first entries imply, as custody folds them."""
    state = State()
    for name in sorted(one for one in town.contents if one.startswith(BATCH)):
        for entry in decode_batch(town.contents[name], what=name).entries:
            if entry.index < size:
                state.fold(entry)
    return state


def commit(town: Town, *, behind: int = 0, **more: Json) -> None:
    """Commit to the state before the last `behind` entries."""
    size = town.log.size - behind
    rows, root = state_root(state_of(town, size))
    body: dict[str, Json] = {"size": size, "rows": rows, "root": str(root)}
    town.put(STORE_SCOPE, "state.committed", body | more)


def busy() -> Town:
    """A town in which every sort of row has something to say."""
    town = purged()
    town.clip = town.ingest(bytes_of(40))
    town.put(town.scope, "tags.added", {"tags": {"case": ["c" * 32], "officer": ["0" * 32]}})
    town.assert_fact("force", "some")
    town.hold()
    town.bind()
    town.receive()
    town.bind_request()
    town.answer("denied")
    town.put(ScopeId.act(REQUEST), "request.closed", {"outcome": "denied"})
    claim: dict[str, Json] = {"claim": uuid(4), "at": "2026-01-01T00:00:00.000000Z"}
    town.put(town.scope, "collected.claimed", {**claim, "basis": "dock"})
    release: dict[str, Json] = {
        "release": uuid(5), "right": "subject", "recipient": "subject", "mode": "copy",
        "rule": "view", "redactions": [],
    }  # fmt: skip
    town.put(town.scope, "release.made", release)
    return town


@pytest.mark.spec("AUD-35")
def test_both_code_paths_make_the_same_rows() -> None:
    """What custody commits to is what the audit computes, of now and of before."""
    town = busy()
    commit(town)
    town.release_hold()
    commit(town)
    town.ingest(bytes_of(5))
    commit(town, behind=2)
    commit(town, behind=5)
    town.close()

    assert set() == codes(town.audit())


@pytest.mark.spec("AUD-35")
@pytest.mark.parametrize("said", [{"root": "1" * 64}, {"rows": 1}, {"size": 1_000}])
def test_a_commitment_to_another_state(said: dict[str, Json]) -> None:
    """Another root, another number of rows and a state that never was are each found."""
    for behind in (0, 3):
        town = busy()
        commit(town, behind=behind, **said)
        town.close()

        (finding,) = town.audit().errors

        assert (ErrorKind.STATE_ROOT, town.log.size - 1) == (finding.code, finding.entry)


@pytest.mark.spec("AUD-35")
def test_behind_a_gap_states_are_not_compared() -> None:
    """Where entries are missing nobody knows the state, and nothing is said of it."""
    town = busy()
    commit(town, root="1" * 64)
    commit(town, behind=3, root="1" * 64)
    town.close()
    del town.contents[f"{BATCH}000000000004"]

    assert [] == found_as(town.audit(), ErrorKind.STATE_ROOT)
