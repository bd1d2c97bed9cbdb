"""Every public name of `bwcstore`, used as a caller would; type-checked, never run."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Literal, assert_type

import bwcstore
from bwcstore import (
    ActId,
    ActorId,
    ActorLine,
    Advice,
    AlreadyExistsError,
    AuthorizationError,
    Backend,
    BwcStoreError,
    ByteRange,
    Capability,
    CertificateState,
    Claim,
    Clock,
    ClockStep,
    ConflictError,
    Description,
    Digest,
    Discarded,
    Duty,
    Enrolment,
    Entropy,
    Environment,
    EquivocationError,
    ErrorKind,
    Exported,
    Failed,
    FormatError,
    HoldLine,
    Ingested,
    Instant,
    IntegrityError,
    InternalError,
    InvalidInputError,
    Item,
    KeyFile,
    KeyVault,
    KeyVaultError,
    LawAdopted,
    Leftover,
    Locking,
    LockMode,
    LocksSynced,
    LocksSyncedReport,
    LogLine,
    NotFoundError,
    ObjectExplanation,
    ObjectId,
    ObjectState,
    OutcomeUnknownError,
    Parameters,
    Passphrase,
    Pending,
    Policy,
    Probed,
    Progress,
    ProgressEvent,
    Properties,
    PurgeRun,
    PurgeStatus,
    Receipt,
    Recording,
    Region,
    Released,
    ReleaseLine,
    RequestLine,
    RetentionError,
    Role,
    Rotation,
    S3Options,
    Selection,
    Session,
    Settings,
    Shadow,
    ShadowsRepairedReport,
    Signer,
    Source,
    SourceId,
    Stat,
    StorageError,
    Store,
    StoredVersion,
    StoreId,
    SystemEntropy,
    Tag,
    Uncovered,
    Upload,
    VerifiedCertificate,
    VerifierKey,
    Workers,
    WrappedKey,
    generate_actor_key,
    load_actor_key,
    system_environment,
    verify_certificate,
    verify_receipt,
)
from bwcstore.catalog import Position, StoreRow, Tables, root
from bwcstore.report import certificate_page
from bwcstore.storage import (
    Check,
    Outcome,
    PlaceKind,
    ProbeResult,
    Protocol,
    StorageAreas,
    StorageRole,
    Verdict,
    bucket_policies,
    identity_policy,
)


def keep(store: Store, folder: Path) -> ObjectId:
    """Ingest one file, and many."""
    source = SourceId(scope="A123", text="0001.mp4")
    claim = Claim(at=Instant.parse("2026-03-03T10:00:00.000000Z"), basis="camera-clock")
    recording = Recording(collected=(claim,), device="A123", officer="4711", label="traffic")
    digest = Digest.parse("0" * 64)
    with store.session(actor="dock-3", reason="end of shift") as session:
        assert_type(session, Session)
        one = session.ingest(
            folder / "0001.mp4", source_id=source, recording=recording, expected_sha256=digest
        )
        assert_type(one, Ingested)
        items = [Item(source=path) for path in sorted(folder.iterdir())]
        for outcome in session.ingest_many(items):
            if isinstance(outcome, Failed):
                assert_type(outcome.error, BwcStoreError)
            else:
                assert_type(outcome.receipt, bytes)
    return one.object_id


def look(session: Session, object_id: ObjectId, folder: Path) -> bytes:
    """Read, export, describe, and list what was done."""
    assert_type(session.export(object_id, folder / "copy.mp4"), Exported)
    assert_type(session.describe(object_id), Description)
    assert_type(session.log(object_id), Iterator[LogLine])
    assert_type(session.actors(), tuple[ActorLine, ...])
    session.private_objects()
    with session.read(object_id) as reader:
        return reader.read(100) or b""


def administer(session: Session) -> None:
    """Let people act, and look after keys and leftovers."""
    assert_type(session.enrol("nowak", roles=[Role.READER], name="A. Nowak"), ActorId)
    session.revoke_authorization(session.authorize("nowak", purposes=["review"]))
    session.revoke_actor("nowak")
    assert_type(session.rotate_keys(), Rotation)
    assert_type(session.leftovers(), tuple[Leftover, ...])
    assert_type(session.discard_leftovers(), Discarded)
    assert_type(session.audit().ok, bool)


def try_out(store: Store, session: Session, object_id: ObjectId) -> bool:
    """Try the storage out, record it, and uncover what lies under something else."""
    result = store.probe(PlaceKind.EVIDENCE)[0]
    assert_type(result, ProbeResult)
    assert_type(result.verdict, Verdict)
    assert_type(result.protocol, Protocol)
    assert_type(result.checks, tuple[Check, ...])
    assert_type(result.checks[0].outcome, Outcome)
    session.record_probe(result)
    assert_type(store.probed, Mapping[str, Probed])
    assert_type(session.find_shadows(), Iterator[Shadow])
    report = session.repair_shadows()
    assert_type(report, ShadowsRepairedReport)
    assert_type(report.repaired, tuple[Uncovered, ...])
    assert_type(store.stored_versions(object_id), tuple[StoredVersion, ...])
    return not report.lost


def rules(store: Store) -> frozenset[ActorId]:
    """What a store is kept under, and who confirmed a step of its clock."""
    assert_type(store.policy.approvals, int)
    assert_type(store.backups, Mapping[str, str])
    assert_type(store.clock_steps, tuple[ClockStep, ...])
    kept_under = store.law.pack if store.law is not None else None
    assert_type(kept_under, str | None)
    return store.clock_steps[0].confirmed_by


def check(raw: bytes, vkey: str) -> Receipt:
    """Check a receipt without a store."""
    return verify_receipt(raw, VerifierKey.parse(vkey))


def certify(store: Store, object_id: ObjectId) -> str | None:
    """Get the certificate of a destruction, check it without the store, and show it."""
    raw = store.certificate(object_id)
    assert_type(raw, bytes)
    assert_type(store.certificates([object_id]), Iterator[bytes])
    found = verify_certificate(
        raw,
        key=VerifierKey.parse(store.verifier_key),
        expect_store=store.store_id,
        history=store.store_history(until=store.size),
    )
    assert_type(found, VerifiedCertificate)
    return certificate_page(found) if found.state is CertificateState.ERASED else None


def begin(folder: Path) -> Store:
    """Make keys and a store, and ask the store what it is."""
    signer = generate_actor_key(folder / "rivera.pem", entropy=SystemEntropy())
    key = KeyFile.generate(folder / "store.key", SystemEntropy())
    store = Store.create(folder / "store", key=key, actor="rivera", actor_key=signer.public_key)
    assert_type(store.store_id, StoreId)
    assert_type(store.parameters, Parameters)
    assert_type(store.warnings, tuple[ErrorKind, ...])
    assert_type(store.objects(), Iterator[ObjectState])
    assert_type(store.tables(), Tables)
    assert_type(store.rebuild_catalog(), Tables)
    assert_type(root(store.tables()), tuple[int, Digest])
    assert_type(store.tables().position, Position)
    assert_type(store.tables().store, StoreRow)
    store.find(case="26-1042", held=True, collected_from=date(2026, 1, 1))
    store.session(actor="rivera", reason="set up", signer=load_actor_key(folder / "rivera.pem"))
    store.close()
    return Store.open(folder / "store", key=Passphrase("correct horse battery staple"))


def keep_in_a_bucket(key: KeyFile, clip: Path) -> LocksSynced | None:
    """Keep a store in a bucket, and have the storage lock what it should."""
    store = Store.create(
        "s3://evidence/bwc",
        key=key,
        actor="rivera",
        vaults=["s3://keys/bwc", "/mnt/keys"],
        claims="s3://claims/bwc",
        locking=Locking(mode=LockMode.GOVERNANCE, record_days=90, max_days=1000, unruled_days=7),
        s3=S3Options(endpoint_url="https://s3.example.gov", profile="evidence"),
    )
    session = store.session(actor="rivera", reason="nightly")
    object_id = session.ingest(clip).object_id
    report = session.sync_locks()
    assert_type(report, LocksSyncedReport)
    assert_type(report.records_until, Instant | None)
    assert_type(store.parameters.locking, Locking | None)
    assert_type(store.stored_versions(object_id), tuple[StoredVersion, ...])
    return store.locks_synced


def share_a_bucket() -> Mapping[str, Mapping[str, object]]:
    """Give everybody who works in the buckets of a store what their work takes."""
    areas = StorageAreas(evidence="s3://evidence/bwc", vaults=("s3://keys/bwc",))
    principals = {StorageRole.PURGER: "arn:aws:iam::123456789012:role/purger"}
    identity_policy(StorageRole.INGEST, areas)
    chief = "arn:aws:iam::123456789012:role/chief"
    return bucket_policies(areas, principals, locking=Locking(), administrator=chief)


def embed(backend: Backend, vault: KeyVault, signer: Signer, store_id: StoreId) -> Store:
    """Keep a store on ports of one's own."""
    world = system_environment()
    clock: Clock = world.clock
    entropy: Entropy = world.entropy
    workers: Workers = world.workers
    pending: Pending[int] = workers.submit(lambda: 7)
    assert_type(pending.result(), int)
    assert_type(backend.properties, Properties)
    if Capability.CREATE_ONLY not in backend.properties.capabilities:
        return Store.open_on(backend, vault, environment=world)
    upload: Upload = backend.create_large("objects/x")
    upload.abort()
    source: Source = backend.open("objects/x")
    source.close()
    assert_type(backend.read("objects/x", ByteRange(offset_bytes=0, length_bytes=1)), bytes)
    assert_type(backend.stat("objects/x"), Stat)
    assert_type(list(vault.inventory()), list[WrappedKey])
    return Store.create_on(
        backend,
        vault,
        store_id=store_id,
        actor="rivera",
        actor_key=signer.public_key,
        environment=Environment(clock=clock, entropy=entropy, workers=workers),
        settings=Settings(origin="bwc.example.gov/log"),
    )


def watch(session: Session, path: Path, state: ObjectState) -> tuple[Tag, ...]:
    """Show how far an ingest has come."""

    def show(event: ProgressEvent) -> None:
        assert_type(event.total_bytes, int | None)

    progress: Progress = show
    session.ingest(path, progress=progress)
    return state.tags["case"]


def give_copy(session: Session, clip: ObjectId, edited: Path, target: Path) -> Released:
    """Make a redacted copy, give it to somebody who is recorded, and look who received it."""
    made = session.derive(
        clip,
        edited,
        operation="redact",
        tool="blur",
        tool_version="1.2",
        redactions=["others-in-copy"],
        regions=[Region(start_seconds=1.5, end_seconds=4, what="a passer-by")],
    )
    released = session.release(
        made.object_id,
        right="subject",
        recipient="recorded_individual",
        mode="copy",
        target=target,
    )
    assert_type(released.exported, Exported | None)
    assert_type(released.ground.cite, str)
    assert_type(session.releases(clip), tuple[ReleaseLine, ...])
    return released


def keep_under_law(session: Session, clip: ObjectId, request: ActId) -> ObjectExplanation:
    """Adopt a law, say what is so, and ask what follows."""
    assert_type(session.adopt_law("us-mn", "us-mn-becker"), LawAdopted)
    session.set_policy(Policy(approvals=2))
    worn = session.assert_fact("source_kind", "worn", object_id=clip, basis="report")
    assert_type(worn, str)
    made = session.assert_facts({"force_result": "death", "death_by_force": True}, object_id=clip)
    assert_type(made, dict[str, str])
    session.assert_fact("requester_is_subject", True, request=request)
    session.retract_fact(worn, object_id=clip)
    session.label(clip, ["evidence_force"], since=date(2026, 3, 2))
    session.add_tags(clip, case="26-1042")
    session.correct_time(clip, Instant.parse("2026-03-02T17:00:00.000000Z"), statement="clock off")
    session.withdraw_consent(clip, session.record_consent(clip, covers="public", name="Ada"))
    explained = session.explain(clip, as_of=date(2026, 9, 1))
    assert_type(explained.text(), str)
    assert_type(explained.destruction.needs, tuple[str, ...])
    return explained


def keep_and_answer(session: Session, clip: ObjectId) -> tuple[Duty, ...]:
    """Hold what belongs to a case, answer somebody who is recorded, and ask what is owed."""
    everything = Selection.case("26-1042") & (Selection.label("evidence") | Selection.officer("7"))
    hold = session.place_hold("litigation", selection=everything, review_on=date(2026, 9, 1))
    assert_type(session.release_hold(hold), Literal["proposed", "released"])
    assert_type(session.holds(), tuple[HoldLine, ...])
    request = session.receive_request(
        "subject-retain",
        requester="recorded_individual",
        objects=[clip],
        days=180,
        answers={"written": True},
        facts={"requester_is_subject": True},
    )
    assert_type(session.answer_request(request, "granted"), tuple[Advice, ...])
    session.send_notice(request, clip, "grant")
    session.close_request(request)
    assert_type(session.requests(), tuple[RequestLine, ...])
    return session.duties()


def destroy(session: Session, other: Session) -> PurgeRun:
    """Plan, have it approved by somebody else, and run."""
    plan = session.plan_purge()
    act = session.propose_purge(plan)
    other.approve_purge(act, plan_sha256=plan.digest)
    assert_type(session.purge_status(act), PurgeStatus)
    return session.run_purge(act)


def handle(error: Exception) -> str:
    """Decide what to do by the class of an error."""
    match error:
        case EquivocationError() | IntegrityError() | FormatError():
            return "stop, preserve, escalate"
        case ConflictError() | AlreadyExistsError():
            return "reload"
        case OutcomeUnknownError():
            return "open again and look"
        case StorageError() | KeyVaultError():
            return "look after it"
        case AuthorizationError() | RetentionError():
            return "do not retry"
        case InvalidInputError() | NotFoundError():
            return "fix the argument"
        case InternalError():
            return "report it"
        case _:
            return f"not of bwcstore {bwcstore.__version__}"


def enrolment() -> Enrolment:
    """Describe somebody who shall act."""
    return Enrolment(login="nowak", roles=frozenset({Role.READER}))
