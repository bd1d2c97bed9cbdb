"""What is true of a recording, for people in one screen and for programs as JSON.

Nothing here concludes anything.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final, cast

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.custody._explained import Explained, FactShown, MayDo
from bwcstore.statute._explain_words import cites, day_text, paragraph

_LABEL: Final = 13
_EACH: Final = "- "


def explanation_lines(shown: Explained) -> Iterator[str]:
    """It as lines for people."""
    yield from _title(shown)
    yield from _classified(shown)
    yield from _kept(shown)
    yield from _said(shown)
    yield from _bound(shown)
    yield from _went(shown)
    yield from _who(shown)
    yield from _destroyed(shown)


def _row(name: str, text: str) -> Iterator[str]:
    yield from paragraph(text, lead=f"{name:<{_LABEL}}")


def _title(shown: Explained) -> Iterator[str]:
    yield from _row("recording", f"{shown.object_id}: {shown.status} on {shown.as_of}")
    if shown.law is not None:
        law = shown.law.law
        yield from _row("law", f"{law.pack.id} of {law.version.effective}, agency {law.agency.id}")
    for problem in shown.problems:
        yield from _row("PROBLEM", f"{problem.says} [{problem.code}]")
    if shown.opaque:
        yield from _row("PROBLEM", "there are entries that this version does not understand")
    yield from _row("ingested", f"{shown.ingested_at}, entry {shown.ingested_index}")
    for one in shown.claims:
        if one.chosen:
            why = "the latest plausible clock" if one.plausible else "no other clock is plausible"
            yield from _row("made", f"{one.claim.at} by {one.claim.basis}: {why}")
    for one in shown.claims:
        if not one.chosen and one.claim.basis != "ingest":
            can = "plausible" if one.plausible else "not plausible"
            yield from _row("", f"{one.claim.at} by {one.claim.basis}: {can}")


def _classified(shown: Explained) -> Iterator[str]:
    if shown.law is None:
        return
    found = shown.law.classification
    label = found.individuals or found.others
    perhaps = "" if found.ground.certain else ", while facts are missing"
    yield from _row("class", f"{label} ({found.ground.cite}){perhaps}")
    for mismatch in found.mismatches:
        yield from _row("MISMATCH", f"label {mismatch.label}: the facts do not bear it out")


def _kept(shown: Explained) -> Iterator[str]:
    if shown.law is None:
        return
    found = shown.law.retention
    yield from _row("kept until", f"{day_text(found.last_protected)} ({found.status})")
    for floor in found.floors:
        perhaps = "" if floor.ground.certain else ", may apply"
        yield from _row(
            "", f"{_EACH}{day_text(floor.end)}: {floor.period}{perhaps} ({floor.ground.cite})"
        )
    if found.disposal is not None:
        yield from _row("destroyed", f"from {found.disposal} on ({cites(found.authority)})")
    if found.ceiling is not None:
        passed = ", passed" if found.ceiling_passed else ""
        yield from _row("at most", f"until {found.ceiling}{passed} ({cites(found.ceilings)})")
    if shown.law.missing:
        yield from _row("not known", ", ".join(shown.law.missing))


def _said(shown: Explained) -> Iterator[str]:
    for number, one in enumerate(shown.labels):
        stands = "" if one.counts else "; no longer counts"
        text = f"{_value(one)} since {one.said.since}, entry {one.said.index}{stands}"
        yield from _row("" if number else "labels", text)
    for name, said in (
        ("facts", [one for one in shown.facts if one.counts]),
        ("no longer", [one for one in shown.facts if not one.counts]),
    ):
        for number, since in enumerate(dict.fromkeys(one.said.since for one in said)):
            words = [f"{one.said.fact} {_value(one)}" for one in said if one.said.since == since]
            yield from _row("" if number else name, f"since {since}: {'; '.join(words)}")


def _value(one: FactShown) -> str:
    value = one.said.value
    if value is None:
        return "taken back"
    return ", ".join(map(_word, value if isinstance(value, list) else [value])) or "none"


def _word(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _bound(shown: Explained) -> Iterator[str]:
    for hold in shown.holds:
        how = "selected by its query" if hold.selected else "bound"
        until = f", released {hold.released_at}" if hold.released_at else ""
        review = f", to be reviewed by {hold.review_on}" if hold.review_on else ""
        yield from _row(
            "hold",
            f"{hold.kind} {hold.hold_id}, {how}, placed {hold.placed_at} by order of "
            f"{hold.authority}{review}{until}",
        )
    for one in shown.requests:
        outcome = one.outcome or "PENDING"
        yield from _row("request", f"{one.kind} {one.request}, {one.received}: {outcome}")
    for why in shown.locks:
        yield from _row("storage lock", why)
    if not shown.locks:
        yield from _row("storage lock", "none")


def _went(shown: Explained) -> Iterator[str]:
    if shown.derived is not None:
        made = shown.derived
        yield from _row("made from", f"{made.parent} by {made.operation} ({made.tool})")
    for derivative in shown.derivatives:
        yield from _row("derivative", str(derivative))
    for release in shown.releases:
        yield from _row(
            "released",
            f"{release.mode} to {release.recipient} on {release.at}, right {release.right}, "
            f"rule {release.rule}",
        )
    for consent in shown.consents:
        stands = "withdrawn" if consent.withdrawn else "stands"
        yield from _row("consent", f"{consent.consent_id} to {consent.covers}: {stands}")
    done = shown.activity
    yield from _row("read", f"{done.access_count} times; turned away {done.refusal_count} times")


def _who(shown: Explained) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for one in shown.access:
        view, copy = _may(one.view), _may(one.copy)
        both = f"view and copy: {view}" if view == copy else f"view: {view}; copy: {copy}"
        groups.setdefault(both, []).append(one.actor)
    if groups:
        yield "who may see it, while nothing is said of a request"
    for both, actors in groups.items():
        yield from paragraph(f"{', '.join(actors)}: {both}", level=1, lead=_EACH)


def _may(decided: MayDo) -> str:
    said = decided.outcome
    if decided.unmet:
        said += f" unless {', '.join(one.rule for one in decided.unmet)}"
    if decided.redact and decided.outcome != "deny":
        said += f" without {', '.join(one.rule for one in decided.redact)}"
    return f"{said} ({decided.cite})"


def _destroyed(shown: Explained) -> Iterator[str]:
    found = shown.destruction
    code = f" [{found.code}]" if found.code else ""
    yield from _row("destroyable", f"{'yes' if found.allowed else 'NO'}: {found.says}{code}")
    if found.needs:
        yield "before it is destroyed"
    for need in found.needs:
        yield from paragraph(need, level=1, lead=_EACH)


def explanation_json(shown: Explained) -> dict[str, Json]:
    """It as JSON: dates, instants and ids as text; `law` as the law engine explains it."""
    found = {
        name: _json(value)
        for name, value in attrs.asdict(
            shown, recurse=False, filter=lambda field, _: field.name != "law"
        ).items()
    }
    found["law"] = None if shown.law is None else shown.law.json()
    return found


def _json(value: object) -> Json:
    match value:
        case None | bool() | int() | str():
            return value.value if isinstance(value, Enum) else value
        case tuple() | list():
            return [_json(one) for one in value]
        case frozenset():
            return [*sorted(str(one) for one in value)]
        case Mapping():
            return {str(name): _json(one) for name, one in value.items()}
        case _ if attrs.has(type(value)) and not _is_text(value):
            fields = attrs.asdict(cast("attrs.AttrsInstance", value), recurse=False)
            return {name: _json(inner) for name, inner in fields.items()}
        case _:
            return str(value)


def _is_text(value: object) -> bool:
    """Ids, digests and instants are values that have a text of their own."""
    return isinstance(value, Instant) or type(value).__str__ is not object.__str__
