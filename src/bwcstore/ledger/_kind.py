"""What the fields of entries may hold, and how a kind of entry is declared.

Each check has the words by which the specification calls what it accepts.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, cast

import attrs

from bwcstore._encoding import INTEGER_MAX, Json
from bwcstore._values import Instant, check_text
from bwcstore.errors import BwcStoreError

Check = Callable[[Json], bool]

_CODE: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def code(value: Json) -> bool:
    """A word of a controlled list: 1 to 64 of `[a-z0-9._-]`."""
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def number(value: Json) -> bool:
    """A whole number from 0 to 2**53 - 1."""
    return type(value) is int and 0 <= value <= INTEGER_MAX


def _form(check: Check, form: str) -> Check:
    """Give a check the words by which the specification calls what it accepts."""
    check.__doc__ = form
    return check


def _accepts(parse: Callable[[str], object], form: str) -> Check:
    def check(value: Json) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parse(value)
        except BwcStoreError:
            return False
        return True

    return _form(check, form)


instant: Final = _accepts(Instant.parse, "An instant (ENC-12).")
text: Final = _accepts(lambda value: check_text(value, "text"), "One line of text (ENC-5).")


def hexadecimal(length_bytes: int) -> Check:
    """Lower-case hex of exactly `length_bytes` bytes."""
    pattern = re.compile(rf"[0-9a-f]{{{2 * length_bytes}}}")
    return _form(
        lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None,
        f"Lower-case hex of {length_bytes} bytes.",
    )


digest: Final = hexadecimal(32)
keyed_tag: Final = hexadecimal(16)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def identifier(value: Json) -> bool:
    """A UUID in lower-case hyphenated form."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def zone_name(value: Json) -> bool:
    """Name of a time zone: 1 to 3 words of `[A-Za-z0-9_+-]` with `/` between, each up to 32."""
    return isinstance(value, str) and _ZONE.fullmatch(value) is not None


def one_of(*words: str) -> Check:
    """One of the words."""
    return _form(lambda value: value in words, f"One of {', '.join(f'`{w}`' for w in words)}.")


def many(check: Check, *, at_most: int = 256) -> Check:
    """A list of at most `at_most` values."""
    return _form(
        lambda value: (
            isinstance(value, list) and len(value) <= at_most and all(check(item) for item in value)
        ),
        f"A list of at most {at_most}: {check.__doc__}",
    )


def record(**fields: Check) -> Check:
    """An object with exactly these fields."""
    shown = "; ".join(f"`{name}`: {check.__doc__}" for name, check in fields.items())
    return _form(
        lambda value: (
            isinstance(value, dict)
            and value.keys() == fields.keys()
            and all(check(value[name]) for name, check in fields.items())
        ),
        f"An object with exactly {shown}",
    )


def nullable(check: Check) -> Check:
    """What the check accepts, or null."""
    return _form(lambda value: value is None or check(value), f"{check.__doc__} Or null.")


def flag(value: Json) -> bool:
    """True or false."""
    return isinstance(value, bool)


def civil_date(value: Json) -> bool:
    """A civil date, `YYYY-MM-DD`."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def fact_value(value: Json) -> bool:
    """True, false, a word, a date, an instant, or at most 64 words, ascending, each once."""
    if isinstance(value, list):
        return many(code, at_most=64)(value) and value == sorted(set(cast("list[str]", value)))
    return flag(value) or code(value) or civil_date(value) or instant(value)


QUERY_DEPTH_MAX: Final = 4
QUERY_TERMS_MAX: Final = 64


def query(value: Json) -> bool:
    """A selection of recordings (HLD-2)."""
    return _query_terms(value, QUERY_DEPTH_MAX) in range(1, QUERY_TERMS_MAX + 1)


def _query_terms(value: Json, depth: int) -> int:
    """How many terms a selection has; more than it may have where it is none."""
    wrong = QUERY_TERMS_MAX + 1
    if not isinstance(value, dict) or len(value) != 1 or depth == 0:
        return wrong
    ((name, inner),) = value.items()
    if name in ("all", "any"):
        if not isinstance(inner, list) or not 1 <= len(inner) <= QUERY_TERMS_MAX:
            return wrong
        return sum(_query_terms(one, depth - 1) for one in inner)
    return 1 if name in _QUERY_TERMS and _QUERY_TERMS[name](inner) else wrong


def tags(value: Json) -> bool:
    """Lists of keyed tags under `case`, `device`, `file`, `officer`, `source`; none empty."""
    return isinstance(value, dict) and all(
        name in TAG_KINDS and isinstance(items, list) and items and many(keyed_tag)(items)
        for name, items in value.items()
    )


def prose(value: Json) -> bool:
    """Free text: a list of lines (ENC-6)."""
    return isinstance(value, list) and all(isinstance(line, str) for line in value)


TAG_KINDS: Final = frozenset({"case", "device", "file", "officer", "source"})
BASES: Final = ("camera-clock", "container", "dock", "ingest")
TRIGGERS: Final = ("escalation", "use-of-force", "evidence", "detention", "officer-discretion")

_QUERY_TERMS: Final[Mapping[str, Check]] = {
    "collected": record(**{"from": nullable(civil_date), "until": nullable(civil_date)}),
    "label": code,
    "tag": record(kind=one_of(*sorted(TAG_KINDS)), value=keyed_tag),
}


@attrs.frozen
class Field:
    """One field: its check, whether it may be absent, and why it is open or sealed."""

    check: Check
    why: str
    required: bool = True


@attrs.frozen(kw_only=True)
class Kind:
    """One kind of entry.

    Attributes:
        scope: `store`, `object` or `act`; `any` where several may carry it.
        open: the fields of `body`.
        sealed: the fields of the sealed payload, all optional.
    """

    name: str
    meaning: str
    scope: str
    open: Mapping[str, Field]
    sealed: Mapping[str, Field] = attrs.field(factory=dict)
