"""What an audit finds: one value per failed check, with everything needed to look for oneself.

Rules kept here (spec: AUD-1):

- a finding says which check failed, where, what was expected and what was there;
- findings have one order and one JSON form, so that two reports can be compared line by line;
- nothing stored can break a report: text from outside is made safe to print.
"""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final, Self, cast

import attrs

from bwcstore._encoding import Json
from bwcstore._values import ByteRange
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError

TEXT_LENGTH_MAX: Final = 600


@unique
class Severity(StrEnum):
    """What a finding means for the store."""

    ERROR = "error"
    """A promise of the format does not hold."""
    WARNING = "warning"
    """Something could not be checked, or is consistent but should be looked at."""
    NOTE = "note"
    """True and worth knowing; nothing is wrong."""


_RANKS: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@attrs.frozen(kw_only=True)
class Finding:
    """One failed check.

    Attributes:
        code: what is wrong; the codes of `ErrorKind`.
        severity: what it means.
        clause: the clause of the audit chapter that orders the check, e.g. `AUD-24`.
        where: the stored name, or `expected/<n>`, `remembered/<n>` for what the caller gave.
        entry: index of the ledger entry, if it is about one.
        object: id of the object, if it is about one.
        segment: number of the segment in its object.
        chunk: number of the chunk in its object.
        byte_range: where in `where`, in bytes.
        expected: what should be there.
        got: what was there.
        message: one sentence for people.
    """

    code: ErrorKind
    severity: Severity
    clause: str
    where: str
    message: str
    entry: int | None = None
    object: str | None = None
    segment: int | None = None
    chunk: int | None = None
    byte_range: ByteRange | None = None
    expected: str | None = None
    got: str | None = None

    @property
    def order(self) -> tuple[int | str, ...]:
        """The sort key: errors first, then by name, entry, segment and chunk."""
        return (
            _RANKS[self.severity],
            self.where,
            -1 if self.entry is None else self.entry,
            -1 if self.segment is None else self.segment,
            -1 if self.chunk is None else self.chunk,
            self.code.value,
            self.message,
        )

    def to_json(self) -> dict[str, Json]:
        """The JSON form; absent fields are left out."""
        value: dict[str, Json] = {
            "clause": self.clause,
            "code": self.code.value,
            "message": self.message,
            "severity": self.severity.value,
            "where": self.where,
        }
        for name in _NUMBERS + _TEXTS:
            if (found := cast("Json", getattr(self, name))) is not None:
                value[name] = found
        if self.byte_range is not None:
            value["bytes"] = [self.byte_range.offset_bytes, self.byte_range.length_bytes]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """Read the JSON form.

        Raises:
            FormatError: any other form.
        """
        unknown = value.keys() - _FIELDS
        if unknown:
            raise FormatError(ErrorKind.FIELD_UNKNOWN, f"finding: unknown field {min(unknown)!r}")
        try:
            return cls(
                code=ErrorKind(cast("str", value["code"])),
                severity=Severity(cast("str", value["severity"])),
                clause=_text(value["clause"]),
                where=_text(value["where"]),
                message=_text(value["message"]),
                byte_range=_byte_range(value["bytes"]) if "bytes" in value else None,
                entry=_number(value.get("entry")),
                segment=_number(value.get("segment")),
                chunk=_number(value.get("chunk")),
                object=_text(value["object"]) if "object" in value else None,
                expected=_text(value["expected"]) if "expected" in value else None,
                got=_text(value["got"]) if "got" in value else None,
            )
        except (KeyError, ValueError, TypeError) as exc:
            raise FormatError(ErrorKind.FIELD_INVALID, "finding: a field is not valid") from exc


_NUMBERS: Final = ("entry", "segment", "chunk")
_TEXTS: Final = ("object", "expected", "got")
_FIELDS: Final = frozenset(
    {"code", "severity", "clause", "where", "message", "bytes", *_NUMBERS, *_TEXTS}
)


def _text(value: Json) -> str:
    if type(value) is not str:
        raise TypeError(value)
    return value


def _number(value: Json) -> int | None:
    if value is not None and (type(value) is not int or value < 0):
        raise TypeError(value)
    return value


def _byte_range(value: Json) -> ByteRange:
    offset, length = cast("list[int]", value)
    return ByteRange(offset, length)


def plain(text: str) -> str:
    """`text` made safe to print and to encode: one line, no control characters, NFC, bounded."""
    if len(text) > TEXT_LENGTH_MAX:
        text = text[: TEXT_LENGTH_MAX - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(
        char if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"} else "\ufffd"
        for char in text
    )
    return unicodedata.normalize("NFC", shown)


class Findings:
    """Collects findings while an audit runs."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def add(
        self,
        code: ErrorKind,
        clause: str,
        *,
        where: str,
        message: str,
        severity: Severity = Severity.ERROR,
        entry: int | None = None,
        object_id: str | None = None,
        segment: int | None = None,
        chunk: int | None = None,
        byte_range: ByteRange | None = None,
        expected: object = None,
        got: object = None,
    ) -> None:
        """Add one finding; its texts are made safe to print."""
        self._found.append(
            Finding(
                code=code,
                severity=severity,
                clause=clause,
                where=plain(where),
                message=plain(message),
                entry=entry,
                object=object_id,
                segment=segment,
                chunk=chunk,
                byte_range=byte_range,
                expected=None if expected is None else plain(str(expected)),
                got=None if got is None else plain(str(got)),
            )
        )

    def add_error(
        self,
        error: BwcStoreError,
        clause: str,
        *,
        where: str,
        code: ErrorKind | None = None,
        severity: Severity = Severity.ERROR,
        entry: int | None = None,
        object_id: str | None = None,
        segment: int | None = None,
    ) -> None:
        """Add what a codec or the storage raised; `code` replaces the error's own."""
        self.add(
            code or error.kind,
            clause,
            where=where,
            message=error.message,
            severity=severity,
            entry=entry,
            object_id=object_id,
            segment=segment,
        )

    def sorted(self) -> tuple[Finding, ...]:
        """Everything found, in the one order."""
        return tuple(sorted(self._found, key=lambda finding: finding.order))
