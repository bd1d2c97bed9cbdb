"""What the words on a command line mean: days, times, pairs, ranges, ids, lengths, facts."""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from bwcstore._encoding import Json
from bwcstore._values import ActId, ByteRange, Digest, Instant, ObjectId
from bwcstore.custody._deriving import Region
from bwcstore.errors import ErrorKind, InvalidInputError

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_RANGE: Final = re.compile(r"(\d+)(?:-(\d*)|\+(\d+))", re.ASCII)
_LENGTH: Final = re.compile(r"(\d+)(?:([KMGT])i?B?|B)?", re.ASCII)
_UNITS: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LENGTH_MAX: Final = 1 << 62
_REGION: Final = re.compile(
    r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(?:@(\d+),(\d+),(\d+),(\d+))?:(.+)", re.ASCII | re.DOTALL
)
_FLAGS: Final = {"yes": True, "no": False}


def _invalid(message: str) -> InvalidInputError:
    return InvalidInputError(ErrorKind.ARGUMENT_INVALID, message)


def instant(text: str, what: str) -> Instant:
    """A time in ISO 8601 with its zone: `2026-03-14T16:07:00-05:00`, `…Z`.

    Raises:
        InvalidInputError: any other text, or a time without zone.
    """
    try:
        return Instant.from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as exc:
        raise _invalid(
            f"{what}: not a time of ISO 8601 with its zone, "
            f"such as 2026-03-14T16:07:00-05:00: {text!r:.80}"
        ) from exc


def civil_date(text: str, what: str) -> date:
    """A day: `2026-03-14`.

    Raises:
        InvalidInputError: any other text, or a day that does not exist.
    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as exc:
        raise _invalid(f"{what}: no day of the calendar: {text!r:.80}") from exc
    raise _invalid(f"{what}: not a day such as 2026-03-14: {text!r:.80}")


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """Pairs NAME=VALUE, no name twice.

    Raises:
        InvalidInputError: a text is no pair, or a name repeats.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise _invalid(f"{what}: not NAME=VALUE: {text!r:.80}")
        if name in found:
            raise _invalid(f"{what}: {name!r:.80} is given twice")
        found[name] = value
    return found


def role_lists(texts: Iterable[str], what: str) -> dict[str, frozenset[str]]:
    """Pairs KIND=ROLE,ROLE, no kind twice.

    Raises:
        InvalidInputError: a text is no such pair, or a kind repeats.
    """
    found = pairs(texts, what)
    return {
        kind: frozenset(role for role in roles.split(",") if role) for kind, roles in found.items()
    }


def object_id(text: str) -> ObjectId:
    """The id of an object, in lower or upper case.

    Raises:
        InvalidInputError: it is no id.
    """
    return ObjectId.parse(text.strip().lower())


def act_id(text: str) -> ActId:
    """The id of a request or of a purge plan, in lower or upper case.

    Raises:
        InvalidInputError: it is no id.
    """
    return ActId.parse(text.strip().lower())


def digest(text: str, what: str) -> Digest:
    """A SHA-256 in 64 hex digits, in lower or upper case.

    Raises:
        InvalidInputError: any other text.
    """
    try:
        return Digest.parse(text.strip().lower())
    except InvalidInputError as exc:
        raise _invalid(f"{what}: not a SHA-256 of 64 hex digits: {text!r:.80}") from exc


def fact_value(text: str) -> Json:
    """What a fact is said to be: JSON where the text is JSON, and otherwise the text itself.

    So `true` is a flag, `["a", "b"]` a set of codes, and `no_injury` or `2026-03-14` a text.
    """
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def flags(texts: Iterable[str], what: str) -> dict[str, bool]:
    """Pairs NAME=yes or NAME=no, no name twice.

    Raises:
        InvalidInputError: a text is no such pair, or a name repeats.
    """
    found = pairs(texts, what)
    for name, value in found.items():
        if value not in _FLAGS:
            raise _invalid(f"{what}: {name:.80}={value!r:.40} is neither yes nor no")
    return {name: _FLAGS[value] for name, value in found.items()}


def region(text: str, what: str) -> Region:
    """A time of a recording, where in it, and what was done: `12.5-20@10,20,300,200:face blurred`.

    Raises:
        InvalidInputError: any other text.
    """
    match = _REGION.fullmatch(text)
    if match is None:
        raise _invalid(f"{what}: START-END[@X,Y,W,H]:WHAT, not {text!r:.80}")
    box = [int(side) if side is not None else None for side in match.groups()[2:6]]
    return Region(
        start_seconds=float(match[1]),
        end_seconds=float(match[2]),
        what=match[7],
        x=box[0],
        y=box[1],
        width=box[2],
        height=box[3],
    )


def byte_range(text: str, length_bytes: int) -> ByteRange:
    """`FIRST-LAST` (both included), `FIRST+COUNT`, or `FIRST-` to the end, in bytes from 0.

    Raises:
        InvalidInputError: any other text, or a range that begins after the end.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        raise _invalid(f"--range: FIRST-LAST, FIRST- or FIRST+COUNT, not {text!r:.80}")
    first = int(match[1])
    end = length_bytes
    if match[2]:
        end = int(match[2]) + 1
    elif match[3] is not None:
        end = first + int(match[3])
    if first > length_bytes or end < first:
        raise _invalid(f"--range: {text:.80} is not within {length_bytes} bytes")
    return ByteRange(first, min(end, length_bytes) - first)


def length_bytes(text: str, what: str) -> int:
    """A number of bytes, with K, M, G or T for powers of 1024.

    Raises:
        InvalidInputError: any other text.
    """
    match = _LENGTH.fullmatch(text)
    if match is None or len(match[1]) > 19:
        raise _invalid(f"{what}: a number of bytes such as 500M or 2GiB, not {text!r:.80}")
    value = int(match[1]) * _UNITS.get(match[2] or "", 1)
    if value > _LENGTH_MAX:
        raise _invalid(f"{what}: {text:.80} is too many bytes")
    return value
