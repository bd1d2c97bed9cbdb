"""Write the pages of the statute packs from the packs themselves: `make reference`."""

import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bwcstore.statute._agency import Agency, Source
from bwcstore.statute._facts import FactSpec, Subject
from bwcstore.statute._files._library import (
    agency_ids,
    agency_text,
    load_agency,
    load_pack,
    pack_ids,
    pack_text,
)
from bwcstore.statute._pack import Pack
from bwcstore.statute._rules import Rule, Verification

FOLDER: Final = Path(__file__).parent / "reference" / "packs"
WRITTEN: Final = "<!-- Written by docs/make_packs.py; edit the pack instead. -->"
ADVICE: Final = """\
!!! warning "Not legal advice"
    This is what somebody read in the statutes, and how well they checked it. It may be wrong, and
    it may be out of date. The responsible authority and its lawyer decide."""
LEVELS: Final = {
    Verification.TEXT: "the wording of the provision was seen",
    Verification.SECONDARY: "an authoritative source that states it was seen, not the wording",
    Verification.UNVERIFIED: "**not checked**: nobody has compared the rule with the law",
}
ABOUT: Final = {
    Subject.RECORDING: "About the recording",
    Subject.REQUEST: "About the request",
    Subject.AGENCY: "About the agency",
}
Raw = Mapping[str, Any]
_EXTENSION: Final = "requests of {requests}, accepted when {accept}: up to {cap_days} days each"
_UNCLASSIFIED: Final = "for {period} from {start}"


def _flat(text: str) -> str:
    """Text as it stands in a cell of a table."""
    text = " ".join(text.split())
    for sign in "\\|*<[":
        text = text.replace(sign, f"\\{sign}")
    return text


def _code(text: object) -> str:
    return f"`{' '.join(str(text).split())}`".replace("|", "\\|")


def _codes(texts: Iterable[object]) -> str:
    return ", ".join(_code(one) for one in texts)


def _named(name: str, raw: Raw, field: str) -> list[str]:
    return [f"{name} {_codes(raw[field])}"] if raw.get(field) else []


def _period(raw: Raw) -> str:
    if "period" in raw:
        return f"{raw['period']} from {_code(raw['start'])}"
    return f"until {_code(raw['until'])}" if "until" in raw else "without end"


def _class(raw: Raw) -> list[str]:
    labels = f"{_flat(raw['individuals'])} / {_flat(raw['others'])}"
    return [f"rank {raw['rank']}: {labels}"]


def _overlay(raw: Raw) -> list[str]:
    says = f"when {_code(raw['when'])}: **{raw['effect']}** {_flat(raw['what'])}"
    limits = [one for name in ("classes", "actors", "acts") for one in _named(name, raw, name)]
    return [says, *(["only " + "; ".join(limits)] if limits else [])]


def _floor(raw: Raw) -> list[str]:
    keeps = "" if raw.get("keeps", "recording") == "recording" else f"{raw['keeps']}: "
    return [f"when {_code(raw['when'])}: {keeps}{_period(raw)}"]


def _deadline(raw: Raw) -> list[str]:
    length = raw.get("period", raw.get("promptness", ""))
    if raw.get("counting") == "business":
        length = f"{length}, business days only"
    found = [
        f"when {_code(raw['when'])}: {_flat(raw['duty'])}",
        f"to {_flat(raw['owed_to'])}; {_flat(length)}, from {_code(raw['start'])}",
    ]
    if raw.get("rolls"):
        found.append("a last day of rest moves to the next business day")
    found += _named("not before", raw, "not_before")
    return [*found, *([f"met when {_code(raw['met'])}"] if "met" in raw else [])]


def _access(raw: Raw) -> list[str]:
    who = _codes(raw["actors"]) if raw.get("actors") else "anyone"
    found = [f"{who}, when {_code(raw['when'])}: view **{raw['view']}**, copy **{raw['copy']}**"]
    found += _named("requires", raw, "requires") + _named("starts", raw, "deadlines")
    return found + [f"duty: {_flat(duty)}" for duty in raw.get("duties", ())]


Consequence = Callable[[Raw], list[str]] | str


def _choice(raw: Raw) -> list[str]:
    asked = f"{_flat(raw['question'])} {_codes(raw['options'])}"
    return [asked, f"without an answer {_code(raw['default'])}"]


WHEN: Final = "when {when}"
# Field of the pack, heading, what the table is, and how the fields of one rule read.
TABLES: Final[Sequence[tuple[str, str, str, Consequence]]] = (
    ("classes", "Classes", "Labels for data on individuals / for other data.", _class),
    ("classification", "What gives a class", "The first that applies decides.", WHEN + ": {gives}"),
    ("overlays", "Overlays", "What a disclosure must, may or must not leave out.", _overlay),
    ("floors", "Floors", "How long something is kept at least; the longest counts.", _floor),
    ("ceilings", "Ceilings", "How long it may be kept; a floor or a hold goes first.", _floor),
    ("extensions", "Extensions", "Who may ask for more time.", _EXTENSION),
    ("unclassified", "While no floor is certain", "What it is locked for then.", _UNCLASSIFIED),
    ("access", "Access", "For each actor, the first that applies decides.", _access),
    ("requirements", "Requirements", "Without these, what is allowed is denied.", WHEN),
    ("deadlines", "Deadlines", "What the agency owes.", _deadline),
    ("contradictions", "Contradictions", "Facts that cannot all be true.", WHEN),
    ("choices", "Choices", "What the statute leaves to the agency.", _choice),
    ("labels", "Labels", "Names that people give; they decide nothing.", "expects {expects}"),
    ("flags", "Flags", "What people mark a recording with.", ""),
    ("actors", "Actors", "Who may ask.", ""),
    ("purposes", "Purposes", "What for.", ""),
    ("audit_elements", "Audit", "What an audit of the agency looks at.", ""),
    ("calendar_rules", "How time is counted", "For people; the library counts by these.", ""),
)


def all_rules(pack: Pack) -> list[Rule]:
    """Every rule of a pack, those of former days included."""
    return [rule for rules in pack.rules.values() for rule in rules]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _level(verified: Verification) -> str:
    return f"⚠\u00a0**{verified}**" if verified is Verification.UNVERIFIED else str(verified)


def _links(wanted: Iterable[str], sources: Mapping[str, Source]) -> list[str]:
    return [_link(one, sources[one].url) for one in wanted]


def _link(text: str, url: str | None) -> str:
    if url is None:
        return text
    return f"[{text}]({url.replace('|', '%7C').replace('(', '%28').replace(')', '%29')})"


def _said(heading: str, text: str | None) -> list[str]:
    return [] if text is None else [f"*{heading}:* {_flat(text)}"]


def _consequence(raw: Raw, says: Consequence) -> list[str]:
    if not isinstance(says, str):
        return says(raw)
    coded = {
        name: _codes(value) if isinstance(value, list) else _code(value)
        for name, value in raw.items()
    }
    return [says.format(**coded)] if says else []


def _rule_rows(
    rules: Sequence[Rule], raws: Sequence[Raw], says: Consequence, sources: Mapping[str, Source]
) -> list[list[str]]:
    rows = []
    for rule, raw in zip(rules, raws, strict=True):
        text = [_flat(rule.says), *_consequence(raw, says)]
        text += _said("Read so", rule.ambiguity) + _said("Note", rule.note)
        begins = "" if rule.effective_from.year == 1 else f"from {rule.effective_from}"
        ends = "" if rule.effective_to is None else f"to {rule.effective_to}"
        rows.append(
            [
                "<br>".join(filter(None, (_code(rule.id), _flat(rule.cite), begins, ends))),
                "<br>".join(text),
                "<br>".join([_level(rule.verified), *_links(rule.source, sources)]),
            ]
        )
    return rows


RULE_HEAD: Final = ("rule, law", "what it says", "checked")


def _fact_rows(specs: Iterable[FactSpec]) -> list[list[str]]:
    rows = []
    for spec in specs:
        text = [_flat(spec.question)]
        if spec.codes:
            text.append(f"{_ASKED.get(spec.type, 'one of')} {_codes(spec.codes)}")
        if spec.ahead:
            text.append("may lie in the future")
        text += _said("Law", spec.cite) + _said("Note", spec.note)
        rows.append([f"{_code(spec.name)}<br>{spec.type}", "<br>".join(text), _silence(spec)])
    return rows


_ASKED: Final = {"codes": "any of", "requests": "each says", "holds": "of the kinds"}


def _silence(spec: FactSpec) -> str:
    if spec.type in ("requests", "holds"):
        return "none"
    if spec.absent is None:
        return "**not known**"
    if isinstance(spec.absent, bool):
        return "yes" if spec.absent else "no"
    if isinstance(spec.absent, frozenset):
        return _codes(sorted(spec.absent)) or "none of them"
    return _code(spec.absent)


def _head(pack: Pack) -> list[str]:
    rules = all_rules(pack)
    counts = Counter(rule.verified for rule in rules)
    rows = [(_level(one), str(counts[one]), says) for one, says in LEVELS.items()]
    return [
        f"# {_code(pack.id)}: {pack.title}\n",
        f"{WRITTEN}\n",
        f"{ADVICE}\n",
        f"{pack.jurisdiction}. Sources last looked at: {pack.reviewed}. Digest: `{pack.digest}`\n",
        f"There are {len(rules)} rules, those of former days included.",
        f"**{counts[Verification.UNVERIFIED]} of them were checked against nothing.**\n",
        _table(("level", "rules", "meaning"), rows),
    ]


def _versions(pack: Pack, sources: Mapping[str, Source]) -> list[str]:
    rows = [
        [
            _code(one.effective),
            "<br>".join([_flat(one.act), *_said("Note", one.note)]),
            "<br>".join([_level(one.verified), *_links(one.source, sources)]),
        ]
        for one in pack.versions
    ]
    return [
        "## Versions\n",
        f"The law before {pack.versions[0].effective} is not in this pack.\n",
        _table(("from", "act", "checked"), rows),
    ]


def _facts(pack: Pack) -> list[str]:
    parts = ["## Facts\n", "What is asked, and what it means when nobody has said.\n"]
    for about, heading in ABOUT.items():
        specs = [spec for spec in pack.facts if spec.about is about]
        if specs:
            table = _table(("fact", "question", "not said"), _fact_rows(specs))
            parts += [f"### {heading}\n", table]
    return parts


def _definitions(raw: Raw) -> list[str]:
    rows = [(_code(name), _code(text)) for name, text in raw.get("definitions", {}).items()]
    lead = "Names for conditions that several rules have.\n"
    return ["## Definitions\n", lead, _table(("name", "condition"), rows)] if rows else []


def _rules(pack: Pack, raw: Raw, sources: Mapping[str, Source]) -> list[str]:
    parts = []
    for field, heading, lead, says in TABLES:
        rules = getattr(pack, field)
        raws = raw["classification"]["rules"] if field == "classification" else raw.get(field, ())
        if not rules:
            continue
        parts += [f"## {heading}\n", f"{lead}\n"]
        if field == "classification":
            individuals = _code(raw["classification"]["individuals_when"])
            parts.append(
                f"A recording has data on individuals unless this is *no*: {individuals}\n"
            )
        parts.append(_table(RULE_HEAD, _rule_rows(rules, raws, says, sources)))
    return parts


def _calendar(raw: Raw) -> list[str]:
    found = raw["calendar"]
    rows = [
        [_flat(one["name"]), str(one["since"]), "if chosen" if one.get("optional") else "yes"]
        for one in found["holidays"]
    ]
    return [
        "## Days of rest\n",
        f"Each {' and '.join(found['weekend'])}, and these:\n",
        _table(("holiday", "from", "kept"), rows),
    ]


def _sources(sources: Iterable[Source]) -> list[str]:
    rows = [
        [
            _code(one.id),
            _link(_flat(one.title), one.url),
            "" if one.seen is None else str(one.seen),
        ]
        for one in sources
    ]
    return ["## Sources\n", _table(("source", "what it is", "seen"), rows)] if rows else []


def _agency(agency: Agency, pack: Pack) -> list[str]:
    raw = tomllib.loads(agency_text(agency.id)[0])
    choices = {
        one.id: agency.choices.get(one.id, f"{one.default} (default)") for one in pack.choices
    }
    rows = [
        ("digest", f"`{agency.digest}`"),
        ("zone", agency.zone),
        ("chief law enforcement officer", _flat(agency.chief)),
        ("responsible authority", _flat(agency.responsible_authority)),
        ("last day of rest", "moves on before destruction" if agency.roll_floors else "counts"),
        ("days of grace", str(agency.grace_days)),
        ("optional holidays kept", _flat(", ".join(sorted(agency.optional_holidays)) or "none")),
        *((f"choice {_code(name)}", _flat(option)) for name, option in choices.items()),
    ]
    sources = {one.id: one for one in agency.sources}
    schedule = _rule_rows(agency.schedule, raw.get("schedule", ()), _entry, sources)
    parts = [f"## Agency {_code(agency.id)}: {agency.title}\n", _table(("", ""), rows)]
    if schedule:
        lead = "The records schedule: only a **confirmed** entry gives authority to destroy.\n"
        parts += [lead, _table(RULE_HEAD, schedule)]
    return [*parts, *(one.replace("## ", "### ") for one in _sources(agency.sources))]


def _entry(raw: Raw) -> list[str]:
    approval = (
        _flat(raw["authority"]) if "authority" in raw else "it protects, and lets nobody destroy"
    )
    confirmed = "**confirmed**" if raw["confirmed"] else "**not confirmed**"
    return [f"when {_code(raw['when'])}: {_period(raw)}", f"{confirmed}: {approval}"]


def pages() -> dict[Path, str]:
    """Every page, with its text."""
    agencies = [load_agency(one) for one in agency_ids()]
    packs = [load_pack(one) for one in pack_ids()]
    found = {FOLDER / "index.md": _index(packs, agencies)}
    for pack in packs:
        raw = tomllib.loads(pack_text(pack.id)[0])
        sources = {one.id: one for one in pack.sources}
        parts = [*_head(pack), *_versions(pack, sources), *_facts(pack), *_definitions(raw)]
        parts += [*_rules(pack, raw, sources), *_calendar(raw), *_sources(pack.sources)]
        for agency in agencies:
            parts += _agency(agency, pack) if agency.pack == pack.id else []
        found[FOLDER / f"{pack.id}.md"] = "\n".join(parts)
    return found


def _index(packs: Sequence[Pack], agencies: Sequence[Agency]) -> str:
    rows = []
    for pack in packs:
        counts = Counter(rule.verified for rule in all_rules(pack))
        under = [f"with agency {_code(one.id)}" for one in agencies if one.pack == pack.id]
        rows.append(
            [
                f"[{_code(pack.id)}]({pack.id}.md)",
                "<br>".join([_flat(pack.title), *under]),
                f"{pack.versions[0].effective}<br>{pack.reviewed}",
                "<br>".join(f"{_level(one)}: {counts[one]}" for one in LEVELS),
            ]
        )
    return "\n".join(
        [
            "# Statute packs\n",
            f"{WRITTEN}\n",
            "The packs that come with the library, and the agency files.\n",
            f"{ADVICE}\n",
            _table(("pack", "covers", "law from, reviewed", "rules"), rows),
            "Rules are counted by how well they were checked:\n",
            *(f"- {_level(one)}: {says}" for one, says in LEVELS.items()),
            "",
            "[How a statute becomes a decision](../../concepts/law.md) says how they are applied,",
            "[write a pack](../../guides/write-a-pack.md) how another one is made.\n",
        ]
    )


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
