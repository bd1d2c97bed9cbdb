"""The sections of an explanation, as lines of text that fit a page; its dates are in
`_explain_dates`.

Rules kept here:

- what is only possible is not told as if it were certain;
- a provision whose wording was not seen is marked wherever it is shown (LAW-2).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from bwcstore.statute._explain_words import (
    VERIFIED,
    WIDTH,
    answers_text,
    cites,
    day_text,
    ground_lines,
    heading,
    maybe,
    paragraph,
    value_text,
)
from bwcstore.statute._facts import Facts, Subject
from bwcstore.statute._judgements import (
    Access,
    ActDecided,
    Classification,
    Ground,
    OverlayApplied,
    Retention,
    RetentionStatus,
    WhatIf,
)
from bwcstore.statute._pack import Law
from bwcstore.statute._rules import Act, Outcome, Verification

_OUTCOMES: Final = {
    Outcome.ALLOW: "allowed",
    Outcome.ESCALATE: "for a person with authority to decide",
    Outcome.DENY: "denied",
}
_EFFECTS: Final = (
    ("withhold", "is withheld"),
    ("must_redact", "must be made unrecognisable"),
    ("may_redact", "may be made unrecognisable"),
    ("never_redact", "must stay recognisable"),
    ("may_disclose", "the agency may disclose all the same"),
)


def title_lines(law: Law, as_of: date) -> Iterator[str]:
    """What is explained: whose recording, on which day, by which law."""
    yield from paragraph(law.agency.title)
    yield from paragraph(f"One recording, by the pack {law.pack.id}: {law.pack.title}")
    yield f"Judged on {as_of}, by the law of {law.on}"
    yield "=" * WIDTH


def headline_lines(
    classification: Classification, retention: Retention, access: Access | None
) -> Iterator[str]:
    """The conclusions, one paragraph each."""
    yield from heading("Conclusion")
    individuals = classification.individuals
    of_individuals = f"data on individuals: {individuals}; " if individuals else ""
    careful = ", as long as facts are missing" if classification.missing else ""
    yield from paragraph(
        f"Class {classification.class_id}{careful}"
        f" ({of_individuals}data not on individuals: {classification.others}),"
        f" by {classification.ground.cite}.",
        level=1,
        lead="- ",
    )
    yield from paragraph(_standing(retention), level=1, lead="- ")
    if access is not None:
        yield from paragraph(
            f"For actor {access.question.actor}: viewing is {_OUTCOMES[access.view.outcome]};"
            f" a copy is {_OUTCOMES[access.copy.outcome]}.",
            level=1,
            lead="- ",
        )
    unseen = [
        ground.cite
        for ground in _resting_on(classification, retention, access)
        if ground.verified is not Verification.TEXT
    ]
    if unseen:
        yield from paragraph(
            f"This rests on provisions whose wording was not seen: "
            f"{', and '.join(dict.fromkeys(unseen))}.",
            level=1,
            lead="- ",
        )


def _resting_on(
    classification: Classification, retention: Retention, access: Access | None
) -> Iterator[Ground]:
    yield classification.ground
    longest = retention.floors[0].end if retention.floors else None
    yield from (one.ground for one in retention.floors if one.end == longest)
    if access is not None:
        yield from (access.view.ground, access.copy.ground)


def _standing(retention: Retention) -> str:
    last, disposal = retention.last_protected, retention.disposal
    match retention.status:
        case RetentionStatus.INDEFINITE:
            return "It is kept without limit of time: it must not be destroyed."
        case RetentionStatus.HELD:
            return (
                f"It is held ({', '.join(retention.holds)}): it must not be destroyed."
                f" Apart from the holds it is protected {_until(last)}."
            )
        case RetentionStatus.AWAITING_EVENT:
            return "It is kept until an event that has not come: it must not be destroyed."
        case RetentionStatus.UNDETERMINED:
            return (
                "Facts are missing that decide how long it is kept: until they are known it must"
                " not be destroyed."
            )
        case RetentionStatus.PROTECTED if disposal is None:
            return (
                f"It must be kept through {last}. After that day nothing gives the agency"
                " authority to destroy it."
            )
        case RetentionStatus.PROTECTED:
            return f"It must be kept through {last}. The agency may destroy it from {disposal} on."
        case RetentionStatus.NO_AUTHORITY if last is None:
            return "Nothing keeps it, and nothing gives the agency authority to destroy it."
        case RetentionStatus.NO_AUTHORITY:
            return (
                f"It was protected through {last}. Nothing gives the agency authority to destroy"
                " it: it is kept."
            )
        case RetentionStatus.WAITING:
            return (
                f"It was protected through {last}. The agency may destroy it from {disposal} on,"
                " not before."
            )
        case RetentionStatus.DUE:
            return (
                f"It was protected through {last}. The agency may destroy it since {disposal}, by"
                f" {cites(retention.authority)}."
            )


def _until(last: date | None) -> str:
    return "without limit" if last is None else f"through {last}"


def fact_lines(facts: Facts, law: Law) -> Iterator[str]:
    """The facts, as they were given, and what others are taken to be."""
    yield from heading("Facts as given")
    given = [spec for spec in law.pack.facts if spec.name in facts.values]
    if not given:
        yield "  none"
    for spec in given:
        value = value_text(facts.values[spec.name], law.zone)
        yield from paragraph(value, level=1, lead=f"{spec.name}: ")
    taken = [
        f"{spec.name}: {value_text(spec.absent, law.zone)}"
        for spec in law.recording_facts
        if spec.name not in facts.values and spec.absent is not None
    ]
    if taken:
        yield from paragraph(
            f"{'; '.join(taken)}.", level=1, lead="Nobody said, and the pack takes as "
        )


def class_lines(classification: Classification) -> Iterator[str]:
    """The class and its reasons."""
    yield from heading("Class", classification.class_id)
    if classification.individuals is None:
        yield "  It has no data on individuals."
    else:
        yield from paragraph(f"Data on individuals: {classification.individuals}.", level=1)
    yield from paragraph(f"Data not on individuals: {classification.others}.", level=1)
    yield from ground_lines(classification.ground, level=1)
    if classification.missing:
        yield from paragraph(
            f"Not known: {', '.join(classification.missing)}. Of the classes that are possible,"
            " this is the one that protects most.",
            level=1,
        )
    if classification.possible:
        yield "  May decide instead, once that is known:"
        for ground in classification.possible:
            yield from ground_lines(ground, level=2)
    if classification.overlays:
        yield "  Goes with it:"
        for overlay in classification.overlays:
            yield from _overlay_lines(overlay)
    for mismatch in classification.mismatches:
        yield from paragraph(
            f"The label {mismatch.label} does not fit the facts: {mismatch.ground.says}"
            f" ({mismatch.ground.cite})",
            level=1,
        )


def _overlay_lines(overlay: OverlayApplied) -> Iterator[str]:
    effect = overlay.effect.value.replace("-", " ")
    yield from paragraph(f"{effect}: {overlay.what}{maybe(overlay.ground)}", level=2, lead="- ")
    yield from ground_lines(overlay.ground, level=3)


def missing_lines(missing: Iterable[str], law: Law) -> Iterator[str]:
    """What a custodian is to be asked."""
    names = tuple(missing)
    if not names:
        return
    yield from heading("Not known; ask")
    for name in names:
        spec = law.specs[name]
        about = "" if spec.about is Subject.RECORDING else f", about the {spec.about}"
        yield from paragraph(
            f"{spec.question} [{name}{about}: {answers_text(spec)}]", level=1, lead="? "
        )
        if spec.note is not None:
            yield from paragraph(spec.note, level=2)


def what_if_lines(what_if: Iterable[WhatIf], now: Retention) -> Iterator[str]:
    """What the last protected day would be, were one fact another."""
    others = [
        one
        for one in what_if
        if (one.last_protected, one.status) != (now.last_protected, now.status)
    ]
    if not others:
        return
    yield from heading("What could change the date")
    yield from paragraph(
        "Each alone, with everything else as it is; what changes nothing is left out. Of dates,"
        " the day of the judgement is tried.",
        level=1,
    )
    for one in others:
        kept = f"last protected day {day_text(one.last_protected)}"
        if one.last_protected is None and one.status is RetentionStatus.NO_AUTHORITY:
            kept = "nothing keeps it"
        yield from paragraph(
            f"{kept} ({one.status})",
            level=1,
            lead=f"{one.fact} = {one.value}: ",
        )


def access_lines(access: Access | None) -> Iterator[str]:
    """Who may see it."""
    if access is None:
        return
    purpose = f", for {access.question.purpose}" if access.question.purpose else ""
    yield from heading("Who may see it", f"{access.question.actor}{purpose}")
    for decided in (access.view, access.copy):
        yield from _act_lines(decided)
    for duty in access.duties:
        yield from paragraph(duty, level=1, lead="Duty: ")


def _act_lines(decided: ActDecided) -> Iterator[str]:
    what = "Viewing" if decided.act is Act.VIEW else "A copy"
    yield from paragraph(f"{what} is {_OUTCOMES[decided.outcome]}{maybe(decided.ground)}.", level=1)
    yield from ground_lines(decided.ground, level=2)
    if decided.unmet:
        yield "    Without which it is not allowed:"
        for ground in decided.unmet:
            yield from ground_lines(ground, level=3)
    for field, words in _EFFECTS:
        overlays: tuple[OverlayApplied, ...] = getattr(decided, field)
        for overlay in overlays:
            yield from paragraph(
                f"{words}: {overlay.what}{maybe(overlay.ground)} ({overlay.ground.cite};"
                f" {VERIFIED[overlay.ground.verified]})",
                level=2,
                lead="- ",
            )


def closing_lines(law: Law) -> Iterator[str]:
    """By what this was judged, and what it is not."""
    yield ""
    yield "-" * WIDTH
    yield from paragraph(f"Pack {law.pack.id}, sources looked at on {law.pack.reviewed}")
    yield f"  SHA-256 {law.pack.digest}"
    yield from paragraph(f"Agency file {law.agency.id}")
    yield f"  SHA-256 {law.agency.digest}"
    yield from paragraph(
        f"Law of {law.on}: the version since {law.version.effective}, {law.version.act}"
        f" ({VERIFIED[law.version.verified]})"
    )
    yield from paragraph(
        "This was calculated from the facts above. It is no legal advice; whoever decides asks"
        " the lawyer of the agency."
    )
