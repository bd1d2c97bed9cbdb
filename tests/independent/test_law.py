"""The specification is enough: an evaluator that shares no code judges as the library does."""

import functools
import importlib
import sys
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bwcstore import statute
from bwcstore.errors import BwcStoreError
from bwcstore.statute import FactSpec, FactType, Pack, Subject
from tests.properties.statute_facts import values

HERE: Final = Path(__file__).parent
sys.path.append(str(HERE))  # its modules lie side by side
evaluator: Any = importlib.import_module("law")
refused: Any = importlib.import_module("canonical").RefusedError
sys.path.remove(str(HERE))

SHIPPED: Final = HERE.parents[1] / "src/bwcstore/statute"
CASES: Final = HERE.parent / "statutes"
PACKS: Final = statute.pack_ids()
Table = dict[str, Any]


def read(path: Path) -> Table:
    """A TOML file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


FILES: Final = sorted([*CASES.glob("*/*.toml"), *SHIPPED.glob("agencies/*.toml")])
CASE_FILES: Final = [path for path in FILES if read(path)["format"] == "bwcstore-cases/1"]
AGENCIES: Final = [path for path in FILES if read(path)["format"] == "bwcstore-agency/1"]


# --- The case files --------------------------------------------------------------------------


def one_of_list(one: Table) -> Table:
    """A request of a case file: what is no part of every request is an answer."""
    parts = {"id", "received", "days", "withdrawn", "kind", "placed", "released"}
    answers = {name: value for name, value in one.items() if name not in parts}
    return {name: one[name] for name in parts & set(one)} | (
        {"answers": answers} if "received" in one else {}
    )


def given_in(case: Table) -> Table:
    """The facts of a case."""
    return {
        name: [one_of_list(one) for one in value]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else value
        for name, value in case.get("facts", {}).items()
    }


def in_a_case(value: object) -> object:
    """A conclusion as a case file says it."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return "none" if value in {None, evaluator.FOREVER} else value


def concluded(law: Any, case: Table) -> Table:
    """What the evaluator says to each key of the expectation of a case that it covers."""
    said = law.classify() | law.retention()
    question = case.get("question", {})
    made = {
        name: in_a_case(said[name])
        for name in ("class", "class_rule", "individuals", "others", "statutory_floor", "ceiling")
    }
    for name in ("last_protected", "plain", "conservative", "disposal", "metadata_last_protected"):
        made[name] = in_a_case(said[name])
    made |= {name: said[name] for name in ("status", "ceiling_passed")}
    for key, name in (
        ("floors", "floors"),
        ("authority", "authority"),
        ("class_missing", "class_missing"),
        ("retention_missing", "missing"),
        ("could_change", "could_change"),
    ):
        made[key] = sorted(said[name])
    made["missing"] = sorted(said["missing"] | said["class_missing"])
    if question:
        access = law.access(question["actor"])
        made |= {name: access[name] for name in ("view", "copy")}
        made["access_rule"] = access["view_rule"]
        made["unmet"] = sorted(access["view_unmet"] | access["copy_unmet"])
        made["must_redact"] = sorted(
            name
            for name, effect in (access["view_overlays"] | access["copy_overlays"]).items()
            if effect == "must-redact"
        )
    return made


def same_order(value: object) -> object:
    """A list without its order."""
    return sorted(value) if isinstance(value, list) else value


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_cases_give_what_they_expect(path: Path) -> None:
    """Every case gives what a person expected of it, wherever the evaluator covers the key."""
    file = read(path)
    pack = evaluator.read(SHIPPED / f"packs/{file['pack']}.toml")
    agency = evaluator.read(path.parent / file["agency"])
    cases = [case for case in file["cases"] if "history" not in case]
    assert cases
    expected, actual = {}, {}
    for case in cases:
        said = case.get("question", {})
        purpose = {"purpose": said["purpose"]} if "purpose" in said else {}
        try:
            law = evaluator.Law(
                pack, agency, given_in(case), case["as_of"], case.get("law"), **purpose
            )
            made = concluded(law, case)
            found = {one: law.deadlines(one) for one in ("recording", "request", "agency")}
            owed = {name: one for about in found.values() for name, one in about.items()}
        except refused as error:
            made, owed = {"error": error.code}, {}
        wants = case["expect"]
        keys = wants.keys() & (made.keys() | {"error"})
        expected[case["id"]] = {key: same_order(wants[key]) for key in keys}
        actual[case["id"]] = {key: made.get(key) for key in keys}
        for name, want in wants.get("deadlines", {}).items():
            expected[case["id"]][name] = {key: same_order(want[key]) for key in want}
            actual[case["id"]][name] = {key: in_a_case(owed[name][key]) for key in want}
        for name in wants.get("no_deadlines", []):
            expected[case["id"]][name] = False
            actual[case["id"]][name] = name in owed
    assert expected == actual


def test_every_shipped_pack_has_cases() -> None:
    """No pack is shipped without a case file that the evaluator reads too."""
    assert set(PACKS) == {path.parent.name for path in CASE_FILES}


# --- Agreement with the library --------------------------------------------------------------


@attrs.frozen
class Question:
    """Facts, a day and somebody who asks, for one pack and one agency."""

    pack: str
    agency: Path
    day: date
    on: date
    actor: str
    purpose: str | None
    facts: Mapping[str, object]


@functools.cache
def library_law(pack_id: str, agency: Path, day: date) -> statute.Law:
    """The law of the library."""
    pack = statute.load_pack(pack_id)
    return pack.law(statute.load_agency(str(agency), pack=pack), on=day)


read_once = functools.cache(evaluator.read)


def shifted(value: Any, by: timedelta) -> Any:
    """A value of the strategies with its dates moved."""
    if isinstance(value, date):
        return value + by
    if isinstance(value, (list, tuple)):
        return [shifted(one, by) for one in value]
    if isinstance(value, (statute.Hold, statute.RetentionRequest)):
        names = ("received", "withdrawn", "placed", "released")
        dates = {name: getattr(value, name, None) for name in names}
        return attrs.evolve(value, **{name: day + by for name, day in dates.items() if day})
    return value


@st.composite
def drawn_values(draw: st.DrawFn, spec: FactSpec, day: date) -> object:
    """A value of one fact by a day, seldom a little after it."""
    last = date(2026, 3, 2) if day.year < 2020 else day
    late = timedelta(days=draw(st.sampled_from([0] * 40 + [3])))
    return shifted(draw(values(spec, last)), day - last + late)


def for_library(spec: FactSpec, value: Any) -> object:
    """A value of a case file as the library takes it."""
    kinds = {FactType.REQUESTS: statute.RetentionRequest, FactType.HOLDS: statute.Hold}
    if spec.type not in kinds:
        return value
    ends: Table = {"withdrawn": None} if spec.type is FactType.REQUESTS else {"released": None}
    return [kinds[spec.type](**(ends | one)) for one in value]


@functools.cache
def cases_of(pack_id: str) -> list[tuple[date, Table]]:
    """The days and the facts of the cases of a pack."""
    pack = statute.load_pack(pack_id)
    found = []
    for path in CASE_FILES:
        if path.parent.name == pack_id:
            for case in read(path)["cases"]:
                facts = given_in(case)
                if "error" not in case["expect"]:
                    made = {name: for_library(pack.fact(name), facts[name]) for name in facts}
                    found.append((case["as_of"], made))
    return found


def days_of(pack: Pack, agency: Path) -> list[date]:
    """Days on both sides of every version and every amendment of the schedule, and some more."""
    starts = [version.effective for version in pack.versions]
    starts += [entry["from"] for entry in read_once(agency)["schedule"] if "from" in entry]
    sides = [start - timedelta(days=back) for start in starts for back in (0, 1)]
    return [*sides, date(2020, 2, 29), date(2024, 6, 19), date(2026, 3, 2)]


@st.composite
def questions(draw: st.DrawFn, pack_id: str) -> Question:
    """Facts that a case has and some others, or a few facts, or many."""
    pack = statute.load_pack(pack_id)
    agency = draw(
        st.sampled_from([path for path in AGENCIES if read_once(path)["agency"]["pack"] == pack_id])
    )
    day = draw(st.sampled_from(days_of(pack, agency)))
    facts: Table = {}
    if draw(st.booleans()):
        day, facts = draw(st.sampled_from(cases_of(pack_id)))
    most = draw(st.sampled_from([2, 6, 12, len(pack.facts)]))
    for spec in draw(st.lists(st.sampled_from(pack.facts), max_size=most, unique=True)):
        facts = facts | {spec.name: draw(drawn_values(spec, day))}
    purposes = [None, *(one.id for one in pack.purposes)]
    return Question(
        pack=pack_id,
        agency=agency,
        day=day,
        on=draw(st.sampled_from([day] * 4 + days_of(pack, agency)[:2])),
        actor=draw(st.sampled_from([one.id for one in pack.actors])),
        purpose=draw(st.sampled_from(purposes)),
        facts=facts,
    )


def of_library(asked: Question, judgement: str) -> Table:
    """What the library says."""
    try:
        law = library_law(asked.pack, asked.agency, asked.on)
        facts = law.pack.read_facts(asked.facts)
        if judgement == "classify":
            return class_said(statute.classify(facts, law=law, as_of=asked.day))
        if judgement == "retention":
            return retention_said(statute.retention(facts, law=law, as_of=asked.day))
        if judgement == "access":
            question = statute.Question(actor=asked.actor, purpose=asked.purpose)
            return access_said(statute.access(facts, question, law=law, as_of=asked.day))
        return {
            one.id: {
                "plain": one.plain,
                "rolled": one.rolled,
                "status": one.status.value,
                "about": one.about.value,
                "missing": set(one.missing),
            }
            for one in statute.deadlines(facts, law=law, as_of=asked.day)
        }
    except BwcStoreError as error:
        return {"error": str(error.kind)}


def class_said(made: statute.Classification) -> Table:
    """A classification of the library in the words of the evaluator."""
    return {
        "class": made.class_id,
        "class_rule": made.ground.rule,
        "class_missing": set(made.missing),
        "individuals": made.individuals,
        "others": made.others,
        "overlays": {one.ground.rule: one.ground.certain or None for one in made.overlays},
    }


def retention_said(made: statute.Retention) -> Table:
    """A retention of the library in the words of the evaluator."""
    return {
        "status": made.status.value,
        "last_protected": made.last_protected,
        "statutory_floor": made.statutory_floor,
        "plain": made.earliest_plain,
        "conservative": made.earliest_conservative,
        "disposal": made.disposal,
        "ceiling": made.ceiling,
        "ceiling_passed": made.ceiling_passed,
        "floors": {one.ground.rule for one in made.floors if one.ground.certain},
        "authority": [one.rule for one in made.authority],
        "held": bool(made.holds),
        "metadata_last_protected": made.metadata_last_protected,
        "missing": set(made.missing),
        "could_change": set(made.could_change),
    }


def access_said(made: statute.Access) -> Table:
    """An access of the library in the words of the evaluator."""
    said: Table = {"missing": set(made.missing)}
    for act in (made.view, made.copy):
        name = act.act.value
        overlays = (
            *act.must_redact,
            *act.may_redact,
            *act.never_redact,
            *act.withhold,
            *act.may_disclose,
        )
        said[name] = act.outcome.value
        said[f"{name}_rule"] = act.ground.rule
        said[f"{name}_unmet"] = {one.rule for one in act.unmet}
        said[f"{name}_overlays"] = {one.ground.rule: one.effect.value for one in overlays}
    return said


def for_evaluator(value: object) -> object:
    """A value of the library as the specification has it."""
    if isinstance(value, (list, tuple)):
        return [attrs.asdict(one) if attrs.has(type(one)) else one for one in value]
    return value


def of_evaluator(asked: Question, judgement: str) -> Table:
    """What the evaluator says."""
    pack = read_once(SHIPPED / f"packs/{asked.pack}.toml")
    facts = {name: for_evaluator(value) for name, value in asked.facts.items()}
    said = {"purpose": asked.purpose} if asked.purpose else {}
    try:
        law = evaluator.Law(pack, read_once(asked.agency), facts, asked.day, asked.on, **said)
    except refused as error:
        return {"error": error.code}
    if judgement == "classify":
        return dict(law.classify())
    if judgement == "retention":
        made = law.retention()
        return {name: None if value == evaluator.FOREVER else value for name, value in made.items()}
    if judgement == "access":
        return dict(law.access(asked.actor))
    return {
        name: one | {"about": about.value}
        for about in Subject
        for name, one in law.deadlines(about.value).items()
    }


@pytest.mark.parametrize("judgement", ["classify", "retention", "access", "deadlines"])
@pytest.mark.parametrize("pack_id", PACKS)
@given(data=st.data())
@settings(deadline=None)
def test_the_library_agrees(pack_id: str, judgement: str, data: st.DataObject) -> None:
    """Whatever the facts are, both conclude the same from them, or refuse them alike."""
    asked = data.draw(questions(pack_id))
    assert of_evaluator(asked, judgement) == of_library(asked, judgement)


@pytest.mark.parametrize("pack_id", PACKS)
def test_the_digest_of_a_pack_agrees(pack_id: str) -> None:
    """Both have the same digest of a pack."""
    path = SHIPPED / f"packs/{pack_id}.toml"
    assert evaluator.digest(evaluator.read(path)) == str(statute.load_pack(pack_id).digest)


@pytest.mark.parametrize("path", AGENCIES, ids=lambda path: path.stem)
def test_the_digest_of_an_agency_agrees(path: Path) -> None:
    """Both have the same digest of an agency file."""
    assert evaluator.digest(evaluator.read(path)) == str(statute.load_agency(str(path)).digest)
