"""Made-up ledgers: entries of every sort that a catalog shows, and the state that they imply."""

import random
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from bwcstore._encoding import Json
from bwcstore._values import STORE_SCOPE, ActId, Instant, ObjectId, ScopeId
from bwcstore.catalog._forward import Tail, forward, no_tables
from bwcstore.catalog._tables import Tables
from bwcstore.custody._state import State
from bwcstore.ledger._entry import Entry
from tests.unit.custody.entries import CREATED, ENROLLED, INGESTED, NOW, entry
from tests.unit.statute.small import small_law

DAY: Final = 86_400.0
CASES: Final = tuple(f"{number:032x}" for number in range(1, 5))
_FACTS: Final[Mapping[str, tuple[Json, ...]]] = {
    "force": ("none", "none", "none", "some", "deadly"),
    "investigation": ("none", "none", "active", "inactive"),
    "somebody_recorded": (True, False),
    "minor_recorded": (True, False, False),
    "complaint_on": ("2026-02-01", "2026-03-15", "2031-01-01"),
    "closed_on": ("2026-03-02",),
    "appointment_on": ("2026-05-01", "2027-01-01"),
    "labels": (["training"], ["evidence"], ["evidence", "training"]),
    "unheard_of": (True,),
    "shape": ("round",),
}


class Ledger:
    """Entries that follow from a seed, and the state that all of them imply."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.entries: list[Entry] = []
        self.state = State()
        self.at = NOW
        self._seqs: dict[str, int] = {}
        self._said: dict[ObjectId, list[tuple[str, str]]] = {}
        self._holds: dict[str, bool] = {}
        self._opened: list[tuple[ObjectId, int]] = []
        self.add("store.created", CREATED)
        self.add("actor.enrolled", ENROLLED)

    def add(self, kind: str, body: Mapping[str, Json], scope: ScopeId = STORE_SCOPE) -> Entry:
        """One more entry, some time after the one before."""
        seq = self._seqs.get(scope.text, -1) + 1
        self._seqs[scope.text] = seq
        self.at = self.at.plus_seconds(self.chance.choice((0.0, 5.0, 3_000.0)))
        made = entry(kind, body, scope=scope, seq=seq, index=len(self.entries), at=self.at)
        self.state.fold(made)
        self.entries.append(made)
        return made

    def name(self) -> str:
        """An id that was never given before."""
        return f"{self.chance.getrandbits(32):08x}-0000-4000-8000-{len(self.entries):012x}"

    def ingest(self) -> ObjectId:
        """One more recording."""
        object_id = ObjectId(self.name())
        ago = self.chance.choice((0, 1, 20, 200)) * DAY
        body: dict[str, Json] = {
            **INGESTED,
            "tags": {"case": self.chance.sample(CASES, 1), "file": [self.name().replace("-", "")]},
            "collected": [
                {"at": str(self.at.plus_seconds(-ago)), "basis": "camera-clock"},
                {"at": str(self.at), "basis": "ingest"},
            ],
        }
        if self.chance.random() < 0.5:
            body["label"] = self.chance.choice(("training", "evidence", "evidence", "strange"))
        self.add("object.ingested", body, ScopeId.object(object_id))
        self._said[object_id] = []
        if self.chance.random() < 0.7:
            for fact in ("force", "investigation", "minor_recorded"):
                self.assert_fact(object_id, fact, _FACTS[fact][0])
        return object_id

    def assert_fact(
        self,
        object_id: ObjectId,
        fact: str,
        value: Json,
        *,
        supersedes: str | None = None,
        since: str | None = None,
    ) -> None:
        """Say a fact of a recording."""
        body: dict[str, Json] = {
            "assertion": self.name(),
            "fact": fact,
            "since": since or str(self.at)[:10],
            "basis": "report",
        }
        if value is not None:
            body["value"] = value
        if supersedes is not None:
            body["supersedes"] = supersedes
        self._said[object_id].append((str(body["assertion"]), fact))
        self.add("fact.asserted", body, ScopeId.object(object_id))

    def step(self) -> None:
        """Something happens."""
        present = [one.object_id for one in self.state.objects() if one.status == "present"]
        if len(present) < 3 or self.chance.random() < 0.2:
            self.ingest()
            return
        what = self.chance.choice((
            self._fact, self._fact, self._supersede, self._tag, self._claim, self._hold,
            self._query, self._release, self._request, self._answer, self._access, self._end,
            self._purge, self._derive, self._give, self._refuse,
        ))  # fmt: skip
        what(self.chance.choice(present))

    def _fact(self, object_id: ObjectId) -> None:
        fact = self.chance.choice(list(_FACTS))
        since = self.chance.choice((None, None, "2026-02-20", "2026-03-01", "2027-01-01"))
        self.assert_fact(object_id, fact, self.chance.choice(_FACTS[fact]), since=since)

    def _supersede(self, object_id: ObjectId) -> None:
        found = self.state.object(object_id)
        said = list(self._said[object_id])
        if found is not None and found.label is not None:
            said.append(("00000000-0000-8000-8000-000000000000", "labels"))
        if said:
            name, fact = self.chance.choice(said)
            value = self.chance.choice((*_FACTS[fact], None))
            self.assert_fact(object_id, fact, value, supersedes=name)

    def _tag(self, object_id: ObjectId) -> None:
        tags: dict[str, Json] = {"case": [self.chance.choice(CASES)]}
        self.add("tags.added", {"tags": tags}, ScopeId.object(object_id))

    def _claim(self, object_id: ObjectId) -> None:
        ago = self.chance.choice((0, 40, 300)) * DAY
        body: dict[str, Json] = {
            "claim": self.name(),
            "at": str(self.at.plus_seconds(-ago)),
            "basis": "correction",
        }
        self.add("collected.claimed", body, ScopeId.object(object_id))

    def _placed(self, more: Mapping[str, Json]) -> str:
        hold = self.name()
        kind = self.chance.choice(("litigation", "evidentiary"))
        body: dict[str, Json] = {"hold": hold, "kind": kind, "authority": "agency", **more}
        self.add("hold.placed", body)
        self._holds[hold] = True
        return hold

    def _hold(self, object_id: ObjectId) -> None:
        hold = self._placed({"objects_count": 1})
        self.add("hold.bound", {"hold": hold}, ScopeId.object(object_id))

    def _query(self, _: ObjectId) -> None:
        case: Json = {"tag": {"kind": "case", "value": self.chance.choice(CASES)}}
        label: Json = {"label": "training"}
        days: Json = {"collected": {"from": "2026-02-25", "until": None}}
        queries: list[Json] = [
            case,
            {"all": [case, label]},
            {"any": [{"all": [label, days]}, case]},
            {"all": [days]},
        ]
        hold = self._placed({"objects_count": 0, "query": self.chance.choice(queries)})
        if self.chance.random() < 0.7:
            self.add("hold.released", {"hold": hold})
            self._holds[hold] = False

    def _release(self, _: ObjectId) -> None:
        standing = [hold for hold, stands in self._holds.items() if stands]
        if standing:
            hold = self.chance.choice(standing)
            self._holds[hold] = False
            self.add("hold.released", {"hold": hold})

    def _request(self, object_id: ObjectId) -> None:
        act = self.name()
        kind = self.chance.choice(("subject-copy", "subject-retain", "public"))
        day = str(self.at)[:10]
        received: dict[str, Json] = {"kind": kind, "requester": "subject", "received": day}
        self.add("request.received", received, ScopeId.act(ActId(act)))
        body: dict[str, Json] = {"request": act, "kind": kind, "received": day, "answers": []}
        if kind == "subject-retain":
            body["days"] = 30
        self.add("request.bound", body, ScopeId.object(object_id))

    def _answer(self, _: ObjectId) -> None:
        waiting = [
            (one.object_id, name)
            for one in self.state.objects()
            for name, bound in one.keeping.requests.items()
            if bound.outcome is None
        ]
        if waiting:
            object_id, act = self.chance.choice(waiting)
            outcome = self.chance.choice(("granted", "denied", "withdrawn"))
            day = str(self.at)[:10]
            body: dict[str, Json] = {"request": act.text, "outcome": outcome, "on": day}
            self.add("request.answered", body, ScopeId.object(object_id))
            if self.chance.random() < 0.5:
                self.add("request.closed", {"outcome": outcome}, ScopeId.act(act))

    def _access(self, object_id: ObjectId) -> None:
        body: dict[str, Json] = {"mode": "stream", "purpose": "records"}
        made = self.add("object.accessed", body, ScopeId.object(object_id))
        self._opened.append((object_id, made.scope.seq))

    def _end(self, _: ObjectId) -> None:
        if self._opened:
            object_id, seq = self._opened.pop(self.chance.randrange(len(self._opened)))
            body: dict[str, Json] = {
                "accessed_seq": seq,
                "bytes_released": self.chance.randrange(100),
                "outcome": "closed",
            }
            self.add("access.ended", body, ScopeId.object(object_id))

    def _refuse(self, object_id: ObjectId) -> None:
        body: dict[str, Json] = {"verb": "read", "code": "role-missing", "count": 2}
        self.add("access.refused", body, ScopeId.object(object_id))

    def _purge(self, object_id: ObjectId) -> None:
        plan = self.name()
        digest = "a" * 64
        proposed: dict[str, Json] = {
            "plan_sha256": digest,
            "plan_annex": digest,
            "as_of": "2026-03-01",
            "objects_count": 1,
            "brakes": [],
        }
        self.add("plan.proposed", proposed, ScopeId.act(ActId(plan)))
        why: dict[str, Json] = {
            "plan": plan,
            "plan_sha256": digest,
            "as_of": "2026-03-01",
            "pack_sha256": digest,
            "agency_sha256": digest,
            "last_protected": "2026-02-01",
            "disposal": "2026-02-02",
            "floors": [],
            "authority": [],
            "segments": 2,
        }
        self.add("purge.started", why, ScopeId.object(object_id))
        if self.chance.random() < 0.6:
            done: dict[str, Json] = {
                "plan": plan,
                "epoch": 1,
                "deleted": 3,
                "probed": 3,
                "replicas": ["0"],
                "outcomes": [],
            }
            self.add("purge.completed", done, ScopeId.object(object_id))

    def _derive(self, object_id: ObjectId) -> None:
        derivative = self.ingest()
        self.add("derivative.made", {"derivative": derivative.text}, ScopeId.object(object_id))
        body: dict[str, Json] = {
            "parent": object_id.text,
            "parent_manifest_sha256": "a" * 64,
            "operation": "redaction",
            "tool": "blur",
            "tool_version": "1",
            "redactions": [],
            "regions_count": 0,
            "regions_sha256": "a" * 64,
        }
        self.add("derived.from", body, ScopeId.object(derivative))

    def _give(self, object_id: ObjectId) -> None:
        body: dict[str, Json] = {
            "release": self.name(),
            "right": "subject",
            "recipient": "subject",
            "mode": "copy",
            "rule": "view",
            "redactions": [],
        }
        self.add("release.made", body, ScopeId.object(object_id))


def ledger(seed: int, steps: int = 120) -> Ledger:
    """A ledger in which so many things happened."""
    made = Ledger(seed)
    for _ in range(steps):
        made.step()
    return made


def state_of(entries: Iterable[Entry]) -> State:
    """What entries imply."""
    state = State()
    for one in entries:
        state.fold(one)
    return state


def tables_of(made: Ledger, *, until: int | None = None, base: Tables | None = None) -> Tables:
    """The tables of the entries before `until`, made anew or from those of fewer entries."""
    entries = made.entries[:until]
    before = base or no_tables()
    tail = Tail.of(entries[before.position.size :])
    return forward(before, state_of(entries), tail, generation=0)


def lines(tables: Tables) -> dict[str, list[Any]]:
    """Every row of every table as it is shown."""
    return {name: tables[name].to_pylist() for name in tables.names}


def moment(days: int) -> Instant:
    """Noon, so many days after the ledgers begin."""
    return NOW.plus_seconds(days * DAY)


def law(at: Instant, *changes: tuple[str, str]) -> Any:
    """The small law at a moment, for the agency with some text replaced."""
    return small_law(date.fromisoformat(str(at)[:10]), *changes)
