"""What the open fields of entries may hold (LED-20)."""

import datetime as dt
import re
from collections.abc import Callable

from canonical import Json, is_hex, is_word, microseconds

Form = Callable[[Json], bool]
"""Tells whether a value has a form."""

TAGS = {"case", "device", "file", "officer", "source"}
BASES = ("camera-clock", "container", "dock", "ingest")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}\Z")


def hex_of(length_bytes: int) -> Form:
    """So many bytes in hex."""
    return lambda value: is_hex(value, length_bytes)


def one_of(*words: str) -> Form:
    """One of these words."""
    return lambda value: isinstance(value, str) and value in words


def listed(form: Form, most: int) -> Form:
    """A list of at most so many values of a form."""
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(form, value))


def exactly(**forms: Form) -> Form:
    """An object with exactly these fields."""
    return lambda value: (
        isinstance(value, dict)
        and set(value) == set(forms)
        and all(form(value[name]) for name, form in forms.items())
    )


def or_null(form: Form) -> Form:
    """A value of a form, or null."""
    return lambda value: value is None or form(value)


def is_instant(value: Json) -> bool:
    """An instant."""
    return microseconds(value) is not None


def is_flag(value: Json) -> bool:
    """True or false."""
    return isinstance(value, bool)


def is_day(value: Json) -> bool:
    """A civil date."""
    if not isinstance(value, str) or not DAY.match(value):
        return False
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_zone(value: Json) -> bool:
    """The name of a time zone."""
    return isinstance(value, str) and bool(ZONE.match(value))


def is_fact(value: Json) -> bool:
    """The value of a fact."""
    if isinstance(value, list):
        return len(value) <= 64 and all(map(is_word, value)) and value == sorted(set(value))
    return is_flag(value) or is_word(value) or is_day(value) or is_instant(value)


def is_tags(value: Json) -> bool:
    """Lists of keyed tags, none empty."""
    return (
        isinstance(value, dict)
        and set(value) <= TAGS
        and all(tags and listed(hex_of(16), 256)(tags) for tags in value.values())
    )


def is_query(value: Json) -> bool:
    """A selection of recordings: at most 4 levels and 64 terms."""
    return 1 <= _terms(value, 4) <= 64


def _terms(value: Json, levels: int) -> int:
    """The number of terms of a selection; 65 where it is none."""
    if not isinstance(value, dict) or len(value) != 1 or not levels:
        return 65
    ((word, inner),) = value.items()
    if word in ("all", "any"):
        right = isinstance(inner, list) and 1 <= len(inner) <= 64
        return sum(_terms(one, levels - 1) for one in inner) if right else 65
    form = TERMS.get(word)
    return 1 if form is not None and form(inner) else 65


TERMS: dict[str, Form] = {
    "collected": exactly(**{"from": or_null(is_day), "until": or_null(is_day)}),
    "label": is_word,
    "tag": exactly(kind=one_of(*TAGS), value=hex_of(16)),
}
WORDS = listed(is_word, 256)
ROLES = listed(is_word, 16)
DIGEST = hex_of(32)
COLLECTED = exactly(at=is_instant, basis=one_of(*BASES))
