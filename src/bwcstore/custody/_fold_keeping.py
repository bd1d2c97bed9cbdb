"""How an object's scope changes what is said of it: facts, holds, requests, releases, purge.

Rules kept here:

- what is being destroyed takes no more holds, requests or facts that could keep it (PRG-20);
- answers, notices and withdrawals are about something that is there.
"""

from types import MappingProxyType
from typing import cast

import attrs

from bwcstore._values import ActId, Instant, ObjectId
from bwcstore.custody._fields import (
    day,
    impossible,
    including,
    number,
    text,
    texts,
)
from bwcstore.custody._object_records import (
    Consent,
    Derivation,
    Keeping,
    Locked,
    Purge,
    Release,
    RequestBound,
)
from bwcstore.ledger._entry import Entry

_NOT_WHILE_PURGING = frozenset(
    {"hold.bound", "request.bound", "release.made", "derivative.made", "purge.started"}
)


def fold_keeping(keeping: Keeping, entry: Entry) -> Keeping:
    """What is said of an object after one more entry of its scope.

    Raises:
        IntegrityError: the entry cannot follow (`STATE_INVALID`).
    """
    if keeping.purge is not None and entry.kind in _NOT_WHILE_PURGING:
        raise impossible(entry, "its destruction has begun")
    body = entry.body
    match entry.kind:
        case "hold.bound":
            return attrs.evolve(keeping, holds=keeping.holds | {text(body, "hold")})
        case "request.bound" | "request.answered" | "notice.sent":
            bound = _request(keeping, entry)
            return attrs.evolve(keeping, requests=including(keeping.requests, bound.request, bound))
        case "consent.recorded" | "consent.withdrawn":
            consent = _consent(keeping, entry)
            consents = including(keeping.consents, consent.consent_id, consent)
            return attrs.evolve(keeping, consents=consents)
        case "derived.from":
            return attrs.evolve(keeping, derived=_derivation(keeping, entry))
        case "derivative.made":
            made = ObjectId(text(body, "derivative"))
            return attrs.evolve(keeping, derivatives=(*keeping.derivatives, made))
        case "release.made":
            return attrs.evolve(keeping, releases=(*keeping.releases, _release(entry)))
        case "purge.started":
            started = Purge(plan=ActId(text(body, "plan")), started_index=entry.index)
            return attrs.evolve(keeping, purge=started)
        case "object.locked":
            until = body["until"]
            locked = Locked(
                until=None if until is None else Instant.parse(str(until)),
                legal_hold=body["legal_hold"] is True,
            )
            return attrs.evolve(keeping, locked=locked)
        case "purge.completed" | "purge.failed":
            return attrs.evolve(keeping, purge=_purge(keeping, entry))
        case _:
            return keeping


def _request(keeping: Keeping, entry: Entry) -> RequestBound:
    body = entry.body
    act = ActId(text(body, "request"))
    former = keeping.requests.get(act)
    if entry.kind == "request.bound":
        if former is not None:
            raise impossible(entry, "the request is bound to it already")
        answers = cast("list[dict[str, str | bool]]", body["answers"])
        return RequestBound(
            request=act,
            kind=text(body, "kind"),
            received=day(body, "received"),
            days=cast("int | None", body.get("days")),
            answers=MappingProxyType({str(one["flag"]): one["value"] is True for one in answers}),
        )
    if former is None:
        raise impossible(entry, "the request is not about this recording")
    if entry.kind == "notice.sent":
        notices = including(former.notices, text(body, "notice"), day(body, "on"))
        return attrs.evolve(former, notices=notices)
    if former.outcome is not None and text(body, "outcome") != "withdrawn":
        raise impossible(entry, "the request was answered before")
    return attrs.evolve(
        former,
        outcome=text(body, "outcome"),
        answered_on=day(body, "on"),
        rule=cast("str | None", body.get("rule")),
    )


def _consent(keeping: Keeping, entry: Entry) -> Consent:
    name = text(entry.body, "consent")
    former = keeping.consents.get(name)
    if entry.kind == "consent.recorded":
        if former is not None:
            raise impossible(entry, "the consent was recorded before")
        return Consent(consent_id=name, covers=text(entry.body, "covers"))
    if former is None or former.withdrawn:
        raise impossible(entry, "no such consent counts")
    return attrs.evolve(former, withdrawn=True)


def _derivation(keeping: Keeping, entry: Entry) -> Derivation:
    if keeping.derived is not None:
        raise impossible(entry, "what it was made of is known already")
    body = entry.body
    return Derivation(
        parent=ObjectId(text(body, "parent")),
        operation=text(body, "operation"),
        tool=text(body, "tool"),
        tool_version=text(body, "tool_version"),
        redactions=frozenset(texts(body, "redactions")),
    )


def _release(entry: Entry) -> Release:
    body = entry.body
    return Release(
        release_id=text(body, "release"),
        right=text(body, "right"),
        recipient=text(body, "recipient"),
        mode=text(body, "mode"),
        rule=text(body, "rule"),
        request=ActId(text(body, "request")) if "request" in body else None,
        acknowledged="acknowledgement_sha256" in body,
        at=entry.at,
        index=entry.index,
    )


def _purge(keeping: Keeping, entry: Entry) -> Purge:
    purge = keeping.purge
    if purge is None or purge.completed_index is not None:
        raise impossible(entry, "its destruction is not under way")
    if purge.plan.text != text(entry.body, "plan"):
        raise impossible(entry, "its destruction began under another plan")
    if entry.kind == "purge.failed":
        return attrs.evolve(purge, failures=purge.failures + 1)
    return attrs.evolve(purge, completed_index=entry.index, epoch=number(entry.body, "epoch"))
