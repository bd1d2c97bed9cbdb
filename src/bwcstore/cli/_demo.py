"""The command `demo`: the whole life of a few recordings, and seven attacks on them, in a minute.

It needs no network, leaves nothing behind, and checks itself: when anything comes out otherwise
than it says, it fails.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bwcstore.cli import _demo_story as story_of
from bwcstore.cli import _demo_tampering as tampering
from bwcstore.cli._command import command
from bwcstore.cli._demo_clips import CLIPS, make_clip
from bwcstore.cli._demo_stage import Stage
from bwcstore.cli._exit import Exit
from bwcstore.cli._options import Common, Needs
from bwcstore.cli._output import size_text
from bwcstore.cli._shown import shown
from bwcstore.errors import ErrorKind, InvalidInputError


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "demo", needs=Needs.OUTPUT)(demo)


def demo(
    common: Common,
    *,
    videos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Your own videos. [default: made up ones]"),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Work in this new directory, and leave it there."),
    ] = None,
) -> int:
    """Show it all on made-up recordings, or on your own: ingest, play, verify, attack."""
    stage = Stage(common.output)
    folder = _workplace(keep)
    try:
        files = tuple(videos) if videos else _recordings(stage, folder)
        _tell(stage, folder, files)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    return _conclude(common, stage, kept=folder if keep is not None else None)


def _tell(stage: Stage, folder: Path, files: Sequence[Path]) -> None:
    scene = story_of.Scene(folder=folder)
    story = story_of.begin(stage, scene)
    with story.store:
        kept = story_of.ingest(story, files)
        largest = max(kept, key=lambda one: one.result.length_bytes)
        story_of.ask(story, largest)
        story_of.watch(story, largest)
        story_of.show_log(story, largest)
        tampering.verify(story)
    tampering.attack(stage, scene)
    tampering.roll_back(stage, scene, kept)


def _workplace(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="bwcstore-demo-"))
    try:
        keep.mkdir(parents=True)
    except FileExistsError as exc:
        raise InvalidInputError(
            ErrorKind.TARGET_EXISTS, f"--keep: {str(keep)!r} exists; name a new directory"
        ) from exc
    return keep


def _recordings(stage: Stage, folder: Path) -> tuple[Path, ...]:
    stage.step(
        "Recordings",
        "A camera dock holds a few recordings. These are made up: H.264 pictures, each with its "
        "own number painted in as black and white squares, and AAC sound.",
    )
    dock = folder / "dock"
    dock.mkdir()
    try:
        with stage.timed() as seconds:
            files = tuple(make_clip(clip, dock) for clip in CLIPS)
    except ModuleNotFoundError as exc:
        raise InvalidInputError(
            ErrorKind.EXTRA_MISSING,
            "making recordings needs PyAV: pip install 'bwcstore[media]', "
            "or name files of your own: bwcstore demo FILE...",
        ) from exc
    for path in files:
        stage.say(f"{path.name}  {size_text(path.stat().st_size)}")
    stage.say(f"encoded in {seconds[0]:.1f} s")
    return files


def _conclude(common: Common, stage: Stage, *, kept: Path | None) -> int:
    code = Exit.FINDINGS if stage.failed else Exit.OK
    if common.output.machine:
        common.output.document(
            {
                "passed": stage.passed,
                "failed": stage.failed,
                "seconds": round(stage.seconds, 1),
                "kept": shown(str(kept)) if kept is not None else None,
            }
        )
        return code
    if stage.failed:
        common.output.fail(
            ErrorKind.DEFECT,
            f"{len(stage.failed)} expectations failed: {'; '.join(stage.failed)}",
            code,
        )
    else:
        common.output.text(
            f"\nEverything came out as it should: {stage.passed} expectations, "
            f"{stage.seconds:.0f} seconds."
        )
    if kept is not None:
        common.output.text(f"Kept in {shown(str(kept))}.")
    return code
