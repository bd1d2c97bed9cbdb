"""What the agency owes, to whom, and by which day.

Rules kept here (spec chapter `statute-pack`): LAW-80 and LAW-81. Both dates are given, the plain
one and the one with days of rest left out: an agency goes by the plain one.
"""

from datetime import date

from bwcstore.statute._condition import Gap, Verdict
from bwcstore.statute._facts import Facts, Subject
from bwcstore.statute._judgements import Deadline, DeadlineStatus, Ground
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import Counting, DeadlineRule
from bwcstore.statute._settle import Matter, settle


def deadlines(facts: Facts, *, law: Law, as_of: date) -> tuple[Deadline, ...]:
    """Say what is owed because of a recording, a request or the agency (spec: LAW-80, LAW-81).

    The soonest comes first, those without a date last; duties that are met are among them.

    Args:
        facts: what is known of the recording, the request and the agency.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Raises:
        InvalidInputError: `fact-future`, `fact-contradiction` or `fact-unknown`; see the spec.
    """
    return owed(settle(facts, law=law, as_of=as_of))


def owed(matter: Matter) -> tuple[Deadline, ...]:
    """Say what is owed in a settled matter."""
    found = [one for rule in matter.law.deadlines if (one := _deadline(matter, rule))]
    return tuple(sorted(found, key=lambda one: (one.plain or date.max, one.id)))


def _deadline(matter: Matter, rule: DeadlineRule) -> Deadline | None:
    verdict = matter.judge(rule.when)
    start = matter.day(rule.start)
    if verdict is Verdict.NO or start is Gap.NEVER:
        return None
    missing = set(matter.missing(rule.when))
    if start is Gap.UNKNOWN:
        missing.add(rule.start)
    plain = _plain(matter, rule, start) if isinstance(start, date) else None
    for name in rule.not_before:
        not_before = matter.day(name)
        if isinstance(not_before, date) and plain is not None:
            plain = max(plain, not_before)
        elif not_before is Gap.UNKNOWN:
            missing.add(name)
    rolled = matter.law.calendar.roll(plain) if plain is not None and rule.rolls else plain
    return Deadline(
        id=rule.id,
        ground=Ground.of(rule, verdict),
        about=Subject(rule.about),
        duty=rule.duty,
        owed_to=rule.owed_to,
        start=start if isinstance(start, date) else None,
        plain=plain,
        rolled=rolled,
        promptness=rule.promptness,
        status=_status(matter, rule, plain, rolled),
        missing=tuple(sorted(missing)),
    )


def _plain(matter: Matter, rule: DeadlineRule, start: date) -> date | None:
    if rule.period is None:
        return None
    if rule.counting is Counting.BUSINESS:
        return matter.law.calendar.business_days_after(start, rule.period.count)
    return rule.period.after(start)


def _status(
    matter: Matter, rule: DeadlineRule, plain: date | None, rolled: date | None
) -> DeadlineStatus:
    if matter.judge(rule.met) is Verdict.YES:
        return DeadlineStatus.MET
    if rolled is not None and matter.as_of > rolled:
        return DeadlineStatus.OVERDUE
    if plain is not None and matter.as_of > plain:
        return DeadlineStatus.PAST_PLAIN
    return DeadlineStatus.OWED
