"""Where the demonstration is told: panels and tables, and a list of what came out as it should."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.box import ASCII, ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bwcstore._system import SystemClock
from bwcstore.cli._output import Output
from bwcstore.cli._shown import shown
from bwcstore.cli._tables import table_lines

_WIDTH_MAX: Final = 110
_WIDTH_PIPED: Final = 100


class Stage:
    """Prints the story and keeps its expectations.

    Attributes:
        failed: the expectations that did not come true.
        passed: how many did.
    """

    def __init__(self, output: Output) -> None:
        terminal = sys.stdout.isatty()
        encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
        self._box = ROUNDED if encoding.startswith("utf") else ASCII
        self._console = Console(
            file=sys.stderr if output.machine else sys.stdout,
            width=None if terminal else _WIDTH_PIPED,
            markup=False,
            highlight=False,
            emoji=False,
        )
        self._console.width = min(self._console.width, _WIDTH_MAX)
        self._quiet = output.quiet or output.machine
        self._clock = SystemClock()
        self._started = self._clock.monotonic()
        self._number = 0
        self.failed: list[str] = []
        self.passed = 0

    @property
    def seconds(self) -> float:
        """How long the demonstration has taken."""
        return self._clock.monotonic() - self._started

    @contextmanager
    def timed(self) -> Iterator[list[float]]:
        """Measure the block; the list then holds its seconds."""
        measured: list[float] = []
        start = self._clock.monotonic()
        yield measured
        measured.append(max(self._clock.monotonic() - start, 1e-6))

    def step(self, title: str, text: str) -> None:
        """Begin a step: what is shown next, and why it matters."""
        self._number += 1
        if self._quiet:
            return
        self._console.print()
        panel = Panel(
            Text(text),
            title=f"{self._number} · {title}",
            title_align="left",
            box=self._box,
            padding=(0, 1),
        )
        self._console.print(panel)

    def say(self, line: str) -> None:
        """Say one line; text from outside is escaped by the caller."""
        if not self._quiet:
            self._print("  ", line)

    def _print(self, mark: str, line: str, *, style: str = "") -> None:
        """Print a line after its mark; what is too long goes on below, as far to the right."""
        room = max(20, self._console.width - len(mark))
        for number, part in enumerate(textwrap.wrap(line, room) or [""]):
            lead = mark if number == 0 else " " * len(mark)
            self._console.print(Text.assemble((lead, style), part), no_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table."""
        if not self._quiet:
            for line in table_lines(columns, rows, width=self._console.width):
                self._console.print(Text(line), no_wrap=True, crop=False, overflow="ignore")

    def block(self, text: str) -> None:
        """Show a text line by line as it is, set off; what is too long goes on below."""
        if self._quiet:
            return
        room = max(20, self._console.width - 6)
        for line in text.rstrip("\n").split("\n"):
            safe = shown(line)
            for start in range(0, max(1, len(safe)), room):
                mark = ":" if start else "|"
                self._console.print(Text(f"  {mark} {safe[start : start + room]}"))

    def expect(self, what: str, *, holds: bool, seen: str = "") -> None:
        """State what must be so, and show whether it is."""
        if holds:
            self.passed += 1
        else:
            self.failed.append(what)
        if self._quiet and holds:
            return
        mark, style = ("ok", "green") if holds else ("FAILED", "bold red")
        self._print(f"  {mark:<6} ", what + (f": {shown(seen)}" if seen else ""), style=style)
