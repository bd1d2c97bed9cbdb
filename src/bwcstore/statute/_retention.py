"""How long a recording must be kept, from when it may be destroyed, and by what authority.

Rules kept here (spec chapter `statute-pack`):

- the longest floor wins, and where a fact is missing the floor that it may bring counts (LAW-60,
  LAW-61);
- requests extend the end of the period, a hold suspends it (LAW-62, LAW-63);
- only a confirmed schedule entry gives authority to destroy (LAW-65);
- a ceiling never destroys by itself (LAW-67).

Nothing here destroys, or knows whether the recording exists.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import attrs

from bwcstore.statute._civil import LAST_DATE
from bwcstore.statute._condition import Gap, Settled, Verdict, judge, names
from bwcstore.statute._facts import Facts, RetentionRequest
from bwcstore.statute._judgements import (
    ExtensionApplied,
    FloorApplied,
    Ground,
    Note,
    NoteKind,
    Retention,
    RetentionStatus,
)
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import Extension, Floor, Kept, ScheduleEntry
from bwcstore.statute._settle import Matter, settle


@attrs.frozen(kw_only=True)
class _Judged:
    """A floor or entry with its verdict and the end it would give."""

    rule: Floor | ScheduleEntry
    verdict: Verdict
    end: date | None
    start: date | None
    lacks: frozenset[str]

    @property
    def applied(self) -> FloorApplied:
        rule = self.rule
        until = rule.until if isinstance(rule, Floor) else None
        return FloorApplied(
            ground=Ground.of(rule, self.verdict),
            end=self.end,
            start=self.start,
            period=str(rule.period or (f"until {until}" if until else "indefinite")),
            scheduled=isinstance(rule, ScheduleEntry),
        )


def retention(facts: Facts, *, law: Law, as_of: date) -> Retention:
    """Say how long a recording is kept (spec: LAW-60 to LAW-69).

    Args:
        facts: what is known of it.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Raises:
        InvalidInputError: `fact-future`, `fact-contradiction` or `fact-unknown`; see the spec.
    """
    return retain_matter(settle(facts, law=law, as_of=as_of))


def retain_matter(matter: Matter) -> Retention:
    """Say how long a settled matter is kept."""
    law = matter.law
    floors = [_judge(matter, rule) for rule in law.floors if rule.keeps is Kept.RECORDING]
    entries = [_judge(matter, rule) for rule in law.schedule]
    possible = [one for one in (*floors, *entries) if one.verdict is not Verdict.NO]
    requests, notes = _requests(matter)
    end, extensions = _extended(_latest(possible) if possible else None, requests)
    last_protected = end and max(end, *(hold.released or end for hold in matter.holds()), end)
    held = tuple(
        sorted(
            hold.id
            for hold in matter.holds()
            if hold.placed <= matter.as_of
            and (hold.released is None or hold.released > matter.as_of)
        )
    )
    authority = [
        one
        for one in entries
        if one.verdict is Verdict.YES and isinstance(one.rule, ScheduleEntry) and one.rule.confirmed
    ]
    ceiling, ceilings = _ceiling(matter)
    plain, conservative, disposal = _earliest(law, last_protected, ceiling)
    passed = ceiling is not None and matter.as_of > ceiling
    metadata = [
        one
        for rule in law.floors
        if rule.keeps is Kept.METADATA
        if (one := _judge(matter, rule)).verdict is not Verdict.NO
    ]
    missing = _missing(matter, possible)
    found = Retention(
        as_of=matter.as_of,
        status=RetentionStatus.DUE,
        last_protected=last_protected,
        statutory_floor=_statutory(matter, floors, requests),
        earliest_plain=plain,
        earliest_conservative=conservative,
        disposal=disposal if authority and not held else None,
        ceiling=ceiling,
        ceiling_passed=passed,
        floors=tuple(one.applied for one in sorted(possible, key=_longest_first)),
        extensions=extensions,
        ceilings=ceilings,
        authority=tuple(Ground.of(one.rule, one.verdict) for one in authority),
        holds=held,
        metadata=tuple(one.applied for one in metadata),
        metadata_last_protected=_latest(metadata) if metadata else None,
        missing=missing,
        could_change=_could_change((*floors, *entries), last_protected, missing),
        notes=(*notes, *_unconfirmed(entries)),
    )
    found = attrs.evolve(found, status=_status(matter, found, possible))
    return _with_ceiling_note(found)


def _judge(matter: Matter, rule: Floor | ScheduleEntry) -> _Judged:
    verdict = matter.judge(rule.when)
    until = rule.until if isinstance(rule, Floor) else None
    start: date | Gap | None = matter.day(rule.start) if rule.start else None
    end: date | Gap | None = None
    lacks: frozenset[str] = frozenset()
    if until is not None:
        end = matter.day(until)
        if end is Gap.UNKNOWN:
            lacks = frozenset({until})
    elif rule.period is not None and rule.start is not None:
        if isinstance(start, date):
            end = rule.period.after(start)
        else:
            lacks = frozenset({rule.start})
    return _Judged(
        rule=rule,
        verdict=verdict,
        end=end if isinstance(end, date) else None,
        start=start if isinstance(start, date) else None,
        lacks=lacks,
    )


def _latest(judged: Iterable[_Judged]) -> date | None:
    """The latest end; None where one is without limit. There is at least one."""
    ends = [one.end for one in judged]
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _longest_first(judged: _Judged) -> tuple[int, str]:
    return (-(judged.end or LAST_DATE).toordinal() - (judged.end is None), judged.rule.id)


@attrs.frozen(kw_only=True)
class _Answers:
    """The flags of one request, for the condition that accepts it."""

    request: RetentionRequest

    def settled(self, name: str) -> Settled:
        return self.request.answers.get(name, Gap.UNKNOWN)


def _requests(matter: Matter) -> tuple[list[tuple[RetentionRequest, Extension]], list[Note]]:
    """The requests that add time, in the order in which they do, and what to notice of others."""
    accepted: list[tuple[RetentionRequest, Extension]] = []
    notes: list[Note] = []
    for name in sorted({rule.requests for rule in matter.law.extensions}):
        rules = [rule for rule in matter.law.extensions if rule.requests == name]
        for request in matter.requests(name):
            if request.withdrawn is not None and request.withdrawn <= matter.as_of:
                continue
            fitting = [
                rule
                for rule in rules
                if judge(rule.accept, _Answers(request=request)) is Verdict.YES
            ]
            if not fitting:
                notes.append(_note_refused(request, rules))
                continue
            best = max(fitting, key=lambda rule: rule.cap_days)
            accepted.append((request, best))
            if request.days > best.cap_days:
                notes.append(_note_capped(request, best))
    return sorted(accepted, key=lambda one: (one[0].received, one[0].id)), notes


def _note_refused(request: RetentionRequest, rules: list[Extension]) -> Note:
    cites = ", ".join(rule.cite for rule in rules)
    return Note(
        kind=NoteKind.REQUEST_NOT_ACCEPTED,
        about=request.id,
        says=f"the request is not of the kind that {cites} grants; it may be honoured by a hold",
    )


def _note_capped(request: RetentionRequest, rule: Extension) -> Note:
    return Note(
        kind=NoteKind.REQUEST_OVER_CAP,
        about=request.id,
        says=f"{request.days} days are asked for, {rule.cap_days} are granted by {rule.cite};"
        " a new request may follow",
    )


def _extended(
    end: date | None, requests: list[tuple[RetentionRequest, Extension]]
) -> tuple[date | None, tuple[ExtensionApplied, ...]]:
    applied = []
    for request, rule in requests:
        days = min(request.days, rule.cap_days)
        start = end and max(end, request.received)
        end = start and _plus(start, days)
        applied.append(
            ExtensionApplied(
                request=request.id,
                ground=Ground.of(rule, Verdict.YES),
                start=start,
                days_asked=request.days,
                days=days,
                end=end,
            )
        )
    return end, tuple(applied)


def _plus(day: date, days: int) -> date:
    return LAST_DATE if (LAST_DATE - day).days <= days else day + timedelta(days=days)


def _statutory(
    matter: Matter, floors: list[_Judged], requests: list[tuple[RetentionRequest, Extension]]
) -> date | None:
    certain = [one for one in floors if one.verdict is Verdict.YES]
    if certain:
        return _extended(_latest(certain), requests)[0]
    rule = matter.law.unclassified
    if rule is None or all(one.verdict is Verdict.NO for one in floors):
        return None
    start = matter.day(rule.start)
    return _extended(rule.period.after(start) if isinstance(start, date) else None, requests)[0]


def _earliest(
    law: Law, last_protected: date | None, ceiling: date | None
) -> tuple[date | None, date | None, date | None]:
    if last_protected is None:
        return None, None, None
    grace = law.agency.grace_days
    plain = _plus(last_protected, 1)
    conservative = _plus(law.calendar.roll(last_protected), 1 + grace)
    disposal = conservative if law.agency.roll_floors else _plus(plain, grace)
    if ceiling is not None:
        # The agency's own caution does not carry a recording past a day that the law sets.
        disposal = min(disposal, max(plain, _plus(ceiling, 1)))
    return plain, conservative, disposal


def _ceiling(matter: Matter) -> tuple[date | None, tuple[Ground, ...]]:
    ends: list[date] = []
    grounds = []
    for rule in matter.law.ceilings:
        start = matter.day(rule.start)
        if matter.judge(rule.when) is Verdict.YES and isinstance(start, date):
            ends.append(rule.period.after(start))
            grounds.append(Ground.of(rule, Verdict.YES))
    return min(ends, default=None), tuple(grounds)


def _missing(matter: Matter, possible: list[_Judged]) -> tuple[str, ...]:
    certain = [one for one in possible if one.verdict is Verdict.YES]
    end = _latest(certain) if certain else date.min
    found: set[str] = set()
    for one in possible:
        found |= one.lacks
        if one.verdict is Verdict.UNKNOWN and _later(one.end, end):
            found |= matter.missing(one.rule.when)
    return tuple(sorted(found))


def _later(end: date | None, than: date | None) -> bool:
    return than is not None and (end is None or end > than)


def _could_change(
    judged: tuple[_Judged, ...], last_protected: date | None, missing: tuple[str, ...]
) -> tuple[str, ...]:
    if last_protected is None:
        return missing
    found: set[str] = set()
    for one in judged:
        if one.verdict is not Verdict.YES and _later(one.end, last_protected):
            found |= names(one.rule.when)
    return tuple(sorted(found))


def _unconfirmed(entries: list[_Judged]) -> list[Note]:
    return [
        Note(
            kind=NoteKind.ENTRY_NOT_CONFIRMED,
            about=one.rule.id,
            says="the entry protects, and gives no authority to destroy: the agency has not"
            " confirmed that it was approved",
        )
        for one in entries
        if one.verdict is Verdict.YES
        and isinstance(one.rule, ScheduleEntry)
        and not one.rule.confirmed
    ]


def _status(matter: Matter, found: Retention, possible: list[_Judged]) -> RetentionStatus:
    certain = [one.rule for one in possible if one.verdict is Verdict.YES]
    if any(_is_indefinite(rule) for rule in certain):
        return RetentionStatus.INDEFINITE
    if found.holds:
        return RetentionStatus.HELD
    if any(
        isinstance(rule, Floor) and rule.until and matter.day(rule.until) is Gap.NEVER
        for rule in certain
    ):
        return RetentionStatus.AWAITING_EVENT
    if found.last_protected is None and possible:
        return RetentionStatus.UNDETERMINED
    if found.last_protected is not None and matter.as_of <= found.last_protected:
        return RetentionStatus.PROTECTED
    if found.disposal is None:
        return RetentionStatus.NO_AUTHORITY
    return RetentionStatus.WAITING if matter.as_of < found.disposal else RetentionStatus.DUE


def _is_indefinite(rule: Floor | ScheduleEntry) -> bool:
    return rule.indefinite if isinstance(rule, Floor) else rule.permanent


def _with_ceiling_note(found: Retention) -> Retention:
    if not found.ceiling_passed or found.status in (RetentionStatus.WAITING, RetentionStatus.DUE):
        return found
    note = Note(
        kind=NoteKind.CEILING_YIELDS,
        about=found.ceilings[0].rule,
        says=f"the ceiling was {found.ceiling}; the recording is kept all the same because its"
        f" status is {found.status}",
    )
    return attrs.evolve(found, notes=(*found.notes, note))
