"""Progress of long work on standard error: a bar on a terminal, lines elsewhere when asked."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from bwcstore._ports import Progress as Report
from bwcstore._ports import ProgressEvent, no_progress
from bwcstore._system import SystemClock
from bwcstore.cli._options import Common
from bwcstore.cli._output import size_text
from bwcstore.cli._shown import shown

_LINE_SECONDS: Final = 5.0
_NAME_LENGTH: Final = 40


@contextmanager
def reporting(common: Common) -> Iterator[Report]:
    """Where long work reports its progress, as the shared options ask for it."""
    terminal = sys.stderr.isatty()
    if common.progress is False or (common.progress is None and not terminal):
        yield no_progress
    elif terminal:
        yield from _bars()
    else:
        yield _Lines().report


def _bars() -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    # What is redirected is printed above the bars, on standard error: results that go into a file
    # or a pipe must go there.
    with Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def report(event: ProgressEvent) -> None:
            if _counts(event):
                if event.verb not in tasks:
                    tasks[event.verb] = bars.add_task(event.verb, total=None)
                bars.update(tasks[event.verb], description=_count(event), advance=event.done_bytes)
                return
            name = f"{event.verb} {shown(event.item)}".strip()[:_NAME_LENGTH]
            if event.item not in tasks:
                tasks[event.item] = bars.add_task(name, total=event.total_bytes)
            bars.update(tasks[event.item], completed=event.done_bytes, total=event.total_bytes)
            if event.total_bytes is not None and event.done_bytes >= event.total_bytes:
                bars.remove_task(tasks.pop(event.item))

        yield report


def _counts(event: ProgressEvent) -> bool:
    """Whether an event is one of many things that are done, each at once."""
    return event.total_bytes is None and event.total_count is not None


def _count(event: ProgressEvent) -> str:
    return f"{event.verb} {event.done_count} of {event.total_count}"


class _Lines:
    """One line every few seconds: what, how far, how fast, how long still."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._started: dict[str, float] = {}
        self._said = self._clock.monotonic()

    def report(self, event: ProgressEvent) -> None:
        now = self._clock.monotonic()
        if _counts(event):
            if event.done_count == event.total_count or now - self._said >= _LINE_SECONDS:
                self._said = now
                sys.stderr.write(f"{_count(event)}\n")
            return
        started = self._started.setdefault(event.item, now)
        total = event.total_bytes
        finished = total is not None and event.done_bytes >= total
        if finished:
            self._started.pop(event.item)
        if not finished and now - self._said < _LINE_SECONDS:
            return
        self._said = now
        rate = event.done_bytes / max(now - started, 0.001)
        line = f"{event.verb} {shown(event.item)}: {size_text(event.done_bytes)}"
        if total is not None:
            line += f" of {size_text(total)}"
        line += f", {size_text(int(rate))}/s"
        if total is not None and rate > 0 and not finished:
            line += f", {(total - event.done_bytes) / rate:.0f} s left"
        sys.stderr.write(line + "\n")
