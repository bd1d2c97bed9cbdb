"""The command `ingest`: files, folders and standard input into the store, receipts out of it."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final

import attrs
import typer

from bwcstore._ports import Environment
from bwcstore._session._ingest import Ingested
from bwcstore._session._many import Failed, Item
from bwcstore._session._session import Session
from bwcstore._system import SystemWorkers, system_environment
from bwcstore._values import Digest, ObjectId
from bwcstore.cli._beside import receipts_folder
from bwcstore.cli._command import command
from bwcstore.cli._exit import Exit, exit_code
from bwcstore.cli._files import keep_proof, keep_receipt
from bwcstore.cli._open import acting
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import size_text
from bwcstore.cli._parse import instant, pairs
from bwcstore.cli._progress import reporting
from bwcstore.cli._shown import shown
from bwcstore.cli._sources import Found, Unreadable, find, source_id
from bwcstore.cli._tables import terminal_width
from bwcstore.custody._object_records import Claim
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.errors import BwcStoreError

STDIN: Final = Path("-")


_Paths = Annotated[
    list[Path],
    typer.Argument(help="Files, folders (searched through), or - for standard input."),
]
_Device = Annotated[str | None, typer.Option(help="Serial number of the camera.")]
_Officer = Annotated[str | None, typer.Option(help="Who wore the camera.")]
_Case = Annotated[str | None, typer.Option(help="Case number.")]
_Label = Annotated[str | None, typer.Option(help="Category code: a-z 0-9 . _ -")]
_Trigger = Annotated[
    str | None,
    typer.Option(
        help="Why it was on: escalation, use-of-force, evidence, detention, officer-discretion."
    ),
]
_CollectedAt = Annotated[
    list[str] | None,
    typer.Option(
        help="When it was made: ISO 8601 with zone, or BASIS=TIME with BASIS camera-clock, "
        "container or dock [default: camera-clock]; repeat for several."
    ),
]
_Title = Annotated[str | None, typer.Option(help="A line for people.")]
_Field = Annotated[
    list[str] | None, typer.Option(help="NAME=VALUE, anything else; repeat for several.")
]
_Name = Annotated[str | None, typer.Option(help="With -: what the stream is called in messages.")]
_SourceText = Annotated[
    str | None,
    typer.Option("--source-id", help="One source only: its own id. [default: its path]"),
]
_Sha256 = Annotated[str | None, typer.Option(help="One source only: the SHA-256 it must have.")]
_Length = Annotated[int | None, typer.Option(help="One source only: the length it must have.")]
_Hidden = Annotated[bool, typer.Option("--hidden", help="Also names that begin with a dot.")]
_Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="How many files at once. [default: one per processor]"),
]
_Receipts = Annotated[
    Path | None, typer.Option(help="Where receipts are kept. [default: STORE.receipts]")
]
_WaitCheckpoint = Annotated[
    bool,
    typer.Option(
        "--wait-checkpoint",
        help="Also keep, beside each receipt, a proof that a signed checkpoint covers its entry.",
    ),
]


class _Results:
    """Prints what became of each file, keeps its receipt, and remembers the worst outcome."""

    def __init__(
        self, common: Common, receipts: Path, prove: Callable[[ObjectId], bytes] | None
    ) -> None:
        self._common = common
        self._receipts = receipts
        self._prove = prove
        self.code = Exit.OK
        self.counts = {"ingested": 0, "resumed": 0, "present": 0, "failed": 0}

    def done(self, name: str, result: Ingested) -> None:
        self.counts[result.outcome] += 1
        receipt = keep_receipt(self._receipts, result.object_id, result.receipt)
        if self._prove is not None:
            keep_proof(receipt, self._prove(result.object_id))
        if self._common.output.machine:
            self._common.output.document(
                {
                    "source": shown(name),
                    "outcome": result.outcome,
                    "object": str(result.object_id),
                    "sha256": str(result.plaintext_sha256),
                    "length_bytes": result.length_bytes,
                    "receipt": shown(str(receipt)),
                }
            )
        else:
            self._say(result, shown(name))
        sys.stdout.flush()

    def _say(self, result: Ingested, name: str) -> None:
        length = size_text(result.length_bytes)
        line = f"{result.outcome:<8}  {result.object_id}  {length:>10}"
        beside = f"{line}  {name}"
        if len(beside) <= terminal_width():
            self._common.output.text(beside)
            return
        self._common.output.text(line)
        self._common.output.text(f"  {name}")

    def failed(self, name: str, error: BwcStoreError) -> None:
        self.counts["failed"] += 1
        code = exit_code(error)
        self.code = max(self.code, code)
        if self._common.output.machine:
            self._common.output.document(
                {
                    "source": shown(name),
                    "outcome": "failed",
                    "error": {"kind": error.kind, "message": error.message, "exit_code": code},
                }
            )
            sys.stdout.flush()
        else:
            self._common.output.fail(error.kind, f"{shown(name)}: {error.message}", code)

    def summary(self) -> str:
        done = ", ".join(f"{count} {name}" for name, count in self.counts.items() if count)
        kept = sum(self.counts.values()) > self.counts["failed"]
        return f"{done}; receipts in {shown(str(self._receipts))}" if kept else done


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "ingest", needs=Needs.SESSION)(ingest)


def ingest(
    common: Common,
    *,
    paths: _Paths,
    device: _Device = None,
    officer: _Officer = None,
    case: _Case = None,
    label: _Label = None,
    trigger: _Trigger = None,
    collected_at: _CollectedAt = None,
    title: _Title = None,
    field: _Field = None,
    name: _Name = None,
    source_text: _SourceText = None,
    sha256: _Sha256 = None,
    length: _Length = None,
    hidden: _Hidden = False,
    jobs: _Jobs = None,
    receipts: _Receipts = None,
    wait_checkpoint: _WaitCheckpoint = False,
) -> int:
    """Ingest recordings; print the outcome of each and keep its signed receipt.

    Running it again on the same folder finishes what is missing and changes nothing else. One
    file that fails does not stop the others; the exit code is then the largest of the failures.
    """
    recording = Recording(
        collected=_claims(collected_at or ()),
        device=device,
        officer=officer,
        case=case,
        label=label,
        trigger=trigger,
        title=title,
        fields=pairs(field or (), "--field"),
    )
    scope = device or f"importer:{common.actor}"
    digest = Digest.parse(sha256) if sha256 is not None else None
    special = source_text is not None or digest is not None or length is not None
    with acting(common, environment=_environment(jobs)) as (store, session):
        results = _Results(
            common,
            receipts or receipts_folder(common.store),
            store.prove_object if wait_checkpoint else None,
        )
        if special or STDIN in paths or (len(paths) == 1 and not paths[0].is_dir()):
            _one(
                common,
                session,
                results,
                path=_single(paths),
                recording=recording,
                source=SourceId(scope=scope, text=source_text) if source_text else None,
                scope=scope,
                sha256=digest,
                length_bytes=length,
                name=name,
            )
        else:
            _many(
                common,
                session,
                results,
                found=find(paths, hidden=hidden),
                recording=recording,
                scope=scope,
            )
    common.output.remark(results.summary() or "nothing to ingest")
    return results.code


def _environment(jobs: int | None) -> Environment:
    environment = system_environment()
    if jobs is None:
        return environment
    return attrs.evolve(environment, workers=SystemWorkers(jobs))


def _claims(texts: Iterable[str]) -> tuple[Claim, ...]:
    claims = []
    for text in texts:
        basis, mark, time = text.partition("=")
        claims.append(
            Claim(at=instant(time, "--collected-at"), basis=basis)
            if mark
            else Claim(at=instant(text, "--collected-at"), basis="camera-clock")
        )
    return tuple(claims)


def _single(paths: list[Path]) -> Path:
    if len(paths) != 1 or paths[0].is_dir():
        raise typer.BadParameter(
            "--source-id, --sha256, --length and - are about one source: name one file"
        )
    return paths[0]


def _one(
    common: Common,
    session: Session,
    results: _Results,
    *,
    path: Path,
    recording: Recording,
    source: SourceId | None,
    scope: str,
    sha256: Digest | None,
    length_bytes: int | None,
    name: str | None,
) -> None:
    stream = path == STDIN
    label = name or ("standard input" if stream else str(path))
    if source is None and not stream:
        source = source_id(Found(path=path, relative=Path(path.name)), scope)
    with reporting(common) as progress:
        try:
            result = session.ingest(
                sys.stdin.buffer if stream else path,
                source_id=source,
                recording=recording,
                length_bytes=length_bytes,
                expected_sha256=sha256,
                progress=progress,
            )
        except BwcStoreError as error:
            results.failed(label, error)
            return
    results.done(label, result)


def _many(
    common: Common,
    session: Session,
    results: _Results,
    *,
    found: Iterable[Found | Unreadable],
    recording: Recording,
    scope: str,
) -> None:
    started: deque[str] = deque()

    def items() -> Iterator[Item]:
        for one in found:
            if isinstance(one, Unreadable):
                results.failed(str(one.path), one.error)
                continue
            started.append(str(one.path))
            yield Item(source=one.path, source_id=source_id(one, scope), recording=recording)

    with reporting(common) as progress:
        # Outcomes come in the order of the items.
        for outcome in session.ingest_many(items(), progress=progress):
            label = started.popleft()
            if isinstance(outcome, Failed):
                results.failed(label, outcome.error)
            else:
                results.done(label, outcome)
