"""The dates of an explanation: how long a recording is kept, and what is owed by when.

Rules kept here:

- a date is given with the days that were added to get it, and whether the first day counts;
- what is only possible is not told as if it were certain.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from bwcstore.statute._explain_words import (
    cites,
    day_text,
    ground_lines,
    heading,
    maybe,
    paragraph,
    weekday_text,
)
from bwcstore.statute._judgements import Deadline, FloorApplied, Retention
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import Counting


def retention_lines(retention: Retention, law: Law) -> Iterator[str]:
    """How long it is kept, with the arithmetic."""
    yield from heading("How long it is kept", retention.status)
    if not retention.floors:
        yield "  No floor of the statute and no entry of the schedule applies."
    elif len(retention.floors) > 1:
        yield "  The longest of these counts."
    for floor in retention.floors:
        yield from paragraph(f"{_arithmetic(floor)}{maybe(floor.ground)}", level=1, lead="- ")
        yield from ground_lines(floor.ground, level=2)
    for extension in retention.extensions:
        yield from paragraph(
            f"request {extension.request}: {_sum(extension.start, f'{extension.days} days')}"
            f" = {day_text(extension.end)}",
            level=1,
            lead="- ",
        )
        yield from ground_lines(extension.ground, level=2)
    if retention.holds:
        yield from paragraph(f"holds: {', '.join(retention.holds)}", level=1, lead="- ")
    for note in retention.notes:
        yield from paragraph(f"{note.about}: {note.says}", level=1, lead="! ")
    yield ""
    yield from _date_lines(retention, law)
    if retention.authority:
        yield "  Authority to destroy:"
        for ground in retention.authority:
            yield from ground_lines(ground, level=2)
    else:
        yield "  Authority to destroy: none"
    if retention.metadata:
        last = day_text(retention.metadata_last_protected)
        yield from paragraph(f"What is known about it is kept apart from it: {last}.", level=1)
        for floor in retention.metadata:
            yield from paragraph(_arithmetic(floor), level=2, lead="- ")
            yield from ground_lines(floor.ground, level=3)


def _arithmetic(floor: FloorApplied) -> str:
    whose = "schedule" if floor.scheduled else "statute"
    if floor.start is not None:
        return f"{whose}: {_sum(floor.start, floor.period)} = {day_text(floor.end)}"
    if floor.end is not None:
        return f"{whose}: {floor.period} = {floor.end}"
    if floor.period.startswith("until "):
        return f"{whose}: {floor.period}, which has not come"
    if floor.period == "indefinite":
        return f"{whose}: without limit"
    return f"{whose}: {floor.period} from a day that is not known, so without limit"


def _sum(start: date | None, period: str) -> str:
    if start is None:
        return f"{period} after an end without limit"
    return f"{start} + {period} (first day not counted)"


def _date_lines(retention: Retention, law: Law) -> Iterator[str]:
    last = retention.last_protected
    yield from paragraph(f"Last protected day: {day_text(last)}", level=1)
    if retention.statutory_floor is not None:
        yield from paragraph(f"By the statute alone: {retention.statutory_floor}", level=1)
    if last is not None:
        grace = law.agency.grace_days
        rolled = law.calendar.roll(last)
        to_roll = (
            f"{weekday_text(last)}, is a day of rest; the next business day is"
            f" {weekday_text(rolled)}"
            if rolled != last
            else f"{weekday_text(last)}, is no day of rest"
        )
        extra = f" + {grace} days of grace" if grace else ""
        yield from paragraph(
            f"{last} + 1 day = {retention.earliest_plain}",
            level=1,
            lead="Earliest destruction, plain: ",
        )
        yield from paragraph(
            f"{to_roll}; + 1 day{extra} = {retention.earliest_conservative}",
            level=1,
            lead="Earliest destruction, conservative: ",
        )
    which = "the conservative day" if law.agency.roll_floors else "the plain day and its grace"
    disposal = (
        f"{retention.disposal} (the agency goes by {which})"
        if retention.disposal is not None
        else "none as things stand"
    )
    yield from paragraph(f"Disposal date: {disposal}", level=1)
    if retention.ceiling is not None:
        passed = ", which is past" if retention.ceiling_passed else ""
        yield from paragraph(
            f"Ceiling: {retention.ceiling}{passed}, by {cites(retention.ceilings)}", level=1
        )


def deadline_lines(deadlines: Iterable[Deadline], law: Law) -> Iterator[str]:
    """What is owed, by which day."""
    found = tuple(deadlines)
    if not found:
        return
    yield from heading("What is owed")
    for one in found:
        yield from paragraph(
            f"{one.duty}, to {one.owed_to}: {_due(one, law)}; {one.status}{maybe(one.ground)}",
            level=1,
            lead="- ",
        )
        yield from ground_lines(one.ground, level=2)


def _due(one: Deadline, law: Law) -> str:
    rule = next(rule for rule in law.deadlines if rule.id == one.id)
    if one.promptness is not None:
        since = "" if one.start is None else f", from {one.start} on"
        return f"{one.promptness}{since}"
    if one.plain is None or one.start is None:
        return f"{rule.period} from a day that is not known ({', '.join(one.missing)})"
    counted = "business days" if rule.counting is Counting.BUSINESS else "first day not counted"
    rolled = ""
    if one.rolled != one.plain:
        rolled = f", which is a day of rest; by the law {one.rolled}"
    later = ", or the later day before which it is not owed" if rule.not_before else ""
    return f"by {one.plain} ({one.start} + {rule.period}, {counted}{later}){rolled}"
