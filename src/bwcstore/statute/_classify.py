"""Which class a recording is of, with the provision that makes it so.

Rules kept here (spec chapter `statute-pack`): LAW-50 to LAW-52. The first rule that applies
decides; where a missing fact could have let an earlier one apply, the most protective of the
possible classes is taken and the fact is named.
"""

from datetime import date

import attrs

from bwcstore.statute._condition import CLASS, Verdict
from bwcstore.statute._facts import LABELS, Facts, Subject
from bwcstore.statute._judgements import Classification, Ground, Mismatch, OverlayApplied
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import ClassRule, Label, Overlay
from bwcstore.statute._settle import Matter, settle


def classify(facts: Facts, *, law: Law, as_of: date) -> Classification:
    """Say which class a recording is of on a day (spec: LAW-50 to LAW-52).

    Args:
        facts: what is known of it.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.

    Raises:
        InvalidInputError: `fact-future`, `fact-contradiction` or `fact-unknown`; see the spec.
    """
    return classify_matter(settle(facts, law=law, as_of=as_of))


def classify_matter(matter: Matter) -> Classification:
    """Say which class a settled matter is of."""
    law = matter.law
    judged = _judged(matter)
    rank = max(law.classes[rule.gives].rank for rule, _ in judged)
    rule, verdict = next(one for one in judged if law.classes[one[0].gives].rank == rank)
    found = law.classes[rule.gives]
    without_individuals = matter.judge(law.pack.individuals_when) is Verdict.NO
    missing: set[str] = set()
    for other, _ in judged:
        missing |= matter.missing(other.when)
    return Classification(
        as_of=matter.as_of,
        class_id=found.id,
        individuals=None if without_individuals else found.individuals,
        others=found.others,
        ground=Ground.of(rule, verdict),
        possible=tuple(Ground.of(other, said) for other, said in judged if other is not rule),
        overlays=_overlays(matter, found.id),
        mismatches=_mismatches(matter),
        missing=tuple(sorted(missing)),
    )


def _judged(matter: Matter) -> list[tuple[ClassRule, Verdict]]:
    """The rules that may decide: those not known, and the first that is known to apply."""
    found: list[tuple[ClassRule, Verdict]] = []
    for rule in matter.law.classification:
        verdict = matter.judge(rule.when)
        if verdict is not Verdict.NO:
            found.append((rule, verdict))
        if verdict is Verdict.YES:
            break
    return found


def applying(matter: Matter, klass: str) -> tuple[tuple[Overlay, Verdict], ...]:
    """The overlays that apply to a class, with whether they are known to."""
    within = matter.with_code(CLASS, klass)
    return tuple(
        (rule, verdict)
        for rule in matter.law.overlays
        if not rule.classes or klass in rule.classes
        if (verdict := within.judge(rule.when)) is not Verdict.NO
    )


def _overlays(matter: Matter, klass: str) -> tuple[OverlayApplied, ...]:
    return tuple(
        OverlayApplied(ground=Ground.of(rule, verdict), effect=rule.effect, what=rule.what)
        for rule, verdict in applying(_without_request(matter), klass)
    )


def _without_request(matter: Matter) -> Matter:
    about = {spec.name for spec in matter.law.pack.facts if spec.about is not Subject.RECORDING}
    return attrs.evolve(
        matter, values={name: value for name, value in matter.values.items() if name not in about}
    )


def _mismatches(matter: Matter) -> tuple[Mismatch, ...]:
    held = matter.settled(LABELS)
    return tuple(
        Mismatch(label=label.id, ground=Ground.of(label, Verdict.YES))
        for label in matter.law.labels
        if isinstance(held, frozenset) and label.id in held and _belied(matter, label)
    )


def _belied(matter: Matter, label: Label) -> bool:
    return matter.judge(label.expects) is Verdict.NO
