"""Retention of many recordings at once, as arrays of numbers.

Rules kept here (spec chapter `statute-pack`): LAW-60 to LAW-68, as `_retention` keeps them for one
recording. An end is the number of a date, or `LIMITLESS`.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from bwcstore.statute._judgements import RetentionStatus
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import Extension, Floor, Kept, ScheduleEntry
from bwcstore.statute.tables._columns import NO, NONE, Answers, Bits, Bools, Columns
from bwcstore.statute.tables._day_columns import LIMITLESS, NEVER, NOTHING, UNKNOWN, Days, plus_days
from bwcstore.statute.tables._fact_columns import Piece
from bwcstore.statute.tables._listed_facts import Requests

STATUSES: Final = tuple(RetentionStatus)
_LIMITLESS: Final[Days] = np.array([LIMITLESS], dtype=np.int32)


@attrs.frozen(kw_only=True, eq=False)
class Keeping:
    """How long the recordings of a piece are kept.

    Days are numbered as `_day_columns` does it; what is no date stands for none.

    Attributes:
        status: which of `STATUSES`.
        last_protected: the last day on which a recording must not be destroyed.
        statutory_floor: the last day that the statute alone protects.
        earliest_plain: the day after the last protected one.
        earliest_conservative: that day, rolled, and the agency's grace.
        disposal: the day from which the agency destroys.
        ceiling: the last day on which a recording may be kept.
        ceiling_passed: where the day of the judgement is after the ceiling.
        metadata_last_protected: the last day of the metadata.
        authority: the confirmed entries, and where each gives authority.
        missing: the bits of the facts that keep the end from being known.
    """

    status: npt.NDArray[np.int32]
    last_protected: Days
    statutory_floor: Days
    earliest_plain: Days
    earliest_conservative: Days
    disposal: Days
    ceiling: Days
    ceiling_passed: Bools
    metadata_last_protected: Days
    authority: tuple[tuple[str, Bools], ...]
    missing: Bits


@attrs.frozen(kw_only=True, eq=False)
class _Judged:
    """A floor or entry, where it holds, the end that it would give, and what that waits for."""

    rule: Floor | ScheduleEntry
    answers: Answers
    end: Days
    lacks: Bits

    @property
    def possible(self) -> Bools:
        return ~self.answers.no


def keep(piece: Piece, law: Law) -> Keeping:
    """Say how long the recordings of a piece are kept (spec: LAW-60 to LAW-68)."""
    columns = piece.columns
    floors = _judged(columns, [rule for rule in law.floors if rule.keeps is Kept.RECORDING])
    entries = _judged(columns, law.schedule)
    everything = (*floors, *entries)
    extensions = _extensions(piece, law)
    certain = _latest([(one.answers.yes, one.end) for one in everything])
    last = _limited(_latest([(one.possible, one.end) for one in everything]))
    last = _extended(np.broadcast_to(last, (piece.count,)), extensions)
    held = NO
    if piece.holds is not None:
        np.maximum.at(last, piece.holds.rows, piece.holds.ended)
        held = np.zeros(piece.count, dtype=np.bool_)
        held[piece.holds.rows[holding(piece)]] = True
    authority = tuple(
        (one.rule.id, one.answers.yes)
        for one in entries
        if isinstance(one.rule, ScheduleEntry) and one.rule.confirmed
    )
    ceiling = _ceiling(columns, law)
    plain, conservative, disposal = _earliest(columns, law, last, ceiling)
    destroyable = _any(hit for _, hit in authority) & ~held
    disposal = np.where(destroyable, disposal, np.int32(LIMITLESS))
    found = Keeping(
        status=np.zeros(0, dtype=np.int32),
        last_protected=last,
        statutory_floor=_statutory(piece, law, floors, extensions),
        earliest_plain=plain,
        earliest_conservative=conservative,
        disposal=disposal,
        ceiling=ceiling,
        ceiling_passed=columns.as_of > ceiling,
        metadata_last_protected=_metadata(columns, law),
        authority=authority,
        missing=_missing(columns, everything, certain),
    )
    return attrs.evolve(found, status=_status(piece, found, everything, held))


def holding(piece: Piece) -> Bools:
    """Which of the holds of a piece hold (spec: LAW-63)."""
    if piece.holds is None:
        return np.zeros(0, dtype=np.bool_)
    day, ended = piece.columns.as_of, piece.holds.ended
    found: Bools = (piece.holds.begun <= day) & ((ended == NEVER) | (ended > day))
    return found


def _judged(columns: Columns, rules: Sequence[Floor | ScheduleEntry]) -> list[_Judged]:
    """The rules that may apply to a row at least."""
    found = []
    for rule in rules:
        answers = columns.judge(rule.when)
        if answers.no.all():
            continue
        end, lacks = _end(columns, rule)
        found.append(_Judged(rule=rule, answers=answers, end=end, lacks=lacks))
    return found


def _end(columns: Columns, rule: Floor | ScheduleEntry) -> tuple[Days, Bits]:
    until = rule.until if isinstance(rule, Floor) else None
    if until is not None:
        end = columns.days(until)
        waits = end == UNKNOWN
        bit = columns.bit(until)
    elif rule.period is not None and rule.start is not None:
        end = columns.calendar.after(rule.period, columns.days(rule.start))
        waits = end < 0
        bit = columns.bit(rule.start)
    else:
        return _LIMITLESS, NONE
    lacks = waits * bit if waits.any() else NONE
    return _limited(end), lacks


def _limited(days: Days) -> Days:
    """What is no date is without limit."""
    return np.where(days > 0, days, np.int32(LIMITLESS))


def _latest(ends: Sequence[tuple[Bools, Days]]) -> Days:
    """The latest of the ends that count; `NOTHING` where none does."""
    found = np.array([NOTHING], dtype=np.int32)
    for counts, end in ends:
        # Where it does not count it is times zero, which is `NOTHING`.
        found = np.maximum(found, end * counts)
    return found


def _any(hits: Iterable[Bools]) -> Bools:
    found = NO
    for hit in hits:
        found = found | hit
    return found


@attrs.frozen(kw_only=True, eq=False)
class _Round:
    """At most one accepted request of each recording."""

    rows: npt.NDArray[np.int64]
    received: Days
    days: npt.NDArray[np.int32]


def _extensions(piece: Piece, law: Law) -> list[_Round]:
    """The requests that add time: the first of each recording, then the second, and so on."""
    accepted = [
        _accepted(piece.columns, piece.requests[name], rules)
        for name in sorted({rule.requests for rule in law.extensions} & set(piece.requests))
        if (rules := [rule for rule in law.extensions if rule.requests == name])
    ]
    if not accepted:
        return []
    rows = np.concatenate([one.rows for one in accepted])
    received = np.concatenate([one.received for one in accepted])
    days = np.concatenate([one.days for one in accepted])
    order = np.lexsort((received, rows))
    rows, received, days = rows[order], received[order], days[order]
    begins = np.flatnonzero(np.diff(rows, prepend=-1))
    place = np.arange(len(rows)) - np.repeat(begins, np.diff(begins, append=len(rows)))
    return [
        _Round(rows=rows[this], received=received[this], days=days[this])
        for number in range(int(place.max(initial=-1)) + 1)
        if (this := place == number) is not None
    ]


def _accepted(columns: Columns, requests: Requests, rules: list[Extension]) -> _Round:
    asked = Columns(
        columns=requests.answers, bits={}, as_of=columns.as_of, calendar=columns.calendar
    )
    cap = np.zeros(len(requests.rows), dtype=np.int32)
    for rule in rules:
        fits = asked.judge(rule.accept).yes
        cap = np.maximum(cap, np.where(fits, np.int32(rule.cap_days), np.int32(0)))
    counts = (cap > 0) & ((requests.ended == NEVER) | (requests.ended > columns.as_of))
    return _Round(
        rows=requests.rows[counts],
        received=requests.begun[counts],
        days=np.minimum(requests.days, cap)[counts],
    )


def _extended(end: Days, extensions: list[_Round]) -> Days:
    found = end.copy()
    for one in extensions:
        found[one.rows] = plus_days(np.maximum(found[one.rows], one.received), one.days)
    return found


def _statutory(piece: Piece, law: Law, floors: list[_Judged], extensions: list[_Round]) -> Days:
    columns = piece.columns
    certain = _latest([(one.answers.yes, one.end) for one in floors])
    locked = _LIMITLESS
    if law.unclassified is not None:
        start = columns.days(law.unclassified.start)
        locked = _limited(columns.calendar.after(law.unclassified.period, start))
    possible = _any(one.possible for one in floors)
    end = np.where(certain != NOTHING, certain, np.where(possible, locked, np.int32(LIMITLESS)))
    return _extended(np.broadcast_to(end, (piece.count,)), extensions)


def _earliest(columns: Columns, law: Law, last: Days, ceiling: Days) -> tuple[Days, Days, Days]:
    grace = law.agency.grace_days
    plain = plus_days(last, 1)
    conservative = plus_days(columns.calendar.rolled(last), 1 + grace)
    disposal = conservative if law.agency.roll_floors else plus_days(plain, grace)
    # The agency's own caution does not carry a recording past a day that the law sets.
    disposal = np.minimum(disposal, np.maximum(plain, plus_days(ceiling, 1)))
    return plain, conservative, disposal


def _ceiling(columns: Columns, law: Law) -> Days:
    found = _LIMITLESS
    for rule in law.ceilings:
        end = columns.calendar.after(rule.period, columns.days(rule.start))
        counts = columns.judge(rule.when).yes & (end > 0)
        found = np.minimum(found, np.where(counts, end, np.int32(LIMITLESS)))
    return found


def _metadata(columns: Columns, law: Law) -> Days:
    rules = [rule for rule in law.floors if rule.keeps is Kept.METADATA]
    return _latest([(one.possible, one.end) for one in _judged(columns, rules)])


def _missing(columns: Columns, judged: Sequence[_Judged], certain: Days) -> Bits:
    found = NONE
    for one in judged:
        if one.lacks.any():
            found = found | np.where(one.possible, one.lacks, np.uint64(0))
        # No end that is a date lies before the second day of the calendar.
        open_and_later = one.answers.unknown & (one.end > np.maximum(certain, 1))
        if open_and_later.any():
            asked = columns.missing(one.rule.when)
            found = found | np.where(open_and_later, asked, np.uint64(0))
    return found


def _status(
    piece: Piece, found: Keeping, judged: Sequence[_Judged], held: Bools
) -> npt.NDArray[np.int32]:
    as_of = piece.columns.as_of
    endless, awaiting = NO, NO
    for one in judged:
        if isinstance(one.rule, Floor):
            without_end, until = one.rule.indefinite, one.rule.until
        else:
            without_end, until = one.rule.permanent, None
        if without_end:
            endless = endless | one.answers.yes
        if until is not None:
            awaiting = awaiting | (one.answers.yes & (piece.columns.days(until) == NEVER))
    limited = found.last_protected != LIMITLESS
    # From the last that applies to the first: what comes later takes the place of what was there.
    steps = (
        (RetentionStatus.WAITING, found.disposal > as_of),
        (RetentionStatus.NO_AUTHORITY, found.disposal == LIMITLESS),
        (RetentionStatus.PROTECTED, limited & (as_of <= found.last_protected)),
        (RetentionStatus.UNDETERMINED, ~limited & _any(one.possible for one in judged)),
        (RetentionStatus.AWAITING_EVENT, awaiting),
        (RetentionStatus.HELD, held),
        (RetentionStatus.INDEFINITE, endless),
        (RetentionStatus.UNDETERMINED, ~piece.sound),
    )
    status = np.full(piece.count, STATUSES.index(RetentionStatus.DUE), dtype=np.int32)
    for name, where in steps:
        status = np.where(where, np.int32(STATUSES.index(name)), status)
    return status
