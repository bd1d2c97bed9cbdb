"""Stores in which recordings are destroyed under a small law, entry by entry."""

import hashlib
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from bwcstore import _layout
from bwcstore._encoding import Json, encode
from bwcstore._ports import ONLY_VERSION
from bwcstore._values import STORE_SCOPE, ActId, ActorId, Digest, ObjectId, ScopeId
from bwcstore.objects._manifest import content_key_id
from bwcstore.statute._civil import local_date
from bwcstore.statute._files._agency_file import read_agency
from bwcstore.statute._judgements import Retention
from bwcstore.statute._retention import retention
from tests.unit.audit.stores import BOSS, STORE, Shop, bytes_of, manifest
from tests.unit.statute.small import AGENCY, PACK, facts, small_law, small_pack

ANN: Final = ActorId("00000000-0000-4000-8000-000000000a22")
BOB: Final = ActorId("00000000-0000-4000-8000-000000000b0b")
PLAN: Final = ActId("00000000-0000-7000-8000-0000000091a2")
REQUEST: Final = ActId("00000000-0000-7000-8000-000000004e90")
HOLD: Final = "00000000-0000-4000-8000-00000000401d"
DAY: Final = 86_400.0
ZONE: Final = ZoneInfo("America/Chicago")
POLICY: Final[Mapping[str, Json]] = {
    "approvals": 1,
    "large_objects": 100,
    "brake_multiple": 3,
    "brake_objects": 25,
    "brake_days": 14,
    "waiting_hours": 24,
    "plan_days": 30,
    "clock_hours": 100_000,
    "dual_release": ["litigation"],
    "narrowed": [],
}


def uuid(number: int) -> str:
    """A UUID for an assertion or a consent."""
    return f"00000000-0000-4000-8000-{number:012x}"


class Town(Shop):
    """A store under the small law, with one recording that is due after 91 days.

    Attributes:
        clip: the recording.
        made: when it was ingested.
        plan_text: the text of the plan that was proposed last.
    """

    def __init__(self, *, policy: Mapping[str, Json] = POLICY, law: bool = True) -> None:
        super().__init__()
        self.plan_text = b""
        self.enrol(ANN, "records")
        self.enrol(BOB, "designee")
        if law:
            self.adopt()
        if policy:
            self.put(STORE_SCOPE, "policy.set", dict(policy))
        self.clip = self.ingest(bytes_of(100))
        self.made = self.world.clock.now()
        self._said = 0
        self.assert_fact("force", "none")
        self.assert_fact("investigation", "none")

    def annex(self, data: bytes) -> str:
        """Store an annex; its digest."""
        digest = hashlib.sha256(data).hexdigest()
        self.world.storage.contents[_layout.annex(Digest.parse(digest))] = data
        return digest

    def adopt(
        self, changes: Mapping[str, Json] | None = None, *, agency_text: str = AGENCY
    ) -> None:
        """Adopt the small law."""
        agency = read_agency(agency_text, name="agency", pack=small_pack())
        body: dict[str, Json] = {
            "pack": small_pack().id,
            "pack_sha256": str(small_pack().digest),
            "pack_annex": self.annex(PACK.encode()),
            "agency": agency.id,
            "agency_sha256": str(agency.digest),
            "agency_annex": self.annex(agency_text.encode()),
            "zone": agency.zone,
        }
        self.put(STORE_SCOPE, "law.adopted", body | dict(changes or {}))

    @property
    def scope(self) -> ScopeId:
        """The scope of the recording."""
        return ScopeId.object(self.clip)

    @property
    def today(self) -> str:
        """The day in the agency's zone."""
        return str(local_date(self.world.clock.now(), ZONE))

    def assert_fact(self, fact: str, value: Json, *, by: ActorId = BOSS, **more: Json) -> str:
        """Say a fact of the recording."""
        self._said += 1
        body: dict[str, Json] = {
            "assertion": uuid(self._said),
            "fact": fact,
            "value": value,
            "since": self.today,
            "basis": "report",
        }
        self.put(self.scope, "fact.asserted", body | more, by=by)
        return uuid(self._said)

    def hold(self, kind: str = "litigation", *, query: Json = None, objects: int = 0) -> None:
        """Place a hold, by query where one is given."""
        body: dict[str, Json] = {
            "hold": HOLD, "kind": kind, "authority": "court", "objects_count": objects,
        }  # fmt: skip
        self.put(STORE_SCOPE, "hold.placed", body if query is None else {**body, "query": query})

    def release_hold(self) -> None:
        """Release the hold, two actors agreeing."""
        self.put(STORE_SCOPE, "hold.release_proposed", {"hold": HOLD}, by=ANN)
        self.put(STORE_SCOPE, "hold.released", {"hold": HOLD})

    def bind(self) -> None:
        """Let the hold bind the recording."""
        self.put(self.scope, "hold.bound", {"hold": HOLD})

    def receive(self, kind: str = "subject-copy") -> None:
        """Receive a request about the recording."""
        body: dict[str, Json] = {"kind": kind, "requester": "subject", "received": self.today}
        self.put(ScopeId.act(REQUEST), "request.received", body)

    def bind_request(self, kind: str = "subject-copy") -> None:
        """Let the request be about the recording."""
        body: dict[str, Json] = {"request": REQUEST.text, "kind": kind, "received": self.today}
        self.put(self.scope, "request.bound", {**body, "answers": []})

    def answer(self, outcome: str = "granted") -> None:
        """Answer the request for the recording."""
        body: dict[str, Json] = {"request": REQUEST.text, "outcome": outcome, "on": self.today}
        self.put(self.scope, "request.answered", body)

    def manifest_digest(self, object_id: ObjectId) -> str:
        """The digest of an object's manifest."""
        return manifest(self, object_id).rpartition("-")[2]

    def wait(self, days: float = 100) -> None:
        """Let time pass."""
        self.world.clock.advance(days * DAY)

    def judged(self) -> Retention:
        """What the small law says of the recording today, when nothing extends its time."""
        now = self.world.clock.now()
        day = local_date(now, ZONE)
        known = facts(
            {
                "collected_at": self.made,
                "force": "none",
                "investigation": "none",
            }
        )
        return retention(known, law=small_law(day), as_of=day)

    def propose(
        self, said: Mapping[str, Json] | None = None, *, text: Mapping[str, Json] | None = None
    ) -> None:
        """Propose to destroy the recording."""
        plan: dict[str, Json] = {
            "agency_sha256": "0" * 64,
            "as_of": self.today,
            "format": "bwcstore-plan/1",
            "objects": [
                {
                    "authority": ["standard"],
                    "disposal": self.today,
                    "last_protected": self.today,
                    "object": str(self.clip),
                }
            ],
            "pack_sha256": "0" * 64,
            "store": str(STORE),
        }
        self.plan_text = encode(plan | dict(text or {}))
        digest = self.annex(self.plan_text)
        body: dict[str, Json] = {
            "plan_sha256": digest,
            "plan_annex": digest,
            "as_of": self.today,
            "objects_count": 1,
            "brakes": [],
        }
        self.put(ScopeId.act(PLAN), "plan.proposed", body | dict(said or {}))

    def approve(self, by: ActorId = ANN, digest: str | None = None) -> int:
        """Approve the plan; the index of the entry."""
        digest = digest or hashlib.sha256(self.plan_text).hexdigest()
        body: dict[str, Json] = {"plan_sha256": digest}
        return self.put(ScopeId.act(PLAN), "plan.approved", body, by=by).entries[0].index

    def start(self, approvals: list[int], **more: Json) -> int:
        """Begin the destruction; the index of the entry."""
        found = self.judged()
        agency = read_agency(AGENCY, name="agency", pack=small_pack())
        body: dict[str, Json] = {
            "plan": PLAN.text,
            "plan_sha256": hashlib.sha256(self.plan_text).hexdigest(),
            "approvals": [*approvals],
            "as_of": self.today,
            "pack_sha256": str(small_pack().digest),
            "agency_sha256": str(agency.digest),
            "last_protected": str(found.last_protected),
            "disposal": str(found.disposal),
            "floors": [],
            "authority": [{"rule": one.rule, "cite": one.cite} for one in found.authority],
            "libraries": [{"name": "holidays", "version": "0.1"}],
            "segments": 1,
        }
        return self.put(self.scope, "purge.started", body | more, by=BOB).entries[0].index

    def destroy(self) -> None:
        """Destroy key and bytes of the recording."""
        self.world.keys.destroy([content_key_id(self.clip)])
        self.world.backend.delete_version(_layout.segment(self.clip, 0), ONLY_VERSION)

    def complete(self, **more: Json) -> int:
        """Say that it is destroyed; the index of the entry."""
        body: dict[str, Json] = {
            "plan": PLAN.text,
            "versions": 1,
            "bytes": 132,
            "outcomes": [],
            "epoch": 0,
            "replicas": ["memory-a"],
        }
        return self.put(self.scope, "purge.completed", body | more, by=BOB).entries[0].index


def purged() -> Town:
    """A town whose recording was lawfully destroyed."""
    town = Town()
    town.wait()
    town.propose()
    town.start([town.approve()])
    town.destroy()
    town.complete()
    return town
