"""The rows that the ledger commits to, and the root over them."""

import hashlib
from typing import Any, Final

import pytest

from bwcstore._encoding import Json, encode
from bwcstore._values import STORE_SCOPE, ZERO_DIGEST, ActId, ScopeId
from bwcstore.custody._rows import row_of, state_root
from bwcstore.custody._state import State
from bwcstore.ledger._entry import Decided, Entry, ScopeLink, build_entry, decode_entry
from tests.unit.custody.entries import CHIEF, CLIP, CREATED, ENROLLED, INGESTED, NOW, OTHER

HOLD: Final = "00000000-0000-4000-8000-00000000000a"
ACT: Final = "01900000-0000-7000-8000-00000000000b"
PLAN: Final = "01900000-0000-7000-8000-00000000000c"
AUDIT: Final = "01900000-0000-7000-8000-00000000000d"
FACT: Final = "01900000-0000-7000-8000-00000000000e"


class Made:
    """A state, built of entries whose places are right."""

    def __init__(self) -> None:
        self.state = State()
        self.entries: list[Entry] = []
        self.heads: dict[str, str] = {}
        self._seqs: dict[str, int] = {}
        self._count = 0
        self.add("store.created", CREATED)
        self.add("actor.enrolled", ENROLLED)

    def add(self, kind: str, body: Any, scope: ScopeId = STORE_SCOPE) -> None:
        """One more entry."""
        seq = self._seqs.get(scope.text, -1) + 1
        head = self.state.head(scope)
        made = build_entry(
            index=self._count,
            after=self.entries[-1].hash if self.entries else ZERO_DIGEST,
            at=NOW,
            by=CHIEF,
            kind=kind,
            scope=ScopeLink(
                id=scope,
                seq=seq,
                prev=head.hash if head else ZERO_DIGEST,
                prev_index=head.index if head else self._count,
            ),
            body=body,
            decided=Decided(at=NOW, store_seq=0, store_head=ZERO_DIGEST),
        )
        self.state.fold(made)
        self.entries.append(made)
        self._seqs[scope.text], self.heads[scope.text] = seq, str(made.hash)
        self._count += 1

    def row(self, scope: ScopeId) -> dict[str, Json]:
        """The row of a scope."""
        head = self.state.head(scope)
        assert head is not None
        return row_of(self.state, scope, head)


CLIP_SCOPE: Final = ScopeId.object(CLIP)


@pytest.fixture
def made() -> Made:
    """A store and a recording of which nothing is said."""
    found = Made()
    found.add("object.ingested", INGESTED, CLIP_SCOPE)
    return found


@pytest.mark.spec("STA-1", "STA-2")
def test_the_row_of_a_recording_of_which_nothing_is_said(made: Made) -> None:
    """Every field is there, and says so."""
    expected = {
        "accesses": 0,
        "claims": [{"at": str(NOW), "basis": "ingest"}],
        "derived_from": None,
        "facts": [],
        "head": made.heads[CLIP_SCOPE.text],
        "holds": [],
        "id": f"object/{CLIP}",
        "ingested_at": str(NOW),
        "label": None,
        "releases": 0,
        "requests": [],
        "seq": 0,
        "status": "present",
        "tags": {"file": ["d" * 32], "source": ["c" * 32]},
    }

    assert expected == made.row(CLIP_SCOPE)


@pytest.mark.spec("STA-2")
def test_the_row_of_a_recording_of_which_much_is_said(made: Made) -> None:
    """Facts and claims stand in order, holds, requests and tags ascending, released or not."""
    fact: dict[str, Json] = {"assertion": FACT, "fact": "force", "since": "2026-02-01"}
    made.add("fact.asserted", {**fact, "value": "none", "basis": "report"}, CLIP_SCOPE)
    again = {**fact, "assertion": AUDIT, "supersedes": FACT, "basis": "report"}
    made.add("fact.asserted", again, CLIP_SCOPE)
    made.add("tags.added", {"tags": {"file": ["0" * 32]}}, CLIP_SCOPE)
    claim: dict[str, Json] = {"claim": FACT, "at": "2026-01-01T00:00:00.000000Z"}
    made.add("collected.claimed", {**claim, "basis": "correction"}, CLIP_SCOPE)
    for hold in (HOLD, FACT):
        made.add("hold.bound", {"hold": hold}, CLIP_SCOPE)
    asked: dict[str, Json] = {"kind": "public", "received": "2026-03-01", "answers": []}
    for act in (PLAN, ACT):
        made.add("request.bound", {**asked, "request": act}, CLIP_SCOPE)
    answer: dict[str, Json] = {"request": PLAN, "outcome": "denied", "on": "2026-03-02"}
    made.add("request.answered", answer, CLIP_SCOPE)
    made.add("object.accessed", {"mode": "stream", "purpose": "records"}, CLIP_SCOPE)

    row = made.row(CLIP_SCOPE)

    assert [
        {
            "assertion": FACT, "fact": "force", "since": "2026-02-01", "supersedes": None,
            "value": "none",
        },
        {
            "assertion": AUDIT, "fact": "force", "since": "2026-02-01", "supersedes": FACT,
            "value": None,
        },
    ] == row["facts"]  # fmt: skip
    claims = [{"at": str(NOW), "basis": "ingest"}, {"at": claim["at"], "basis": "correction"}]
    assert claims == row["claims"]
    assert [HOLD, FACT] == row["holds"]
    assert [{"outcome": None, "request": ACT}, {"outcome": "denied", "request": PLAN}] == row[
        "requests"
    ]
    assert {"file": ["0" * 32, "d" * 32], "source": ["c" * 32]} == row["tags"]
    assert (1, 10) == (row["accesses"], row["seq"])


@pytest.mark.spec("STA-2")
def test_the_status_of_a_row_follows_its_destruction(made: Made) -> None:
    """Begun, then complete."""
    digest = "a" * 64
    why: dict[str, Json] = {
        "plan": PLAN, "plan_sha256": digest, "as_of": "2026-03-01", "pack_sha256": digest,
        "agency_sha256": digest, "last_protected": "2026-02-01", "disposal": "2026-02-02",
        "floors": [], "authority": [], "segments": 2,
    }  # fmt: skip
    made.add("purge.started", why, CLIP_SCOPE)

    assert "purging" == made.row(CLIP_SCOPE)["status"]


@pytest.mark.spec("STA-4")
def test_the_rows_of_store_and_acts(made: Made) -> None:
    """Holds that stand; what an act is, what became of it, who approved it."""
    placed: dict[str, Json] = {"kind": "litigation", "authority": "court", "objects_count": 0}
    for hold in (HOLD, FACT, ACT):
        made.add("hold.placed", {**placed, "hold": hold})
    made.add("hold.released", {"hold": FACT})
    received: dict[str, Json] = {"kind": "public", "requester": "public", "received": "2026-03-01"}
    request, plan = ScopeId.act(ActId(ACT)), ScopeId.act(ActId(PLAN))
    made.add("request.received", received, request)
    digest = "a" * 64
    proposed: dict[str, Json] = {
        "plan_sha256": digest, "plan_annex": digest, "as_of": "2026-03-01", "objects_count": 1,
        "brakes": [],
    }  # fmt: skip
    made.add("plan.proposed", proposed, plan)
    made.add("plan.approved", {"plan_sha256": digest}, plan)
    audit = ScopeId.act(ActId(AUDIT))
    made.add("audit.started", {}, audit)

    store = made.row(STORE_SCOPE)

    assert {"head": made.heads["store"], "holds": [HOLD, ACT], "id": "store", "seq": 5} == store
    assert ("request", None, 0) == _act(made, request)
    assert ("plan", None, 1) == _act(made, plan)
    assert ("other", None, 0) == _act(made, audit)
    made.add("request.closed", {"outcome": "granted"}, request)
    made.add("plan.withdrawn", {}, plan)

    assert ("request", "granted", 0) == _act(made, request)
    assert ("plan", "withdrawn", 1) == _act(made, plan)


def _act(made: Made, scope: ScopeId) -> tuple[Json, Json, Json]:
    row = made.row(scope)

    assert {"approvals", "head", "id", "kind", "outcome", "seq"} == set(row)
    return row["kind"], row["outcome"], row["approvals"]


@pytest.mark.spec("STA-1", "STA-3")
def test_the_root_is_over_the_rows_in_order_of_their_ids(made: Made) -> None:
    """RFC 6962 over canonical JSON; one row for each scope."""
    made.add("object.ingested", INGESTED, ScopeId.object(OTHER))
    scopes = sorted(made.heads)
    leaves = [hashlib.sha256(b"\0" + encode(made.row(ScopeId(text)))).digest() for text in scopes]
    pair = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    expected = hashlib.sha256(b"\1" + pair + leaves[2]).hexdigest()

    rows, root = state_root(made.state)

    assert [f"object/{CLIP}", f"object/{OTHER}", "store"] == scopes
    assert (3, expected) == (rows, str(root))


def test_of_nothing_there_are_no_rows() -> None:
    """The root of no leaves."""
    assert (0, hashlib.sha256(b"").hexdigest()) == tuple(map(_plain, state_root(State())))


def _plain(value: object) -> object:
    return value if isinstance(value, int) else str(value)


@pytest.mark.spec("STA-6")
def test_rows_are_made_of_leaves_alone(made: Made) -> None:
    """Whoever has the leaves as they are stored comes to the same root."""
    made.add("tags.added", {"tags": {"file": ["0" * 32]}}, CLIP_SCOPE)
    again = State()
    for one in made.entries:
        again.fold(decode_entry(one.raw))

    assert state_root(made.state) == state_root(again)
    assert state_root(made.state) != state_root(State())
