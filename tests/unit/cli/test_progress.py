"""Progress, where there is a terminal and where there is none."""

import io
import sys

import pytest

from bwcstore._ports import ProgressEvent, no_progress
from bwcstore.cli._options import Common
from bwcstore.cli._output import Output
from bwcstore.cli._progress import reporting

OUTPUT = Output(machine=False, quiet=False)


@pytest.mark.parametrize("wanted", [None, False])
def test_silence_is_the_default_of_pipes(wanted: bool | None) -> None:
    """Where standard error is no terminal, nothing is told unless it is asked for."""
    with reporting(Common(output=OUTPUT, progress=wanted)) as report:
        assert report is no_progress


def test_the_end_is_always_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Many small steps give few lines; the last step gives one, with what a name may not do."""
    with reporting(Common(output=OUTPUT, progress=True)) as report:
        for done in range(0, 1025, 64):
            report(ProgressEvent(verb="ingest", item="a\n.mp4", done_bytes=done, total_bytes=1024))
    lines = capsys.readouterr().err.splitlines()

    assert len(lines) == 1
    assert lines[0].startswith("ingest a\\n.mp4: 1.0 KiB of 1.0 KiB, ")


def test_unknown_lengths_are_no_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    """A stream has no end until it ends."""
    with reporting(Common(output=OUTPUT, progress=True)) as report:
        report(ProgressEvent(verb="ingest", item="-", done_bytes=5, total_bytes=None))

    assert capsys.readouterr().err == ""


def test_many_things_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Things that are each done at once are counted, and the last is always told."""
    with reporting(Common(output=OUTPUT, progress=True)) as report:
        for done in range(1, 4):
            report(
                ProgressEvent(
                    verb="purge",
                    item=str(done),
                    done_bytes=5,
                    total_bytes=None,
                    done_count=done,
                    total_count=3,
                )
            )

    assert capsys.readouterr().err == "purge 3 of 3\n"


class _Terminal(io.StringIO):
    """Text that was shown on a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_bars_leave_results_where_they_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed into a file while bars are shown on a terminal is in the file, as it is."""
    shown, kept = _Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(sys, "stdout", kept)
    with reporting(Common(output=OUTPUT, progress=None)) as report:
        report(ProgressEvent(verb="ingest", item="a.mp4", done_bytes=1, total_bytes=2))
        OUTPUT.text("result " * 50)

    assert "result " * 50 + "\n" == kept.getvalue()
    assert "ingest" in shown.getvalue()
    assert "result" not in shown.getvalue()
