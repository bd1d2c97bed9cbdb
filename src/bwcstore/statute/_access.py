"""Who may view or copy a recording, with which parts made unrecognisable.

Rules kept here (spec chapter `statute-pack`): LAW-70 to LAW-72. What is unknown is decided in the
protective way: the wish is refused or passed on, and redactions that may be due are due.
"""

from datetime import date

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._classify import applying, classify_matter
from bwcstore.statute._condition import CLASS, PURPOSE, Verdict
from bwcstore.statute._facts import Facts
from bwcstore.statute._judgements import Access, ActDecided, Ground, OverlayApplied, Question
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import AccessRule, Act, Effect, Outcome, Overlay
from bwcstore.statute._settle import Matter, settle

_PROTECTIVE = (Outcome.ALLOW, Outcome.ESCALATE, Outcome.DENY)


def access(facts: Facts, question: Question, *, law: Law, as_of: date) -> Access:
    """Say what becomes of a wish to view or copy a recording (spec: LAW-70 to LAW-72).

    Args:
        facts: what is known of the recording and of the request.
        question: who asks, and what for.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Raises:
        InvalidInputError: `argument-invalid`: the pack has no such actor or purpose;
            `fact-future`, `fact-contradiction` or `fact-unknown`: see the spec.
    """
    return decide_access(settle(facts, law=law, as_of=as_of), question)


def _check_term(what: str, given: str, known: set[str]) -> None:
    if given not in known:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"no {what} {given!r:.60} in the pack; it has {', '.join(sorted(known))}",
        )


def decide_access(matter: Matter, question: Question) -> Access:
    """Say what becomes of a wish, for a settled matter.

    Raises:
        InvalidInputError: `argument-invalid`: the pack has no such actor or purpose.
    """
    pack = matter.law.pack
    _check_term("actor", question.actor, {term.id for term in pack.actors})
    if question.purpose is not None:
        _check_term("purpose", question.purpose, {term.id for term in pack.purposes})
    classification = classify_matter(matter)
    within = matter.with_code(CLASS, classification.class_id)
    if question.purpose is not None:
        within = within.with_code(PURPOSE, question.purpose)
    judged = _judged(within, question.actor)
    missing = set(classification.missing)
    for rule, _ in judged:
        missing |= within.missing(rule.when)
        for requirement in rule.requires:
            missing |= within.missing(matter.law.requirements[requirement].when)
    overlays = applying(within, classification.class_id)
    decided = {act: _decide(within, question, act, judged, overlays) for act in Act}
    rules = tuple({rule.id: rule for rule, _ in decided.values()}.values())
    return Access(
        as_of=matter.as_of,
        question=question,
        class_id=classification.class_id,
        view=decided[Act.VIEW][1],
        copy=decided[Act.COPY][1],
        duties=tuple(dict.fromkeys(duty for rule in rules for duty in rule.duties)),
        deadlines=tuple(dict.fromkeys(one for rule in rules for one in rule.deadlines)),
        missing=tuple(sorted(missing - {CLASS, PURPOSE})),
    )


def _judged(matter: Matter, actor: str) -> list[tuple[AccessRule, Verdict]]:
    """The rules that may decide: those not known, and the first that is known to apply."""
    found: list[tuple[AccessRule, Verdict]] = []
    for rule in matter.law.access:
        if rule.actors and actor not in rule.actors:
            continue
        verdict = matter.judge(rule.when)
        if verdict is not Verdict.NO:
            found.append((rule, verdict))
        if verdict is Verdict.YES:
            break
    return found


def _decide(
    matter: Matter,
    question: Question,
    act: Act,
    judged: list[tuple[AccessRule, Verdict]],
    overlays: tuple[tuple[Overlay, Verdict], ...],
) -> tuple[AccessRule, ActDecided]:
    def wanted(rule: AccessRule) -> Outcome:
        return rule.view if act is Act.VIEW else rule.copy

    outcome = max((wanted(rule) for rule, _ in judged), key=_PROTECTIVE.index)
    rule, verdict = next(one for one in judged if wanted(one[0]) is outcome)
    unmet: tuple[Ground, ...] = ()
    if outcome is Outcome.ALLOW:
        # Rules that may decide instead may ask for more.
        needed = dict.fromkeys(name for one, _ in judged for name in one.requires)
        required = [matter.law.requirements[name] for name in needed]
        unmet = tuple(
            Ground.of(one, said)
            for one in required
            if (said := matter.judge(one.when)) is not Verdict.YES
        )
        outcome = Outcome.DENY if unmet else outcome
    by_effect = _overlays(overlays, question.actor, act)
    return rule, ActDecided(
        act=act,
        outcome=outcome,
        ground=Ground.of(rule, verdict),
        unmet=unmet,
        must_redact=by_effect[Effect.MUST_REDACT],
        may_redact=by_effect[Effect.MAY_REDACT],
        never_redact=by_effect[Effect.NEVER_REDACT],
        withhold=by_effect[Effect.WITHHOLD],
        may_disclose=by_effect[Effect.MAY_DISCLOSE],
    )


def _overlays(
    overlays: tuple[tuple[Overlay, Verdict], ...], actor: str, act: Act
) -> dict[Effect, tuple[OverlayApplied, ...]]:
    found = [pair for pair in overlays if _counts(*pair, actor, act)]
    return {
        effect: tuple(
            OverlayApplied(ground=Ground.of(rule, verdict), effect=effect, what=rule.what)
            for rule, verdict in found
            if rule.effect is effect
        )
        for effect in Effect
    }


def _counts(rule: Overlay, verdict: Verdict, actor: str, act: Act) -> bool:
    if act not in rule.acts or (rule.actors and actor not in rule.actors):
        return False
    return verdict is Verdict.YES or rule.effect in (Effect.MUST_REDACT, Effect.WITHHOLD)
