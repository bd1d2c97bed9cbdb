"""Words for the values of the law engine, and paragraphs that fit a page.

Nothing here concludes anything.
"""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from bwcstore._values import Instant
from bwcstore.statute._facts import FactSpec, FactType, Hold, RetentionRequest
from bwcstore.statute._judgements import Ground
from bwcstore.statute._rules import Verification

WIDTH: Final = 80
_STEP: Final = "  "
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
VERIFIED: Final = {
    Verification.TEXT: "wording seen",
    Verification.SECONDARY: "wording not seen, an authoritative source states it",
    Verification.UNVERIFIED: "NOT VERIFIED: no source was seen",
}


def paragraph(text: str, *, level: int = 0, lead: str = "") -> Iterator[str]:
    """Lines of a paragraph, none longer than a page is wide where words allow.

    Args:
        text: the words.
        level: how far it is indented.
        lead: what stands before the first line, with the others indented after it.
    """
    indent = _STEP * level
    yield from textwrap.wrap(
        f"{lead}{text}",
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + _STEP * bool(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


def heading(text: str, detail: str = "") -> Iterator[str]:
    """A line that begins a section, with an empty one before it."""
    yield from ("", text.upper() + (f": {detail}" if detail else ""))


def day_text(day: date | None) -> str:
    """A day, or that there is none."""
    return "without limit" if day is None else str(day)


def weekday_text(day: date) -> str:
    """A day with its name: `2024-06-15, a Saturday`."""
    return f"{day}, a {_DAYS[day.weekday()]}"


def ground_lines(ground: Ground, *, level: int) -> Iterator[str]:
    """The citation of a rule, how well it is verified, what it says and what it leaves open."""
    head = f"{ground.cite} [rule {ground.rule}; {VERIFIED[ground.verified]}]"
    yield from paragraph(head, level=level)
    yield from paragraph(ground.says, level=level + 1)
    if ground.ambiguity is not None:
        yield from paragraph(ground.ambiguity, level=level + 1, lead="Left open: ")
    if ground.note is not None:
        yield from paragraph(ground.note, level=level + 1, lead="Note: ")


def maybe(ground: Ground) -> str:
    """What is to be added where it is not certain that a rule applies."""
    return "" if ground.certain else " (may apply: a fact is missing)"


def cites(grounds: Iterable[Ground]) -> str:
    """The provisions of several rules, each once."""
    return "; ".join(dict.fromkeys(one.cite for one in grounds))


def value_text(value: object, zone: ZoneInfo) -> str:
    """The value of a fact, in words."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Instant():
            moment = datetime.fromisoformat(str(value)).astimezone(zone)
            return f"{moment.isoformat(sep=' ', timespec='seconds')}"
        case frozenset():
            return ", ".join(sorted(value)) or "none"
        case tuple():
            return "; ".join(_listed(one) for one in value) or "none"
        case None:
            return "not known"
        case _:
            return str(value)


def _listed(one: object) -> str:
    match one:
        case RetentionRequest():
            ended = f", withdrawn {one.withdrawn}" if one.withdrawn else ""
            yes = [name for name, said in sorted(one.answers.items()) if said]
            also = f", {', '.join(yes)}" if yes else ""
            return f"request {one.id}, received {one.received}, {one.days} days{also}{ended}"
        case Hold():
            ended = f", released {one.released}" if one.released else ""
            return f"hold {one.id} ({one.kind}), placed {one.placed}{ended}"
        case _:
            return str(one)


def answers_text(spec: FactSpec) -> str:
    """What a custodian may answer when asked for a fact."""
    match spec.type:
        case FactType.FLAG:
            return "yes or no"
        case FactType.CODE:
            return f"one of {', '.join(spec.codes)}"
        case FactType.CODES:
            return f"any of {', '.join(spec.codes)}, or none"
        case FactType.DATE:
            return "a date"
        case FactType.INSTANT:
            return "a date and time with its offset"
        case FactType.REQUESTS:
            return "the requests"
        case FactType.HOLDS:
            return "the holds"
