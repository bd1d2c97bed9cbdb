"""What is printed, and where: results on standard output, everything else on standard error.

Rules kept here:

- with `--json`, standard output holds JSON and nothing else: one document, or, for the commands
  that stream (`ingest`, `ls`, `log`), one document per line;
- text that comes from outside (names, reasons) is printed with everything escaped that a
  terminal could act on;
- nothing is cut to the width of a terminal: what does not fit stands below, and where there is no
  terminal, everything fits.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from bwcstore._values import Instant
from bwcstore.cli._shown import shown
from bwcstore.cli._tables import table_lines, terminal_width

_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")


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


def count_text(count: int, thing: str) -> str:
    """How many there are of a thing whose plural ends in `s`: `1 key`, `2 keys`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


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

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; its cells are escaped here."""
        for line in table_lines(columns, rows, width=terminal_width()):
            self.text(line)

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


def json_line(value: Mapping[str, object]) -> str:
    """One JSON document on one line, readable by every JSON reader: ASCII only."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n"
