"""Value to its only bytes to its digest: canonical JSON and domain-separated hashing.

Rules kept here (spec chapter `encoding`):

- one encoding per value, and the decoder refuses every other (ENC-1 to ENC-7);
- no bare concatenation is ever hashed: parts carry their length (ENC-8);
- nothing here knows what the values mean.
"""

import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NoReturn, cast

from bwcstore._values import Digest, Tag
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

INTEGER_MAX: Final = 2**53 - 1
DEPTH_MAX: Final = 16
DOCUMENT_SIZE_MAX: Final = 64 * 1024 * 1024
_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_encoder: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
)
_KNOWN_KEYS_MAX: Final = 4096
_known_keys: Final[set[str]] = set()


def encode(value: Mapping[str, Json], *, level: int = 1) -> bytes:
    """Return the canonical bytes of a JSON object (spec: ENC-1 to ENC-6), without a line end.

    Args:
        value: the object.
        level: how deep it lies in its document, which is level 1.

    Raises:
        InvalidInputError: the value has no canonical form: a float, an integer beyond 2**53 - 1,
            a key that is not lower snake case, text that is not NFC or has control characters,
            or more than 16 levels.
    """
    _check(value, level)
    return _encoder.encode(value).encode()


def _check(value: object, depth: int) -> None:
    kind = type(value)
    if kind is str:
        text = cast("str", value)
        if not (text.isascii() and text.isprintable()):
            _check_text(text)
    elif kind is int:
        if not -INTEGER_MAX <= cast("int", value) <= INTEGER_MAX:
            raise InvalidInputError(ErrorKind.NUMBER_RANGE, "an integer is beyond 2**53 - 1")
    elif kind is dict:
        _check_depth(depth)
        for key, item in cast("dict[str, object]", value).items():
            if key not in _known_keys:
                _check_key(key)
            # Most values are plain text: deciding them here saves a call for each.
            if type(item) is not str or not (item.isascii() and item.isprintable()):
                _check(item, depth + 1)
    elif kind is list:
        _check_depth(depth)
        for item in cast("list[object]", value):
            _check(item, depth + 1)
    elif value is not None and kind is not bool:
        raise InvalidInputError(
            ErrorKind.FIELD_INVALID, f"a {kind.__name__} has no canonical encoding"
        )


def _check_depth(depth: int) -> None:
    if depth > DEPTH_MAX:
        raise InvalidInputError(ErrorKind.TOO_DEEP, f"more than {DEPTH_MAX} levels of nesting")


def _check_key(key: object) -> None:
    if type(key) is not str or not _KEY.fullmatch(key):
        raise InvalidInputError(ErrorKind.FIELD_INVALID, f"not a field name: {key!r:.80}")
    # Field names repeat without end; the bound keeps hostile documents from filling memory.
    if len(_known_keys) < _KNOWN_KEYS_MAX and len(key) <= 64:
        _known_keys.add(key)


def _check_text(text: str) -> None:
    if found := _CONTROL.search(text):
        raise InvalidInputError(
            ErrorKind.TEXT_FORM,
            f"control character U+{ord(found.group()):04X} at position {found.start()}",
        )
    if not unicodedata.is_normalized("NFC", text):
        raise InvalidInputError(ErrorKind.TEXT_FORM, "text is not in Unicode normal form C")


def decode(
    raw: bytes, *, what: str, size_max: int = DOCUMENT_SIZE_MAX, level: int = 1
) -> dict[str, Json]:
    """Return the object whose canonical encoding is exactly `raw` (spec: ENC-7).

    Args:
        raw: UTF-8 bytes, without a line end.
        what: the name of the thing being read, for messages.
        size_max: bytes beyond which nothing is parsed.
        level: how deep the object lies in its document, which is level 1.

    Raises:
        FormatError: `raw` is not JSON, not an object, or not the canonical encoding of one; the
            kind tells which.
    """
    if len(raw) > size_max:
        raise FormatError(
            ErrorKind.TOO_LARGE, f"{what}: {len(raw)} bytes, at most {size_max} are read"
        )
    try:
        value = json.loads(raw.decode(), parse_float=_no_float, parse_constant=_no_float)
    except FormatError as exc:
        raise FormatError(exc.kind, f"{what}: {exc.message}") from None
    except RecursionError:
        raise FormatError(ErrorKind.TOO_DEEP, f"{what}: nested too deeply") from None
    except ValueError as exc:
        raise FormatError(ErrorKind.NOT_JSON, f"{what}: not JSON ({exc})") from exc
    if type(value) is not dict:
        raise FormatError(ErrorKind.NOT_JSON, f"{what}: not a JSON object")
    try:
        again = encode(value, level=level)
    except InvalidInputError as exc:
        raise FormatError(exc.kind, f"{what}: {exc.message}") from exc
    except RecursionError:
        raise FormatError(ErrorKind.TOO_DEEP, f"{what}: nested too deeply") from None
    if again != raw:
        _explain(raw, what)
    return value


def _no_float(text: str) -> NoReturn:
    raise FormatError(ErrorKind.NUMBER_RANGE, f"not an integer: {text[:40]}")


def _explain(raw: bytes, what: str) -> NoReturn:
    """Say why JSON that parses is still not canonical."""

    def pairs(items: list[tuple[str, Json]]) -> dict[str, Json]:
        keys = [key for key, _ in items]
        for key in keys:
            if keys.count(key) > 1:
                raise FormatError(ErrorKind.DUPLICATE_KEY, f"{what}: field {key!r:.80} twice")
        return dict(items)

    json.loads(raw, object_pairs_hook=pairs)
    raise FormatError(ErrorKind.NOT_CANONICAL, f"{what}: JSON, but not in canonical form")


def sha256(*parts: bytes | memoryview) -> Digest:
    """SHA-256 of the parts as one byte string; for standard constructions only (ENC-8)."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return Digest(digest.digest())


def hash_parts(label: str, *parts: bytes) -> Digest:
    """Domain-separated SHA-256 of several byte strings (spec: ENC-8).

    The input of the hash is `label ‖ 0x00`, then for each part its length as 8 bytes big-endian
    and the part itself.
    """
    digest = hashlib.sha256(label.encode("ascii") + b"\x00")
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return Digest(digest.digest())


def tag(key: bytes, kind: str, value: str) -> Tag:
    """The keyed tag of a private value (spec: LED-5).

    `HMAC-SHA-256(key, kind ‖ 0x00 ‖ NFC(value))`, first 16 bytes.

    Args:
        key: the store's 32-byte tag key.
        kind: what the value is: `case`, `officer`, `device`, `source`, `actor`, `file`.
        value: the private text.
    """
    text = unicodedata.normalize("NFC", value)
    mac = hmac.new(key, kind.encode("ascii") + b"\x00" + text.encode(), hashlib.sha256)
    return Tag(mac.digest()[:16].hex())
