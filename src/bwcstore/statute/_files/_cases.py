"""Cases are judged, and the conclusions compared with those that a lawyer wrote down.

Rules kept here:

- a case is judged by the same functions as every recording;
- only what a case expects is compared, and all of it is;
- a case may expect that the judgement is refused, and with which code.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

import attrs

from bwcstore.errors import InvalidInputError
from bwcstore.statute._access import access
from bwcstore.statute._classify import classify
from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._files._case_tables import NONE, REDACTED, Case, Expected
from bwcstore.statute._judgements import (
    Access,
    ActDecided,
    Classification,
    Deadline,
    Ground,
    OverlayApplied,
    Retention,
)
from bwcstore.statute._retention import retention


@attrs.frozen(kw_only=True)
class Difference:
    """A conclusion that is not the one that a case expects.

    Attributes:
        key: what it is about.
        expected: what the case expects, in words.
        found: what was concluded, in words.
    """

    key: str
    expected: str
    found: str


@attrs.frozen(kw_only=True)
class CaseResult:
    """What became of a case.

    Attributes:
        id: its id.
        title: what it shows.
        cite: the provision that it is about.
        differences: what was concluded otherwise than expected.
    """

    id: str
    title: str
    cite: str
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was concluded as expected."""
        return not self.differences


def run_cases(cases: Iterable[Case]) -> tuple[CaseResult, ...]:
    """Judge cases, each for itself."""
    return tuple(run_case(case) for case in cases)


def run_case(case: Case) -> CaseResult:
    """Judge a case and compare the conclusions with those that it expects."""
    wanted = case.expected.get("error")
    differences: list[Difference] = []
    try:
        differences = _differences(case)
    except InvalidInputError as error:
        if wanted != error.kind:
            found = f"{error.kind}: {error.message}"
            differences.append(Difference(key="error", expected=_said(wanted), found=found))
    else:
        if wanted is not None:
            differences.append(Difference(key="error", expected=_said(wanted), found=_said(None)))
    return CaseResult(id=case.id, title=case.title, cite=case.cite, differences=tuple(differences))


def _differences(case: Case) -> list[Difference]:
    """What was concluded otherwise; everything is judged, whatever is expected."""
    drawn = _Drawn.of(case)
    differences: list[Difference] = []
    for key, expected in case.expected.items():
        if isinstance(expected, Mapping):
            differences += _of_deadlines(expected, drawn.deadlines)
        elif key == "no_deadlines" and isinstance(expected, tuple):
            if arisen := tuple(one for one in expected if one in drawn.deadlines):
                differences.append(Difference(key=key, expected=NONE, found=_said(arisen)))
        elif key != "error" and expected != (found := _CONCLUSIONS[key](drawn)):
            differences.append(Difference(key=key, expected=_said(expected), found=_said(found)))
    return differences


@attrs.frozen(kw_only=True)
class _Drawn:
    """The conclusions that were drawn for a case."""

    classification: Classification
    retention: Retention
    access: Access | None
    deadlines: Mapping[str, Deadline]

    @classmethod
    def of(cls, case: Case) -> "_Drawn":
        given = case.given
        as_of = case.as_of
        law = given.law(as_of)
        facts = given.facts(as_of)
        asked = given.question
        return cls(
            classification=classify(facts, law=law, as_of=as_of),
            retention=retention(facts, law=law, as_of=as_of),
            access=access(facts, asked, law=law, as_of=as_of) if asked is not None else None,
            deadlines={one.id: one for one in deadlines(facts, law=law, as_of=as_of)},
        )

    def of_acts(self, what: Callable[[ActDecided], Iterable[str]]) -> tuple[str, ...]:
        """What is said of viewing and of copying, together."""
        return tuple(sorted({one for act in self.acts for one in what(act)}))

    @property
    def acts(self) -> tuple[ActDecided, ...]:
        return () if self.access is None else (self.access.view, self.access.copy)


def _ids(grounds: Iterable[Ground]) -> tuple[str, ...]:
    return tuple(sorted(one.rule for one in grounds))


def _day(day: date | None) -> Expected:
    return NONE if day is None else day


def _access_rule(drawn: _Drawn) -> Expected:
    return ", ".join(dict.fromkeys(act.ground.rule for act in drawn.acts))


def _of_overlays(key: str) -> Callable[[_Drawn], Expected]:
    def ids(act: ActDecided) -> tuple[str, ...]:
        overlays: tuple[OverlayApplied, ...] = getattr(act, key)
        return _ids(one.ground for one in overlays)

    return lambda drawn: drawn.of_acts(ids)


# What each key of an expectation is compared with.
_CONCLUSIONS: Final[Mapping[str, Callable[[_Drawn], Expected]]] = {
    "class": lambda drawn: drawn.classification.class_id,
    "individuals": lambda drawn: drawn.classification.individuals or NONE,
    "others": lambda drawn: drawn.classification.others,
    "class_rule": lambda drawn: drawn.classification.ground.rule,
    "overlays": lambda drawn: _ids(one.ground for one in drawn.classification.overlays),
    "mismatches": lambda drawn: tuple(sorted(one.label for one in drawn.classification.mismatches)),
    "missing": lambda drawn: tuple(
        sorted({*drawn.classification.missing, *drawn.retention.missing})
    ),
    "class_missing": lambda drawn: drawn.classification.missing,
    "retention_missing": lambda drawn: drawn.retention.missing,
    "last_protected": lambda drawn: _day(drawn.retention.last_protected),
    "statutory_floor": lambda drawn: _day(drawn.retention.statutory_floor),
    "plain": lambda drawn: _day(drawn.retention.earliest_plain),
    "conservative": lambda drawn: _day(drawn.retention.earliest_conservative),
    "disposal": lambda drawn: _day(drawn.retention.disposal),
    "ceiling": lambda drawn: _day(drawn.retention.ceiling),
    "ceiling_passed": lambda drawn: drawn.retention.ceiling_passed,
    "status": lambda drawn: drawn.retention.status.value,
    "authority": lambda drawn: _ids(drawn.retention.authority),
    "floors": lambda drawn: _ids(
        one.ground for one in drawn.retention.floors if one.ground.certain
    ),
    "metadata_last_protected": lambda drawn: _day(drawn.retention.metadata_last_protected),
    "could_change": lambda drawn: drawn.retention.could_change,
    "view": lambda drawn: ", ".join(act.outcome for act in drawn.acts[:1]),
    "copy": lambda drawn: ", ".join(act.outcome for act in drawn.acts[1:]),
    "access_rule": _access_rule,
    "unmet": lambda drawn: drawn.of_acts(lambda act: _ids(act.unmet)),
    **{key: _of_overlays(key) for key in REDACTED},
}


def _of_deadlines(
    expected: Mapping[str, Mapping[str, str | date]], found: Mapping[str, Deadline]
) -> Iterable[Difference]:
    for name, wanted in expected.items():
        one = found.get(name)
        if one is None:
            yield Difference(key=f"deadlines.{name}", expected="it arises", found=NONE)
            continue
        known = {"plain": _day(one.plain), "rolled": _day(one.rolled), "status": one.status.value}
        for key, value in wanted.items():
            if value != known[key]:
                yield Difference(
                    key=f"deadlines.{name}.{key}", expected=_said(value), found=_said(known[key])
                )


def _said(value: Expected | None) -> str:
    match value:
        case None:
            return "a judgement"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value) or NONE
        case _:
            return str(value)
