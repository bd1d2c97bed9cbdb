"""Identifiers, digests, instants and ranges: the values every other module speaks in.

A value that exists is valid: construction validates, `parse` is the only way from text, and
`str` gives back the one text form that the specification fixes (spec: ENC-9 to ENC-14).
"""

import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self
from uuid import UUID

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX32: Final = re.compile(r"[0-9a-f]{64}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_SCOPE: Final = re.compile(rf"store|(?:object|act)/{_UUID.pattern}")
_TAG: Final = re.compile(r"[0-9a-f]{32}")
_INSTANT_MAX: Final = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z
TEXT_LENGTH_MAX: Final = 4096


def _invalid(what: str, text: object) -> InvalidInputError:
    shown = repr(text)
    return InvalidInputError(
        ErrorKind.ARGUMENT_INVALID, f"not {what}: {shown[:80]}{'…' if len(shown) > 80 else ''}"
    )


@attrs.frozen(order=True)
class _Id:
    """A UUID in its lower-case hyphenated text form."""

    text: str = attrs.field()

    @text.validator
    def _check(self, _: object, text: str) -> None:
        if not isinstance(text, str) or not _UUID.fullmatch(text):
            raise _invalid(f"a {type(self).__name__}", text)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the lower-case hyphenated form (36 ASCII characters).

        Raises:
            InvalidInputError: any other text.
        """
        return cls(text)

    @classmethod
    def from_time(cls, now: "Instant", random10: bytes) -> Self:
        """Build a UUIDv7 (RFC 9562 §5.7) from an instant and 10 random bytes."""
        milliseconds = (now.microseconds // 1000).to_bytes(6, "big")
        raw = bytearray(milliseconds + random10)
        raw[6] = 0x70 | (raw[6] & 0x0F)
        raw[8] = 0x80 | (raw[8] & 0x3F)
        return cls(str(UUID(bytes=bytes(raw))))


@attrs.frozen(order=True)
class StoreId(_Id):
    """Names one store for ever."""


@attrs.frozen(order=True)
class ObjectId(_Id):
    """Names one evidence object for ever. A UUIDv7."""


@attrs.frozen(order=True)
class ActId(_Id):
    """Names one act: a request, a release, a purge plan, an audit. A UUIDv7."""


@attrs.frozen(order=True)
class ActorId(_Id):
    """Names one actor within one store; random, so that it says nothing (spec: LED-6)."""


@attrs.frozen(order=True)
class Digest:
    """A SHA-256 value: 32 bytes; its text is 64 lower-case hex digits."""

    raw: bytes = attrs.field()

    @raw.validator
    def _check(self, _: object, raw: bytes) -> None:
        if not isinstance(raw, bytes) or len(raw) != 32:
            raise _invalid("a 32-byte digest", raw)

    def __str__(self) -> str:
        return self.raw.hex()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse 64 lower-case hex digits.

        Raises:
            InvalidInputError: any other text.
        """
        if not isinstance(text, str) or not _HEX32.fullmatch(text):
            raise _invalid("a SHA-256 digest in lower-case hex", text)
        return cls(bytes.fromhex(text))


ZERO_DIGEST: Final = Digest(bytes(32))


@lru_cache(maxsize=1024)
def _instant_text(microseconds: int) -> str:
    # The entries of one batch share their instants; formatting one takes 3 µs.
    seconds, micro = divmod(microseconds, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{micro:06d}Z"


@attrs.frozen(order=True)
class Instant:
    """A moment: whole microseconds since 1970-01-01T00:00:00Z, years 1970 to 9999."""

    microseconds: int = attrs.field()

    @microseconds.validator
    def _check(self, _: object, value: int) -> None:
        if type(value) is not int or not 0 <= value <= _INSTANT_MAX:
            raise _invalid("an instant between 1970 and 9999", value)

    def __str__(self) -> str:
        return _instant_text(self.microseconds)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `YYYY-MM-DDTHH:MM:SS.ssssssZ`.

        Raises:
            InvalidInputError: any other text, or a date that does not exist.
        """
        if not isinstance(text, str) or not _INSTANT.fullmatch(text):
            raise _invalid("an instant YYYY-MM-DDTHH:MM:SS.ssssssZ", text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as exc:
            raise _invalid("an existing date and time", text) from exc
        return cls.from_datetime(moment)

    @classmethod
    def from_datetime(cls, moment: datetime) -> Self:
        """Convert an aware `datetime`.

        Raises:
            InvalidInputError: `moment` is naive or out of range.
        """
        if moment.tzinfo is None:
            raise _invalid("a datetime with a time zone", moment.isoformat())
        delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return cls((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)

    def plus_seconds(self, seconds: float) -> "Instant":
        """The instant `seconds` later (earlier when negative)."""
        return Instant(self.microseconds + round(seconds * 1_000_000))


@lru_cache(maxsize=4096)
def _object_in(scope: str) -> ObjectId | None:
    return ObjectId(scope[7:]) if scope.startswith("object/") else None


@attrs.frozen
class ScopeId:
    """The chain an entry belongs to: `store`, `object/<uuid>` or `act/<uuid>` (spec: LED-8)."""

    text: str = attrs.field()

    @text.validator
    def _check(self, _: object, text: str) -> None:
        if not isinstance(text, str) or not _SCOPE.fullmatch(text):
            raise _invalid("a scope id", text)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def object(cls, object_id: ObjectId) -> Self:
        """The scope of one evidence object."""
        return cls(f"object/{object_id}")

    @classmethod
    def act(cls, act_id: ActId) -> Self:
        """The scope of one act."""
        return cls(f"act/{act_id}")

    @property
    def object_id(self) -> ObjectId | None:
        """The object whose scope this is, if it is one."""
        return _object_in(self.text)


STORE_SCOPE: Final = ScopeId("store")


@attrs.frozen
class Tag:
    """A keyed fingerprint of a private value: 16 bytes as 32 lower-case hex digits (LED-5)."""

    text: str = attrs.field()

    @text.validator
    def _check(self, _: object, text: str) -> None:
        if not isinstance(text, str) or not _TAG.fullmatch(text):
            raise _invalid("a tag of 32 lower-case hex digits", text)

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class ByteRange:
    """`length_bytes` bytes from `offset_bytes`."""

    offset_bytes: int = attrs.field()
    length_bytes: int = attrs.field()

    @offset_bytes.validator
    @length_bytes.validator
    def _check(self, _: object, value: int) -> None:
        if type(value) is not int or value < 0:
            raise _invalid("a byte offset or length", value)

    @property
    def end_bytes(self) -> int:
        """The offset of the first byte after the range."""
        return self.offset_bytes + self.length_bytes


def check_text(text: str, what: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """Return `text` if it is one line of NFC text without control characters (spec: ENC-5).

    Raises:
        InvalidInputError: it is empty, too long, not NFC, or has a control character.
    """
    if not isinstance(text, str) or not text:
        raise InvalidInputError(ErrorKind.TEXT_FORM, f"{what}: a non-empty text is needed")
    if len(text) > length_max:
        raise InvalidInputError(
            ErrorKind.TEXT_FORM, f"{what}: {len(text)} characters, at most {length_max}"
        )
    if text.isascii() and text.isprintable():
        return text
    for position, char in enumerate(text):
        if unicodedata.category(char) in ("Cc", "Cs"):
            raise InvalidInputError(
                ErrorKind.TEXT_FORM, f"{what}: control character U+{ord(char):04X} at {position}"
            )
    if not unicodedata.is_normalized("NFC", text):
        raise InvalidInputError(ErrorKind.TEXT_FORM, f"{what}: the text is not in NFC form")
    return text


class LockMode(StrEnum):
    """How the storage keeps what it was told to keep (S3 Object Lock's two modes, or neither)."""

    COMPLIANCE = "compliance"
    GOVERNANCE = "governance"
    NONE = "none"


@attrs.frozen(kw_only=True)
class Locking:
    """How long a store asks its storage to refuse deletion; fixed when it is created (LCK-2).

    Attributes:
        mode: the mode of every lock.
        record_days: how many days the ledger, manifests and annexes are locked at a time.
        max_days: no recording is locked for longer than so many days from its ingest.
        unruled_days: how many days a recording is locked while the store has no law.
    """

    mode: LockMode = LockMode.COMPLIANCE
    record_days: int = 365
    max_days: int = 3650
    unruled_days: int = 30
