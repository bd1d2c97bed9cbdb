"""What the two sealed parts of a manifest say, as values.

Rules kept here (spec chapter `manifest`):

- one encoding per value; known fields have exactly the shape that the chapter gives them (MAN-12);
- fields that are not known here are kept and encode again to the same bytes (MAN-13);
- a file name is kept twice: the bytes that the file system had, and a text that is safe to show
  (MAN-14).

Nothing here seals or opens.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final, Self

import attrs

from bwcstore import _encoding
from bwcstore._encoding import Json
from bwcstore._values import Digest, Instant, check_text
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError

NAME_BYTES_MAX: Final = 4096
DISPLAY_LENGTH_MAX: Final = 255
_REPLACEMENT: Final = "\ufffd"
# Format characters reorder what is shown ("gpj.exe" as "exe.jpg"): a safe text has none.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@attrs.frozen
class Facts:
    """A free-form JSON object, held as its canonical bytes."""

    canonical: bytes = attrs.field(default=b"{}")

    @canonical.validator
    def _check(self, _: object, value: bytes) -> None:
        _encoding.decode(value, what="facts")

    @classmethod
    def of(cls, value: Mapping[str, Json]) -> Self:
        """The facts of a mapping that has a canonical encoding.

        Raises:
            InvalidInputError: it has none.
        """
        return cls(_encoding.encode(value))

    def value(self) -> dict[str, Json]:
        """A fresh dictionary of the facts."""
        return _encoding.decode(self.canonical, what="facts")


NO_FACTS: Final = Facts()


@attrs.frozen(kw_only=True)
class Claim:
    """One statement of when the recording was made.

    Attributes:
        at: the claimed instant.
        basis: where the claim comes from, e.g. `camera`, `container`, `file-system`, `operator`.
        detail: more about the basis, one line of text.
    """

    at: Instant
    basis: str
    detail: str | None = None


@attrs.frozen(kw_only=True)
class SourceName:
    """What the source calls the recording: unique within `scope` (a device or an importer)."""

    scope: str
    id: str


@attrs.frozen(kw_only=True)
class FileName:
    """A file's name.

    Attributes:
        raw: the bytes of the name in the file system; 1 to 4096.
        display: one line of NFC text, safe to show.
    """

    raw: bytes
    display: str

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """The name with a display text cleaned from it (spec: MAN-14).

        Args:
            raw: the bytes of the name, as `os.fsencode` gives them.

        Raises:
            InvalidInputError: empty, or longer than 4096 bytes.
        """
        return cls(raw=raw, display=clean_name(raw))


def clean_name(raw: bytes) -> str:
    """One line of text that is safe to show, made from the bytes of a file name (spec: MAN-14).

    Bytes that are not UTF-8, and control, format, private and unassigned characters, become
    U+FFFD; the rest is put into NFC; at most 255 characters are kept.

    Raises:
        InvalidInputError: `raw` is empty or longer than 4096 bytes.
    """
    if not 1 <= len(raw) <= NAME_BYTES_MAX:
        raise InvalidInputError(
            ErrorKind.TEXT_FORM, f"file name: {len(raw)} bytes, expected 1 to {NAME_BYTES_MAX}"
        )
    text = unicodedata.normalize("NFC", raw.decode("utf-8", "replace"))
    shown = "".join(
        _REPLACEMENT if unicodedata.category(char) in _HIDDEN else char for char in text
    )
    return unicodedata.normalize("NFC", shown[:DISPLAY_LENGTH_MAX])


@attrs.frozen(kw_only=True)
class RecordPart:
    """What is recorded of an object and outlives its purge (spec: MAN-10).

    Attributes:
        length_bytes: the plaintext's length.
        plaintext_sha256: the plaintext's SHA-256.
        case, device, label, officer, title: one line of text each, or None.
        claims: when the recording was made, by whose word.
        source: what the source calls it.
        trigger: what started the recording, a code.
        other: fields that are not known here, kept as they are.
    """

    length_bytes: int
    plaintext_sha256: Digest
    case: str | None = None
    claims: tuple[Claim, ...] = ()
    device: str | None = None
    label: str | None = None
    officer: str | None = None
    source: SourceName | None = None
    title: str | None = None
    trigger: str | None = None
    other: Facts = NO_FACTS

    def encode(self) -> bytes:
        """The part's canonical bytes.

        Raises:
            InvalidInputError: a text is not one line of NFC text, or `other` has a known field.
        """
        value: dict[str, Json] = {
            "claims": [_encode_claim(claim) for claim in self.claims],
            "length_bytes": self.length_bytes,
            "plaintext_sha256": str(self.plaintext_sha256),
        }
        for name in _RECORD_TEXTS:
            text: str | None = getattr(self, name)
            if text is not None:
                value[name] = check_text(text, name)
        if self.source is not None:
            value["source"] = {
                "id": check_text(self.source.id, "source id"),
                "scope": check_text(self.source.scope, "source scope"),
            }
        return _join(value, self.other, _RECORD_FIELDS)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read the part from its canonical bytes.

        Raises:
            FormatError: `raw` is not the canonical encoding of a record part.
        """
        fields = _Fields(_encoding.decode(raw, what="record part"), "record part")
        length_bytes = fields.take("length_bytes")
        if type(length_bytes) is not int or length_bytes < 0:
            raise fields.invalid("length_bytes")
        return cls(
            length_bytes=length_bytes,
            plaintext_sha256=fields.take_digest("plaintext_sha256"),
            case=fields.take_text("case"),
            claims=fields.take_claims(),
            device=fields.take_text("device"),
            label=fields.take_text("label"),
            officer=fields.take_text("officer"),
            source=fields.take_source(),
            title=fields.take_text("title"),
            trigger=fields.take_text("trigger"),
            other=fields.rest(),
        )


@attrs.frozen(kw_only=True)
class ContentPart:
    """What is told of an object's content and dies with it (spec: MAN-11).

    Attributes:
        file: the name of the source file.
        container: facts read from the media container.
        fields: the caller's own fields; text with line ends is a list of lines.
        other: fields that are not known here, kept as they are.
    """

    file: FileName | None = None
    container: Facts | None = None
    fields: Facts | None = None
    other: Facts = NO_FACTS

    def encode(self) -> bytes:
        """The part's canonical bytes.

        Raises:
            InvalidInputError: the display name is not one line of NFC text, or `other` has a
                known field.
        """
        value: dict[str, Json] = {}
        if self.file is not None:
            value["file"] = {
                "bytes": self.file.raw.hex(),
                "display": check_text(self.file.display, "file name"),
            }
        if self.container is not None:
            value["container"] = self.container.value()
        if self.fields is not None:
            value["fields"] = self.fields.value()
        return _join(value, self.other, _CONTENT_FIELDS)

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read the part from its canonical bytes.

        Raises:
            FormatError: `raw` is not the canonical encoding of a content part.
        """
        fields = _Fields(_encoding.decode(raw, what="content part"), "content part")
        return cls(
            file=fields.take_file(),
            container=fields.take_facts("container"),
            fields=fields.take_facts("fields"),
            other=fields.rest(),
        )


_RECORD_TEXTS: Final = ("case", "device", "label", "officer", "title", "trigger")
_RECORD_FIELDS: Final = frozenset(
    {*_RECORD_TEXTS, "claims", "length_bytes", "plaintext_sha256", "source"}
)
_CONTENT_FIELDS: Final = frozenset({"container", "fields", "file"})


def _encode_claim(claim: Claim) -> dict[str, Json]:
    value: dict[str, Json] = {"at": str(claim.at), "basis": check_text(claim.basis, "claim basis")}
    if claim.detail is not None:
        value["detail"] = check_text(claim.detail, "claim detail")
    return value


def _join(value: dict[str, Json], other: Facts, known: frozenset[str]) -> bytes:
    kept = other.value()
    if taken := known & kept.keys():
        raise InvalidInputError(
            ErrorKind.FIELD_INVALID, f"{min(taken)} is a known field and cannot be a free one"
        )
    return _encoding.encode(value | kept)


class _Fields:
    """Takes known fields out of a decoded object, one by one; what is left is unknown."""

    def __init__(self, value: dict[str, Json], what: str) -> None:
        self._value = value
        self._what = what

    def invalid(self, name: str) -> FormatError:
        return FormatError(ErrorKind.FIELD_INVALID, f"{self._what}: {name} is not valid")

    def take(self, name: str) -> Json:
        if name not in self._value:
            raise FormatError(ErrorKind.FIELD_MISSING, f"{self._what}: no field {name}")
        return self._value.pop(name)

    def rest(self) -> Facts:
        return Facts.of(self._value)

    def text(self, value: Json, name: str) -> str:
        if type(value) is not str:
            raise self.invalid(name)
        try:
            return check_text(value, name)
        except InvalidInputError as exc:
            raise self.invalid(name) from exc

    def take_text(self, name: str) -> str | None:
        return self.text(self._value.pop(name), name) if name in self._value else None

    def take_digest(self, name: str) -> Digest:
        try:
            return Digest.parse(self.text(self.take(name), name))
        except InvalidInputError as exc:
            raise self.invalid(name) from exc

    def take_facts(self, name: str) -> Facts | None:
        if name not in self._value:
            return None
        value = self._value.pop(name)
        if type(value) is not dict:
            raise self.invalid(name)
        return Facts.of(value)

    def take_claims(self) -> tuple[Claim, ...]:
        items = self.take("claims")
        if type(items) is not list:
            raise self.invalid("claims")
        return tuple(self._claim(item) for item in items)

    def _claim(self, item: Json) -> Claim:
        if type(item) is not dict or not {"at", "basis"} <= item.keys() <= {
            "at",
            "basis",
            "detail",
        }:
            raise self.invalid("claims")
        try:
            at = Instant.parse(self.text(item["at"], "claims"))
        except InvalidInputError as exc:
            raise self.invalid("claims") from exc
        return Claim(
            at=at,
            basis=self.text(item["basis"], "claims"),
            detail=self.text(item["detail"], "claims") if "detail" in item else None,
        )

    def take_source(self) -> SourceName | None:
        if "source" not in self._value:
            return None
        item = self._value.pop("source")
        if type(item) is not dict or item.keys() != {"id", "scope"}:
            raise self.invalid("source")
        return SourceName(
            scope=self.text(item["scope"], "source"), id=self.text(item["id"], "source")
        )

    def take_file(self) -> FileName | None:
        if "file" not in self._value:
            return None
        item = self._value.pop("file")
        if type(item) is not dict or item.keys() != {"bytes", "display"}:
            raise self.invalid("file")
        text = item["bytes"]
        try:
            raw = bytes.fromhex(text) if type(text) is str else b""
        except ValueError as exc:
            raise self.invalid("file") from exc
        if raw.hex() != text or not 1 <= len(raw) <= NAME_BYTES_MAX:
            raise self.invalid("file")
        return FileName(raw=raw, display=self.text(item["display"], "file"))
