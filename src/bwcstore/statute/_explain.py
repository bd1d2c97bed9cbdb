"""What the law makes of one recording, with the reasons, for people and for programs.

Rules kept here (spec chapter `statute-pack`):

- every conclusion stands with its rule, citation and verification, and a rule whose wording was
  not seen is marked wherever it is shown (LAW-2);
- what is missing is asked for in the words of the pack, and what could change the date is tried
  out: each fact alone, with each answer that it may have (LAW-69);
- an explanation names the pack by its digest, and the day whose law is meant (LAW-5).
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from enum import Enum
from typing import cast

import attrs

from bwcstore._encoding import Json
from bwcstore._values import Instant
from bwcstore.errors import InvalidInputError
from bwcstore.statute._access import decide_access
from bwcstore.statute._classify import classify_matter
from bwcstore.statute._deadlines import owed
from bwcstore.statute._explain_dates import deadline_lines, retention_lines
from bwcstore.statute._explain_text import (
    access_lines,
    class_lines,
    closing_lines,
    fact_lines,
    headline_lines,
    missing_lines,
    title_lines,
    what_if_lines,
)
from bwcstore.statute._explain_words import value_text
from bwcstore.statute._facts import Facts, FactSpec, FactType, Value
from bwcstore.statute._judgements import (
    Access,
    Classification,
    Deadline,
    Question,
    Retention,
    WhatIf,
)
from bwcstore.statute._pack import Law
from bwcstore.statute._retention import retain_matter
from bwcstore.statute._settle import settle


@attrs.frozen(kw_only=True, eq=False)
class Explanation:
    """What the law makes of one recording on a day, and why.

    Attributes:
        facts: what is known of it.
        law: the law it is judged by.
        as_of: the day of the judgement.
        classification: its class.
        retention: how long it is kept.
        access: who may see it, if a question was asked.
        deadlines: what is owed.
        what_if: what the last protected day would be, were one fact another.
        missing: the facts that are missing for any of this, sorted.
    """

    facts: Facts
    law: Law
    as_of: date
    classification: Classification
    retention: Retention
    access: Access | None
    deadlines: tuple[Deadline, ...]
    what_if: tuple[WhatIf, ...]
    missing: tuple[str, ...]

    def text(self) -> str:
        """The explanation for people: plain text, at most 80 columns where words allow."""
        parts = (
            title_lines(self.law, self.as_of),
            headline_lines(self.classification, self.retention, self.access),
            fact_lines(self.facts, self.law),
            class_lines(self.classification),
            retention_lines(self.retention, self.law),
            missing_lines(self.missing, self.law),
            what_if_lines(self.what_if, self.retention),
            access_lines(self.access),
            deadline_lines(self.deadlines, self.law),
            closing_lines(self.law),
        )
        return "".join(f"{line}\n" for lines in parts for line in lines)

    def json(self) -> dict[str, Json]:
        """The explanation for programs: dates as text, and everything that `text` says."""
        law = self.law
        return {
            "pack": {
                "id": law.pack.id,
                "digest": str(law.pack.digest),
                "reviewed": str(law.pack.reviewed),
            },
            "agency": {"id": law.agency.id, "digest": str(law.agency.digest)},
            "law": str(law.on),
            "version": {"effective": str(law.version.effective), "act": law.version.act},
            "as_of": str(self.as_of),
            "facts": {name: _json(value) for name, value in self.facts.values.items()},
            "classification": _json(self.classification),
            "retention": _json(self.retention),
            "access": _json(self.access),
            "deadlines": _json(self.deadlines),
            "what_if": _json(self.what_if),
            "missing": [
                {"fact": name, "question": law.specs[name].question} for name in self.missing
            ],
            "legal_advice": False,
        }


def explain(
    facts: Facts, *, law: Law, as_of: date, question: Question | None = None
) -> Explanation:
    """Judge a recording, and say why.

    Args:
        facts: what is known of it.
        law: the law to judge by.
        as_of: the day of the judgement, in the agency's zone.
        question: who wants to see it; None where nobody does.

    Raises:
        InvalidInputError: `argument-invalid`: the pack has no such actor or purpose;
            `fact-future`, `fact-contradiction` or `fact-unknown`: see the spec.
    """
    matter = settle(facts, law=law, as_of=as_of)
    classification = classify_matter(matter)
    retention = retain_matter(matter)
    access = None if question is None else decide_access(matter, question)
    missing = {*classification.missing, *retention.missing}
    missing |= set(() if access is None else access.missing)
    return Explanation(
        facts=facts,
        law=law,
        as_of=as_of,
        classification=classification,
        retention=retention,
        access=access,
        deadlines=owed(matter),
        what_if=tuple(_what_ifs(facts, retention, law)),
        missing=tuple(sorted(missing & law.specs.keys())),
    )


def _what_ifs(facts: Facts, now: Retention, law: Law) -> Iterator[WhatIf]:
    for name in now.could_change:
        spec = law.specs.get(name)
        for value in () if spec is None else _answers(spec, facts, law, now.as_of):
            try:
                other = settle(facts.with_values({name: value}), law=law, as_of=now.as_of)
            except InvalidInputError:
                # The other facts rule this answer out.
                continue
            then = retain_matter(other)
            yield WhatIf(
                fact=name,
                value=value_text(value, law.zone),
                status=then.status,
                last_protected=then.last_protected,
            )


def _answers(spec: FactSpec, facts: Facts, law: Law, as_of: date) -> Iterator[Value]:
    """What else a fact might be; of dates, the day of the judgement."""
    now = facts.values.get(spec.name)
    found: tuple[Value, ...] = ()
    match spec.type:
        case FactType.FLAG:
            found = (True, False)
        case FactType.CODE:
            found = spec.codes
        case FactType.CODES:
            held = now if isinstance(now, frozenset) else frozenset[str]()
            found = (*(held | {code} for code in spec.codes),)
        case FactType.DATE:
            found = (as_of,)
        case FactType.INSTANT if now is None:
            found = (Instant.from_datetime(datetime.combine(as_of, time(), law.zone)),)
        case _:
            pass
    yield from (value for value in found if value != now)


def _json(value: object) -> Json:
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return str(value.value)
        case tuple():
            return [_json(one) for one in value]
        case frozenset():
            return [_json(one) for one in sorted(value)]
        case Mapping():
            return {str(name): _json(one) for name, one in value.items()}
        case _ if attrs.has(type(value)) and not isinstance(value, Instant):
            return {
                name: _json(inner)
                for name, inner in attrs.asdict(
                    cast("attrs.AttrsInstance", value), recurse=False
                ).items()
            }
        case _:
            return str(value)
