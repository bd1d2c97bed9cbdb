"""From the text of a TOML document to its values, each with the line on which it stands.

Rules kept here (spec chapter `statute-pack`):

- a document is TOML 1.0 of at most 1 MiB, no deeper than canonical encoding allows (LAW-1);
- what is wrong with a document is a problem with its code, its line and the rule it is in
  (LAW-4).

The lines come from a scan of the text that knows just enough TOML to find its keys. It runs before
the parser does, and refuses what would keep the parser busy for hours.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError

SIZE_MAX: Final = 1024 * 1024
DEPTH_MAX: Final = 16
Path = tuple[str | int, ...]

_STRING: Final = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"{3,5}' r"|'''[\s\S]*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'"
)
_PART: Final = re.compile(r"[ \t]*([A-Za-z0-9_-]+|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')[ \t]*")
_PLAIN: Final = re.compile(r"[^\"'#\n.,=\[\]{}]+")
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@attrs.frozen(kw_only=True)
class Problem:
    """Something that is wrong with a document.

    Attributes:
        kind: its code.
        name: the name of the document.
        line: the line on which it was found, 1 for the first.
        rule: the id of the rule that it is in, if it is in one.
        message: what is wrong.
    """

    kind: ErrorKind
    name: str
    line: int
    rule: str | None = None
    message: str

    @property
    def sentence(self) -> str:
        """Where it is, and what is wrong."""
        rule = "" if self.rule is None else f"rule {self.rule}: "
        return f"{self.name}:{self.line}: {rule}{self.message}"

    def __str__(self) -> str:
        return f"{self.sentence} [{self.kind}]"


def refuse(problems: Iterable[Problem]) -> None:
    """Raise the first of the problems, with the others as notes; nothing if there are none.

    Raises:
        InvalidInputError: there is a problem; its kind is the problem's.
    """
    found = tuple(problems)
    if found:
        error = InvalidInputError(found[0].kind, found[0].sentence)
        for other in found[1:]:
            error.add_note(str(other))
        raise error


class DocumentError(Exception):
    """A document that cannot be read at all.

    Attributes:
        problem: what is wrong with it.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@attrs.frozen(kw_only=True)
class Document:
    """A parsed document.

    Attributes:
        name: its name, for messages.
        values: what it says.
        lines: the lines of its tables and keys, by path; in a path, a number counts the tables of
            an array from 0.
    """

    name: str
    values: Mapping[str, object] = attrs.field(hash=False)
    lines: Mapping[Path, int] = attrs.field(hash=False)

    def line(self, path: Path) -> int:
        """The line of what stands at `path`, or of the key or table that it is in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str, *, name: str) -> Document:
    """Parse a document (spec: LAW-1).

    Args:
        text: the text of the document.
        name: its name, for messages.

    Raises:
        DocumentError: `pack-syntax`: it is not TOML; `too-large`: it has more than 1 MiB;
            `too-deep`: a key or a value has more than 16 levels.
    """
    if len(text) > SIZE_MAX or len(text.encode("utf-8", "surrogatepass")) > SIZE_MAX:
        message = f"the document has more than {SIZE_MAX} bytes"
        raise DocumentError(Problem(kind=ErrorKind.TOO_LARGE, name=name, line=1, message=message))
    text = text.replace("\r\n", "\n")
    scan = _Scan(text=text)
    try:
        scan.document()
    except _TooDeepError:
        message = f"more than {DEPTH_MAX} levels of nesting"
        problem = Problem(kind=ErrorKind.TOO_DEEP, name=name, line=scan.line, message=message)
        raise DocumentError(problem) from None
    try:
        values = tomllib.loads(text)
    except ValueError as exc:
        raise DocumentError(_syntax(exc, text, name)) from exc
    return Document(name=name, values=values, lines=scan.lines)


def _syntax(exc: ValueError, text: str, name: str) -> Problem:
    said = str(exc)
    place = _PLACE.search(said)
    line = text.count("\n") + 1
    message = f"not TOML: {said}"
    if place is not None:
        message = f"not TOML: {said[: place.start()]}"
        if place[1] is not None:
            line = int(place[1])
            message += f" at column {place[2]}"
    return Problem(kind=ErrorKind.PACK_SYNTAX, name=name, line=line, message=message)


class _TooDeepError(Exception):
    """The document is nested too deeply to be parsed."""


class _BrokenError(Exception):
    """The text is no TOML from here on; the parser will say so."""


@attrs.define
class _Scan:
    """Finds the lines of tables and keys. Stops silently where the text is no TOML."""

    text: str
    position: int = 0
    line: int = 1
    lines: dict[Path, int] = attrs.field(factory=dict)
    counts: dict[Path, int] = attrs.field(factory=dict)
    table: Path = ()

    def document(self) -> None:
        try:
            while self.position < len(self.text):
                self.statement()
        except _BrokenError:
            return

    def statement(self) -> None:
        char = self.text[self.position]
        if char == "\n":
            self.line += 1
            self.position += 1
        elif char in " \t":
            self.position += 1
        elif char == "#":
            self.to_line_end()
        elif char == "[":
            self.header()
        else:
            self.pair()

    def to_line_end(self) -> None:
        end = self.text.find("\n", self.position)
        self.position = len(self.text) if end < 0 else end

    def header(self) -> None:
        brackets = "[[" if self.text.startswith("[[", self.position) else "["
        self.position += len(brackets)
        parts = self.key()
        path = self.resolved(parts[:-1])
        path = (*path, parts[-1])
        if brackets == "[[":
            count = self.counts.get(path, 0)
            self.counts[path] = count + 1
            self.lines.setdefault(path, self.line)
            path = (*path, count)
        self.lines[path] = self.line
        self.table = path
        self.to_line_end()

    def resolved(self, parts: list[str]) -> Path:
        """The path of a table that a header names: of an array, its last table."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            self.lines.setdefault(path, self.line)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def pair(self) -> None:
        path = self.table
        for part in self.key():
            path = (*path, part)
            self.lines.setdefault(path, self.line)
        if not self.text.startswith("=", self.position):
            raise _BrokenError
        self.position += 1
        self.value()

    def key(self) -> list[str]:
        parts: list[str] = []
        while True:
            found = _PART.match(self.text, self.position)
            if found is None:
                raise _BrokenError
            parts.append(_unquoted(found[1]))
            if len(parts) > DEPTH_MAX:
                raise _TooDeepError
            self.position = found.end()
            if not self.text.startswith(".", self.position):
                return parts
            self.position += 1

    def value(self) -> None:
        depth = dots = 0
        while self.position < len(self.text):
            char = self.text[self.position]
            if char == "\n":
                if depth == 0:
                    return
                self.line += 1
                self.position += 1
            elif char == "#":
                self.to_line_end()
            elif char in "\"'":
                self.string()
            elif char in ".,=[]{}":
                # Dots of keys in an inline table nest as deeply as brackets do.
                dots = dots + 1 if char == "." else 0
                depth += (char in "[{") - (char in "]}")
                if max(depth, dots) > DEPTH_MAX:
                    raise _TooDeepError
                self.position += 1
            else:
                found = _PLAIN.match(self.text, self.position)
                self.position = self.position + 1 if found is None else found.end()

    def string(self) -> None:
        found = _STRING.match(self.text, self.position)
        if found is None:
            raise _BrokenError
        self.line += self.text.count("\n", self.position, found.end())
        self.position = found.end()


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        try:
            return str(tomllib.loads(f"key = {key}")["key"])
        except ValueError:
            raise _BrokenError from None
    return key
