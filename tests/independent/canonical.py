"""Canonical JSON and the text forms of values, as the encoding chapter has them."""

import base64
import binascii
import datetime as dt
import json
import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import Any

Json = Any
"""What JSON can say; every use checks the form before it relies on it."""

LARGEST = 2**53 - 1
NAME = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z", re.ASCII)
WORD = re.compile(r"[a-z0-9._-]{1,64}\Z")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class RefusedError(Exception):
    """What a reader must refuse, with the code of the clause that says so."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code apart from the message."""
        super().__init__(message)
        self.code = code


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Make an object of its members, refusing a name that occurs twice (ENC-7)."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RefusedError("duplicate-key", "a field occurs twice")
    return made


def _no_fraction(text: str) -> Json:
    """Refuse every number that is not an integer (ENC-4)."""
    raise RefusedError("number-range", f"not an integer: {text[:40]}")


def _check(value: Json, level: int) -> None:
    """Refuse values that the encoding does not have (ENC-2, ENC-4, ENC-5)."""
    if isinstance(value, (dict, list)) and level > 16:
        raise RefusedError("too-deep", "more than 16 levels")
    if isinstance(value, dict):
        for name, inner in value.items():
            if not NAME.match(name):
                raise RefusedError("field-invalid", f"not a field name: {name[:40]!r}")
            _check(inner, level + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, level + 1)
    elif isinstance(value, str):
        if FORBIDDEN.search(value) or not unicodedata.is_normalized("NFC", value):
            raise RefusedError("text-form", "a character that is not allowed, or not in NFC")
    elif isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        raise RefusedError("number-range", "a number beyond 2^53 - 1")


def encode(value: Json) -> bytes:
    """Write the one encoding of a value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def decode(raw: bytes, limit: int = 64 << 20) -> dict[str, Json]:
    """Read one document and refuse every encoding but the canonical one (ENC-7)."""
    if len(raw) > limit:
        raise RefusedError("too-large", f"longer than {limit} bytes")
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_pairs,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError("not-json", str(error)) from None
    if not isinstance(value, dict):
        raise RefusedError("not-json", "not an object")
    _check(value, 1)
    if encode(value) != raw:
        raise RefusedError("not-canonical", "not the canonical encoding of what it says")
    return value


def exact(
    value: Json, required: AbstractSet[str], optional: AbstractSet[str] = frozenset()
) -> dict[str, Json]:
    """Refuse an object that lacks a required field or has an unknown one."""
    if not isinstance(value, dict):
        raise RefusedError("field-invalid", "not an object")
    missing, unknown = required - set(value), set(value) - required - optional
    if missing:
        raise RefusedError("field-missing", ", ".join(sorted(missing)))
    if unknown:
        raise RefusedError("field-unknown", ", ".join(sorted(unknown)))
    return value


def is_hex(value: Json, length_bytes: int) -> bool:
    """Tell whether a value is so many bytes in lower-case hex."""
    return isinstance(value, str) and bool(re.match(rf"[0-9a-f]{{{2 * length_bytes}}}\Z", value))


def is_uuid(value: Json) -> bool:
    """Tell whether a value is an identifier (ENC-9)."""
    return isinstance(value, str) and bool(UUID.match(value))


def is_whole(value: Json) -> bool:
    """Tell whether a value is a whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_text(value: Json) -> bool:
    """Tell whether a value is one line of text (ENC-5)."""
    return isinstance(value, str) and 1 <= len(value) <= 4096


def is_word(value: Json) -> bool:
    """Tell whether a value is a word of a controlled list (LED-20)."""
    return isinstance(value, str) and bool(WORD.match(value))


def microseconds(value: Json) -> int | None:
    """The instant as microseconds since 1970; None when it has another form (ENC-12)."""
    if not isinstance(value, str) or not INSTANT.match(value):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    since = (moment - EPOCH) // dt.timedelta(microseconds=1)
    return since if since >= 0 else None


def unbase64(text: Json) -> bytes | None:
    """The bytes of padded base64 with unused bits zero; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
