"""The demonstration's first half: a store is made, filled, asked, played and verified."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from bwcstore._ports import Signer
from bwcstore._session._ingest import Ingested
from bwcstore._session._session import Session
from bwcstore._store import Store
from bwcstore._system import SystemEntropy
from bwcstore._values import Instant
from bwcstore.cli._demo_play import Playback, play, play_if_possible, seek
from bwcstore.cli._demo_stage import Stage
from bwcstore.cli._evidence import LOG_COLUMNS, log_row
from bwcstore.cli._files import keep_receipt
from bwcstore.cli._output import size_text
from bwcstore.cli._shown import shown
from bwcstore.custody._authority import Role
from bwcstore.custody._object_records import Claim
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.errors import AuthorizationError, ErrorKind
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._signer import generate_actor_key

CHUNK_BYTES: Final = 1 << 16
SEGMENT_CHUNKS: Final = 16
CUSTODIAN: Final = "rivera"
DETECTIVE: Final = "lee"
PURPOSE: Final = "investigation"
_RECORDED: Final = Instant.parse("2026-03-14T21:07:00.000000Z")
_SAMPLE_BYTES: Final = 4096


@attrs.frozen(kw_only=True)
class Scene:
    """Where everything of one demonstration is."""

    folder: Path

    @property
    def store(self) -> Path:
        """The store."""
        return self.folder / "evidence"

    @property
    def earlier(self) -> Path:
        """A copy of the store, made after the first recording."""
        return self.folder / "evidence-yesterday"

    @property
    def vaults(self) -> tuple[Path, ...]:
        """Two replicas of the key vault."""
        return (self.folder / "keys-1", self.folder / "keys-2")

    @property
    def key(self) -> KeyFile:
        """The key file."""
        return KeyFile(self.folder / "vault.key")

    @property
    def receipts(self) -> Path:
        """Where receipts are kept."""
        return self.folder / "receipts"


@attrs.frozen(kw_only=True)
class Kept:
    """A recording and the object that it became."""

    source: Path
    result: Ingested
    receipt: Path


@attrs.frozen(kw_only=True)
class Story:
    """One run of the demonstration with its store open."""

    stage: Stage
    scene: Scene
    store: Store
    signer: Signer

    def session(self, reason: str, *, actor: str = CUSTODIAN) -> Session:
        """Somebody acts; the custodian signs."""
        return self.store.session(
            actor=actor,
            reason=reason,
            purpose=PURPOSE,
            signer=self.signer if actor == CUSTODIAN else None,
        )


def begin(stage: Stage, scene: Scene) -> Story:
    """Make the store."""
    stage.step(
        "A store",
        "One directory holds evidence and ledger, and is only ever added to. The keys live apart "
        "from it, here in two replicas. The first actor signs with a key of their own.",
    )
    KeyFile.generate(scene.key.path, SystemEntropy())
    signer = generate_actor_key(scene.folder / f"{CUSTODIAN}.pem", entropy=SystemEntropy())
    store = Store.create(
        scene.store,
        key=scene.key,
        actor=CUSTODIAN,
        actor_name="M. Rivera, records",
        actor_key=signer.public_key,
        vaults=scene.vaults,
        origin="bwc.example.gov/demo",
        chunk_bytes=CHUNK_BYTES,
        segment_chunks=SEGMENT_CHUNKS,
    )
    stage.say(f"store         {store.store_id}")
    stage.say(f"verifier key  {store.verifier_key}")
    stage.expect("two key replicas, so no warning", holds=not store.warnings)
    return Story(stage=stage, scene=scene, store=store, signer=signer)


def ingest(story: Story, files: Sequence[Path]) -> tuple[Kept, ...]:
    """Ingest every file, twice; copy the store as it was after the first."""
    stage, scene, store = story.stage, story.scene, story.store
    stage.step(
        "Ingest",
        "Each recording is encrypted in chunks, described by a manifest, and exists from the "
        "moment its ledger entry is on disk. What comes back is a receipt signed by the store: "
        "a camera may be erased on it, and the store can never deny it.",
    )
    kept = []
    spent = 0.0
    with story.session("daily dock transfer") as session:
        for number, path in enumerate(files):
            with stage.timed() as seconds:
                result = session.ingest(
                    path, source_id=_source_id(number), recording=_about(number)
                )
            spent += seconds[0]
            receipt = keep_receipt(scene.receipts, result.object_id, result.receipt)
            kept.append(Kept(source=path, result=result, receipt=receipt))
            if number == 0:
                store.checkpoint()
                shutil.copytree(scene.store, scene.earlier)
    total = sum(one.result.length_bytes for one in kept)
    rate = f"{size_text(int(total / spent))}/s"
    stage.table(
        ("recording", "length#", "object", "outcome"),
        [
            (
                one.source.name,
                size_text(one.result.length_bytes),
                str(one.result.object_id),
                one.result.outcome,
            )
            for one in kept
        ],
    )
    stage.say(f"{size_text(total)} in {spent:.2f} s ({rate}). The first receipt:")
    stage.block(kept[0].result.receipt.decode())
    stage.expect(
        "every receipt names the SHA-256 that the file has",
        holds=all(_sha256(one.source) == str(one.result.plaintext_sha256) for one in kept),
    )
    with story.session("the dock is read once more") as session:
        again = [
            session.ingest(one.source, source_id=_source_id(number), recording=_about(number))
            for number, one in enumerate(kept)
        ]
    stage.expect(
        "ingesting the same files again changes nothing and returns the same receipts",
        holds=all(
            second.outcome == "present" and second.receipt == one.result.receipt
            for one, second in zip(kept, again, strict=True)
        ),
    )
    return tuple(kept)


def _source_id(number: int) -> SourceId:
    return SourceId(scope="axon-body-4 X60A0001", text=f"2026-03-14/{number + 1:04d}")


def _about(number: int) -> Recording:
    return Recording(
        collected=(Claim(at=_RECORDED.plus_seconds(3600 * number), basis="camera-clock"),),
        device="X60A0001",
        officer="Unit 12",
        case="26-1042",
        label="traffic-stop" if number == 0 else "uncategorized",
        trigger="detention" if number == 0 else None,
        fields={"shift": "evening"},
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ask(story: Story, kept: Kept) -> None:
    """Somebody looks without an authorization, then with one."""
    stage = story.stage
    stage.step(
        "Asking",
        "Nobody reads a recording without a written authorization in force for the purpose they "
        "state. Who is turned away is written down too. (Minn. Stat. 13.825 subd. 7)",
    )
    with story.session("a detective joins case 26-1042") as session:
        session.enrol(DETECTIVE, roles=[Role.OFFICER], name="Det. K. Lee")
    refusal = None
    with story.session("looking into case 26-1042", actor=DETECTIVE) as session:
        try:
            session.read(kept.result.object_id).close()
        except AuthorizationError as error:
            refusal = error
    stage.expect(
        "without an authorization the detective is refused",
        holds=refusal is not None and refusal.kind is ErrorKind.NOT_AUTHORIZED,
        seen=refusal.kind if refusal is not None else "",
    )
    with story.session("the chief signed the authorization of 2026-03-15") as session:
        granted = session.authorize(
            DETECTIVE,
            purposes=[PURPOSE],
            statement="Det. Lee may view recordings of case 26-1042 to investigate it.",
        )
    stage.say(f"authorization {granted} is now in force for {PURPOSE}")


def watch(story: Story, kept: Kept) -> None:
    """Play a recording out of the store, and compare it with the original."""
    stage = story.stage
    stage.step(
        "Playing",
        "A player reads from the store as from a file, and jumps about in it. Every chunk is "
        "authenticated before a byte of it is handed out; the access is in the log before the "
        "first one is.",
    )
    with story.session("viewing for case 26-1042", actor=DETECTIVE) as session:
        with stage.timed() as seconds:
            original = play_if_possible(kept.source)
        if original is None:
            stage.say("PyAV cannot play it: bytes are compared instead")
        else:
            _play(story, session, kept, original=original, plain_seconds=seconds[0])
        _compare_bytes(story, session, kept)
    target = story.scene.folder / "export.bin"
    with story.session("a copy for the prosecutor", actor=DETECTIVE) as session:
        exported = session.export(kept.result.object_id, target)
    stage.expect(
        "an export is byte for byte the file that came in",
        holds=_sha256(target) == _sha256(kept.source) == str(exported.sha256),
        seen=str(exported.sha256)[:16],
    )
    target.unlink()


def _play(
    story: Story, session: Session, kept: Kept, *, original: Playback, plain_seconds: float
) -> None:
    stage = story.stage
    with stage.timed() as seconds, session.read(kept.result.object_id) as recording:
        stored = play(recording)
    stage.say(
        f"{shown(kept.source.name)}: {stored.pictures} pictures, {stored.samples} samples of "
        f"sound in {seconds[0]:.2f} s (plain file {plain_seconds:.2f} s)"
    )
    stage.expect(
        "every picture decoded from the store is the original's, sample by sample",
        holds=stored == original,
        seen=stored.digest[:16],
    )
    positions = tuple(round(original.seconds * part, 2) for part in (0.8, 0.1, 0.5, 0.95, 0.3))
    expected = seek(kept.source, positions)
    with session.read(kept.result.object_id) as recording:
        jumped = seek(recording, positions)
    stage.table(
        ("jump to#", "picture at#", "SHA-256 of the picture"),
        [
            (f"{position:.2f} s", f"{picture.seconds:.2f} s", picture.digest[:32])
            for position, picture in zip(positions, jumped, strict=False)
        ],
    )
    stage.expect(
        f"{len(positions)} jumps land on the same pictures as in the original",
        holds=jumped == expected,
    )


def _compare_bytes(story: Story, session: Session, kept: Kept) -> None:
    length = kept.result.length_bytes
    places = sorted({length * part // 7 for part in range(7)})
    with (
        session.read(kept.result.object_id) as recording,
        kept.source.open("rb") as original,
    ):
        same = True
        for place in reversed(places):
            recording.seek(place)
            original.seek(place)
            same &= recording.read(_SAMPLE_BYTES) == original.read(_SAMPLE_BYTES)
    story.stage.expect(f"bytes at {len(places)} places are the original's", holds=same)


def show_log(story: Story, kept: Kept) -> None:
    """Show an object's log as its custodian sees it."""
    stage = story.stage
    stage.step(
        "The log",
        "Everything that happened to the recording, with the reason given. Names and reasons are "
        "encrypted at rest; that something happened, and when, is not.",
    )
    with story.session("monthly review") as session:
        lines = tuple(session.log(kept.result.object_id))
    # The date is left out: all of it is today.
    stage.table(LOG_COLUMNS, [(row[0], row[1][11:], *row[2:]) for row in map(log_row, lines)])
    kinds = [line.entry.kind for line in lines]
    stage.expect(
        "it begins with the ingest and holds the refusal",
        holds=kinds[:1] == ["object.ingested"] and "access.refused" in kinds,
    )
