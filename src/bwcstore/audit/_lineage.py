"""A recording as the law is asked about it: with what it has of the recordings it was made of.

Rules kept here (spec: AUD-34, REL-7): the clock and the label are those of the original; of the
assertions, holds, requests and tags of everything that it was made of none is lost.
"""

from collections.abc import Mapping
from typing import Final

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.audit._records import Bound, Ingested, Law, Placed, Plan, Said

_SHARED: Final = ("case", "device", "officer")
_CORRECTION: Final = "correction"


@attrs.frozen(kw_only=True)
class Seen:
    """What is known of a recording, in the eyes of the law.

    Attributes:
        at: when it, or its original, was ingested.
        by: by whom.
        label: the label of that ingest.
        claims: of when it was made, each with its basis.
        tags: every tag that it ever had, by kind.
        facts: every assertion, the original's first.
        requests: by act.
        holds: the ids of the holds that are bound to it.
    """

    at: Instant
    by: str
    label: str | None
    claims: tuple[tuple[str, str], ...]
    tags: Mapping[str, set[str]]
    facts: tuple[Said, ...]
    requests: Mapping[str, Bound]
    holds: frozenset[str]


@attrs.frozen(kw_only=True)
class Case:
    """One `purge.started` with all that was known when it was written, to be judged once more.

    Attributes:
        where: the batch.
        whole: no entry before it is missing.
        decided_at: when it was decided.
        seen: what was known of the recording.
        holds: every hold of the store, by id.
        law: the law of the store; None where none was adopted.
        plan: the plan; None where there is none.
    """

    index: int
    where: str
    whole: bool
    object: str
    at: Instant
    decided_at: Instant
    body: Mapping[str, Json]
    seen: Seen
    holds: Mapping[str, Placed]
    law: Law | None
    plan: Plan | None


def seen(facts: Ingested, objects: Mapping[str, Ingested]) -> Seen:
    """What is known of a recording and of what it was made of, at this moment."""
    line = [facts]
    while (name := line[-1].keeping.derived_from) is not None:
        parent = objects.get(name)
        # Where it cannot be so it was reported, and what is known is judged.
        if parent is None or parent.index >= line[-1].index:
            break
        line.append(parent)
    *derived, original = line
    found = _own(original)
    for one in reversed(derived):
        found = _with(found, _own(one))
    return found


def _own(facts: Ingested) -> Seen:
    kept = facts.keeping
    return Seen(
        at=facts.at,
        by=facts.by,
        label=facts.label,
        claims=facts.claims,
        tags=facts.all_tags(),
        facts=kept.facts,
        requests=dict(kept.requests),
        holds=kept.holds,
    )


def _with(parent: Seen, own: Seen) -> Seen:
    tags = dict(own.tags)
    for kind in _SHARED:
        if found := parent.tags.get(kind, set()) | tags.get(kind, set()):
            tags[kind] = found
    corrections = (claim for claim in own.claims if claim[1] == _CORRECTION)
    return Seen(
        at=parent.at,
        by=parent.by,
        label=parent.label,
        claims=(*parent.claims, *corrections),
        tags=tags,
        facts=(*parent.facts, *own.facts),
        requests={**parent.requests, **own.requests},
        holds=parent.holds | own.holds,
    )
