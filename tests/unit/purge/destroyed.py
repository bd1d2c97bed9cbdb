"""A store in which a recording was destroyed, written entry by entry: every way it can be."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

import attrs

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._ports import Signer
from bwcstore._session._annexes import put_annex
from bwcstore._session._begin import Settings
from bwcstore._store import Store
from bwcstore._values import (
    STORE_SCOPE,
    ActId,
    ActorId,
    Digest,
    Instant,
    ObjectId,
    ScopeId,
    StoreId,
)
from bwcstore.custody._authority import Role
from bwcstore.custody._state import State
from bwcstore.ledger._draft import Decision, Draft
from bwcstore.ledger._entry import Entry
from bwcstore.ledger._note import VerifierKey
from bwcstore.objects._segment import Geometry
from bwcstore.purge._certificate import VerifiedCertificate, verify_certificate
from bwcstore.purge._outcomes import VersionOutcome, encode_outcomes
from bwcstore.purge._plan_text import PlanItem, PlanText
from bwcstore.storage._signer import StoredSigner
from bwcstore.testing import World

STORE = StoreId("0190163d-8694-4000-8000-00000000ce27")
CLIP = ObjectId("0190163d-8694-7000-8000-0000000000c1")
OTHER = ObjectId("0190163d-8694-7000-8000-0000000000c2")
PLAN = ActId("0190163d-8694-7000-8000-0000000000d1")
REQUEST = ActId("0190163d-8694-7000-8000-0000000000e1")
HOLD = "0190163d-8694-4000-8000-0000000000f1"
QUERY = "0190163d-8694-4000-8000-0000000000f2"
CASE = "c" * 32
PACK, AGENCY = "1a" * 32, "2b" * 32
DAY = 86_400
ORIGIN = "bwc.example.gov/log"


@attrs.define
class Ledger:
    """A store whose entries are written one by one, by actors of its own."""

    world: World
    store: Store
    actors: dict[str, tuple[ActorId, Signer | None]] = attrs.field(factory=dict)

    @property
    def key(self) -> VerifierKey:
        """What checks its certificates."""
        return VerifierKey.parse(self.store.verifier_key)

    def write(
        self,
        kind: str,
        body: Mapping[str, Json],
        *,
        by: str = "records",
        scope: ScopeId = STORE_SCOPE,
        asserted: bool = False,
    ) -> Entry:
        """Append one entry, a minute after the one before."""
        self.world.clock.advance(60)
        actor, signer = self.actors[by]

        def decide(_: State, __: Instant) -> Decision:
            draft = Draft(
                scope=scope,
                kind=kind,
                by=actor,
                body=body,
                signer=None if asserted else signer,
            )
            return Decision(drafts=(draft,))

        return self.store._services.append(decide).entries[0]

    def enrol(self, login: str, role: Role, *, number: int, signing: bool = True) -> None:
        """Enrol an actor, with a key of its own or without."""
        signer = StoredSigner(bytes([number]) * 32) if signing else None
        with self.store.session(actor="chief", reason="new staff") as session:
            actor = session.enrol(
                login, roles=[role], public_key=signer.public_key if signer else None
            )
        self.actors[login] = actor, signer

    def certificate(self, object_id: ObjectId = CLIP) -> bytes:
        """The certificate of a recording."""
        return self.store.certificate(object_id)

    def verify(self, raw: bytes | None = None) -> VerifiedCertificate:
        """Check its certificate with everything that the agency would hand out."""
        return verify_certificate(
            self.certificate() if raw is None else raw,
            key=self.key,
            expect_store=STORE,
            history=self.store.store_history(),
            plan=plan_text(),
        )


@attrs.frozen(kw_only=True)
class Story:
    """How a destruction went; each attribute is one thing that may be otherwise.

    Attributes:
        signing: people sign what they do.
        segments: how many segments there were.
        hold: a hold bound the recording and was released.
        query: a hold selected it by its case: `released` or `standing`.
        request: a request was about it and was answered.
        generation: the ledger began a new generation before the plan.
        epochs: how many key epochs ended afterwards.
        root: what was attested of the root key; nothing was attested when None.
        backups: which backups were declared.
        kept: what was attested of those backups.
    """

    signing: bool = True
    segments: int = 2
    hold: bool = True
    query: str | None = "released"
    request: bool = True
    generation: bool = False
    epochs: int = 1
    root: str | None = "replaced"
    backups: Mapping[str, str] = {"tape": "both", "mirror": "evidence"}
    kept: Mapping[str, str] = {"tape": "destroyed", "mirror": "kept"}


def begin(signed_kinds: frozenset[str] = frozenset(), *, seed: int = 7) -> Ledger:
    """A new store with a chief."""
    world = World(seed=seed)
    store = Store.create_on(
        world.backend,
        world.vault,
        store_id=STORE,
        actor="chief",
        environment=world.environment,
        settings=Settings(
            origin=ORIGIN,
            geometry=Geometry(chunk_bytes=1 << 16, segment_chunks=2),
            signed_kinds=signed_kinds,
        ),
    )
    return Ledger(world, store)


def tell(
    story: Story | None = None,
    *,
    stop: str | None = None,
    ledger: Ledger | None = None,
    seed: int = 7,
) -> Ledger:
    """Write a story into a new store: the whole, or up to the plan (`stop="plan"`)."""
    how = story or Story()
    ledger = ledger or begin(seed=seed)
    for number, login in enumerate(("records", "deputy", "runner"), 1):
        ledger.enrol(login, Role.RECORDS, number=number, signing=how.signing)
    ledger.enrol("designee", Role.DESIGNEE, number=4, signing=how.signing)
    law = {
        "pack": "xx", "pack_sha256": PACK, "pack_annex": PACK, "agency": "town",
        "agency_sha256": AGENCY, "agency_annex": AGENCY, "zone": "UTC",
    }  # fmt: skip
    ledger.write("law.adopted", law, by="designee")
    if how.backups:
        ledger.write("backups.declared", declared(how.backups), by="designee")
    ingest(ledger, segments=how.segments)
    _hold(ledger, how)
    ledger.world.clock.advance(100 * DAY)
    if how.generation:
        with ledger.store.session(actor="chief", reason="yearly") as session:
            session.close_generation()
    if stop is None:
        propose(ledger)
        destroy(ledger, how)
        _end_epochs(ledger, how)
    return ledger


def ingest(ledger: Ledger, *, segments: int = 2, object_id: ObjectId = CLIP) -> Entry:
    """Ingest a recording of the case, without its bytes."""
    now = str(ledger.world.clock.now())
    return ledger.write(
        "object.ingested",
        {
            "manifest_sha256": "3c" * 32,
            "header": "00" * 74,
            "segment_count": segments,
            "ciphertext_root": "4d" * 32,
            "tags": {"case": [CASE], "file": ["e" * 32]},
            "collected": [{"at": now, "basis": "ingest"}],
        },
        scope=ScopeId.object(object_id),
    )


def placed(hold: str, kind: str, *, objects_count: int = 0) -> dict[str, Json]:
    """The open fields of the entry by which a hold is placed."""
    return {"hold": hold, "kind": kind, "authority": "court", "objects_count": objects_count}


def _hold(ledger: Ledger, how: Story) -> None:
    clip = ScopeId.object(CLIP)
    if how.hold:
        ledger.write("hold.placed", placed(HOLD, "litigation", objects_count=1))
        ledger.write("hold.bound", {"hold": HOLD}, scope=clip)
    if how.query:
        term: Json = {"tag": {"kind": "case", "value": CASE}}
        ledger.write("hold.placed", {**placed(QUERY, "evidentiary"), "query": term})
    if how.request:
        bound = {"request": str(REQUEST), "kind": "subject-copy", "received": "2026-01-02"}
        ledger.write("request.bound", {**bound, "answers": []}, scope=clip)
        answered = {"request": str(REQUEST), "outcome": "granted", "on": "2026-01-03"}
        ledger.write("request.answered", answered, scope=clip)
    if how.hold:
        ledger.write("hold.released", {"hold": HOLD}, by="deputy")
    if how.query == "released":
        ledger.write("hold.released", {"hold": QUERY}, by="deputy")


def plan_text(objects: Sequence[ObjectId] = (CLIP, OTHER)) -> bytes:
    """The text of the plan."""
    return PlanText(
        store=STORE,
        as_of=date(2026, 4, 12),
        pack_sha256=Digest.parse(PACK),
        agency_sha256=Digest.parse(AGENCY),
        items=tuple(
            PlanItem(
                object_id=one,
                last_protected=date(2026, 4, 2),
                disposal=date(2026, 4, 3),
                authority=("schedule-1",),
            )
            for one in objects
        ),
    ).encode()


def propose(ledger: Ledger) -> None:
    """Propose the plan and approve it twice."""
    scope = ScopeId.act(PLAN)
    digest = plan_digest()
    proposed: dict[str, Json] = {
        "plan_sha256": digest, "plan_annex": digest, "as_of": "2026-04-12", "objects_count": 2,
        "brakes": [],
    }  # fmt: skip
    ledger.write("plan.proposed", proposed, scope=scope)
    for login in ("deputy", "designee"):
        ledger.write("plan.approved", {"plan_sha256": digest}, by=login, scope=scope)


def started(approvals: Sequence[int], *, segments: int = 2) -> dict[str, Json]:
    """The open fields of the entry by which destruction begins."""
    return {
        "plan": str(PLAN),
        "plan_sha256": plan_digest(),
        "approvals": [*approvals],
        "as_of": "2026-04-12",
        "pack_sha256": PACK,
        "agency_sha256": AGENCY,
        "last_protected": "2026-04-02",
        "disposal": "2026-04-03",
        "floors": [{"rule": "ninety", "cite": "s. 7(a)", "end": "2026-04-02", "period": "90 days"}],
        "authority": [{"rule": "schedule-1", "cite": "Schedule 1"}],
        "libraries": [{"name": "bwcstore", "version": "0.1.0"}],
        "segments": segments,
    }


def outcomes(segments: int, object_id: ObjectId = CLIP) -> tuple[VersionOutcome, ...]:
    """Every segment was deleted, in its only version."""
    return tuple(
        VersionOutcome(name=_layout.segment(object_id, one), version="only", outcome="deleted")
        for one in range(segments)
    )


def destroy(ledger: Ledger, how: Story) -> Entry:
    """Destroy the recording under the plan; a first attempt fails."""
    act, clip = ScopeId.act(PLAN), ScopeId.object(CLIP)
    entries = ledger.store._services.log.scope_entries(act)
    approved = [one.index for one in entries if one.kind == "plan.approved"]
    ledger.write("purge.started", started(approved, segments=how.segments), by="runner", scope=clip)
    ledger.write("purge.failed", {"plan": str(PLAN), "code": "storage-io"}, by="runner", scope=clip)
    found = outcomes(how.segments)
    body: dict[str, Json] = {
        "plan": str(PLAN),
        "versions": len(found),
        "bytes": 1000 * len(found),
        "outcomes": [one.to_json() for one in found],
        "epoch": 0,
        "replicas": ["memory-a", "memory-b"],
    }
    if len(found) > 64:
        annex = put_annex(ledger.world.backend, encode_outcomes(CLIP, found))
        body |= {"outcomes": [], "outcomes_annex": str(annex)}
    completed = ledger.write("purge.completed", body, by="runner", scope=clip)
    counts = {"completed": 1, "withheld": 1, "failed": 0}
    ledger.write("purge.run_ended", counts, by="runner", scope=act)
    return completed


def ended(epoch: int = 0, *replicas: str) -> dict[str, Json]:
    """The open fields of the entry by which a key epoch ended, in every replica by default."""
    cleared: list[Json] = [*(replicas or ("memory-a", "memory-b"))]
    return {"epoch": epoch, "opened": epoch + 1, "keys": 9, "replicas": cleared}


def attested(root: str, kept: Mapping[str, str], *, epoch: int = 0) -> dict[str, Json]:
    """The open fields of an attestation."""
    listed: list[Json] = [{"id": one, "outcome": kept[one]} for one in kept]
    return {"epoch": epoch, "root": root, "backups": listed}


def declared(backups: Mapping[str, str]) -> dict[str, Json]:
    """The open fields of a list of backups."""
    listed: list[Json] = [{"holds": backups[one], "id": one} for one in backups]
    return {"backups": listed}


def _end_epochs(ledger: Ledger, how: Story) -> None:
    for epoch in range(how.epochs):
        ledger.write("keys.epoch_destroyed", ended(epoch), by="runner")
    if how.root is not None:
        epoch = max(how.epochs - 1, 0)
        body = attested(how.root, how.kept, epoch=epoch)
        ledger.write("erasure.attested", body, by="designee")


def plan_digest() -> str:
    """The digest that approvals name."""
    return str(Digest(hashlib.sha256(plan_text()).digest()))
