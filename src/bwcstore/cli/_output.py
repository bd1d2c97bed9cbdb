"""What is printed, and where: results on standard output, everything else on standard error.

Rules kept here:

- with `--json`, standard output holds JSON and nothing else: one document, or, for the commands
  that stream (`ingest`, `ls`, `log`), one document per line;
- text that comes from outside (names, reasons) is printed with everything escaped that a
  terminal could act on;
- a table that is piped is never cut to the width of a terminal that is not there.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bwcstore._values import Instant

_WIDE: Final = 100_000
# Columns whose cells are copied from the terminal: never broken.
_WHOLE: Final = frozenset({"actor", "assertion", "key", "object", "plan", "request", "time"})
_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")


def shown(text: str) -> str:
    """`text` with everything escaped that a terminal could act on, and backslashes."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(char if char.isprintable() and char != "\\" else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # A byte that is not UTF-8, as `os.fsdecode` carries it.
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def size_text(length_bytes: int) -> str:
    """A length for people: `1.5 MiB`."""
    if length_bytes < 1024:
        return f"{length_bytes} B"
    value = float(length_bytes)
    for unit in _UNITS:
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} PiB"


def time_text(moment: Instant) -> str:
    """A moment for people, to the second: `2026-03-14 16:07:00Z`."""
    text = str(moment)
    return f"{text[:10]} {text[11:19]}Z"


@attrs.frozen(kw_only=True)
class Output:
    """Where one command prints.

    Attributes:
        machine: standard output is for a program (`--json`).
        quiet: only results and errors, no remarks (`--quiet`).
    """

    machine: bool
    quiet: bool

    def document(self, value: Mapping[str, object]) -> None:
        """Print one JSON document on one line."""
        sys.stdout.write(json_line(value))

    def text(self, line: str = "") -> None:
        """Print one line as it is; the caller has escaped it."""
        sys.stdout.write(f"{line}\n")

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Print names and values, one pair per line."""
        known = tuple(pairs)
        width = max((len(name) for name, _ in known), default=0)
        for name, value in known:
            self.text(f"{name:<{width}}  {shown(value)}")

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = ""
    ) -> None:
        """Print a table; its cells are escaped here."""
        self.console().print(make_table(columns, rows, title=title))

    def remark(self, line: str) -> None:
        """Tell a person something on standard error, unless `--quiet`."""
        if not self.quiet:
            sys.stderr.write(f"{line}\n")

    def warn(self, kind: str, line: str) -> None:
        """Warn on standard error; `--quiet` does not silence a warning."""
        if self.machine:
            sys.stderr.write(json_line({"warning": {"kind": kind, "message": line}}))
        else:
            sys.stderr.write(f"warning: {shown(line)} [{kind}]\n")

    def fail(self, kind: str, line: str, code: int) -> None:
        """Say on standard error why the command fails."""
        if self.machine:
            error = {"kind": kind, "message": line, "exit_code": int(code)}
            sys.stderr.write(json_line({"error": error}))
        else:
            sys.stderr.write(f"bwcstore: {shown(line)} [{kind}]\n")

    def console(self) -> Console:
        """A console on standard output that obeys NO_COLOR and interprets no markup."""
        terminal = sys.stdout.isatty()
        return Console(
            file=sys.stdout,
            width=None if terminal else _WIDE,
            markup=False,
            highlight=False,
            emoji=False,
        )


def json_line(value: Mapping[str, object]) -> str:
    """One JSON document on one line, readable by every JSON reader: ASCII only."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n"


def make_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> Table:
    """A plain table. A column whose name ends in `#` is aligned to the right."""
    table = Table(
        title=title or None,
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for name in columns:
        right = name.endswith("#")
        table.add_column(
            name.rstrip("#"),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=right or name in _WHOLE,
        )
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    return table
