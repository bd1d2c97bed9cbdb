"""Write the tables of kinds in the chapter `ledger`: `python tests/vectors/make_kinds.py`."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CHAPTER: Final = ROOT / "docs/spec/ledger.md"
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))

from bwcstore.ledger._kind import Field, Kind  # noqa: E402
from bwcstore.ledger._kinds import KINDS  # noqa: E402


def kinds_table() -> str:
    """The tables of LED-20: for each kind its scope, meaning, fields, and why each is as it is."""
    return "\n".join(_kind_lines(kind) for kind in KINDS.values())


def _kind_lines(kind: Kind) -> str:
    where = "any scope" if kind.scope == "any" else f"scope `{kind.scope}`"
    lines = [f"### `{kind.name}`", "", f"In {where}. {kind.meaning}", ""]
    if kind.open or kind.sealed:
        lines += ["| field | | value | why |", "|---|---|---|---|"]
    for side, fields in (("open", kind.open), ("sealed", kind.sealed)):
        lines += [_field_line(name, field, side) for name, field in fields.items()]
    return "\n".join([*lines, ""])


def _field_line(name: str, field: Field, side: str) -> str:
    absent = ", may be absent" if side == "open" and not field.required else ""
    form = " ".join((field.check.__doc__ or "").split()).replace(".;", ";")
    return f"| `{name}` | {side}{absent} | {form} | {field.why} |"


def chapter() -> str:
    """The chapter with the tables as they must be."""
    text = CHAPTER.read_text("utf-8")
    begin = text.index("\n", text.index("<!-- kinds: begin")) + 1
    end = text.index("<!-- kinds: end")
    return f"{text[:begin]}\n{kinds_table()}\n{text[end:]}"


if __name__ == "__main__":
    CHAPTER.write_text(chapter(), "utf-8")
