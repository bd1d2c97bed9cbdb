"""From the text of a pack to the pack.

Rules kept here (spec chapter `statute-pack`):

- a pack has the tables of LAW-1, each with its fields and no others;
- the versions are in order, and what is declared is declared once (LAW-3, LAW-4);
- a definition stands for its own condition, and none comes back to itself (LAW-4, LAW-20);
- the digest is over what the document says, not over how it is laid out (LAW-5).

What the rules of a pack make of each other is looked at in `_checks`, once they can be read.
"""

from collections.abc import Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import cast

import attrs

from bwcstore._encoding import Json, encode, sha256
from bwcstore._values import Digest
from bwcstore.errors import BwcStoreError, ErrorKind
from bwcstore.statute._condition import Always, Condition
from bwcstore.statute._facts import FactSpec
from bwcstore.statute._files import _rule_tables as sorts
from bwcstore.statute._files._checks import pack_problems
from bwcstore.statute._files._definitions import Definitions
from bwcstore.statute._files._fact_tables import calendar, fact, sources
from bwcstore.statute._files._fields import Table, accepted, read_document
from bwcstore.statute._files._references import RECORDING, Asking, flags_of
from bwcstore.statute._files._rule_tables import Declared, rules
from bwcstore.statute._files._toml import Problem
from bwcstore.statute._grammar import parse_condition
from bwcstore.statute._pack import PACK_FORMAT, Pack, Version
from bwcstore.statute._rules import Verification


def read_pack(text: str, *, name: str) -> Pack:
    """Read a pack, and refuse one with which anything is wrong (spec: LAW-1 to LAW-5).

    Args:
        text: the text of the pack's document.
        name: the name of its file, for messages.

    Raises:
        InvalidInputError: something is wrong with it; the kind is one of LAW-4, the message gives
            the line and the rule, and the notes say what else is wrong.
    """
    return accepted(*_read(text, name))


def check_pack(text: str, *, name: str) -> tuple[Problem, ...]:
    """Everything that is wrong with a pack, by line (spec: LAW-4).

    What the rules make of each other is looked at only when each can be read.

    Args:
        text: the text of the pack's document.
        name: the name of its file, for messages.
    """
    return _read(text, name)[1]


def _read(text: str, name: str) -> tuple[Pack | None, tuple[Problem, ...]]:
    return read_document(text, name=name, written=PACK_FORMAT, read=_checked)


def _checked(root: Table) -> Pack:
    pack = _pack(root)
    if not root.problems:
        root.problems += pack_problems(pack)
    return pack


def digest_of(root: Table) -> Digest:
    """The digest of what a document says (spec: LAW-5); it must have been read without problems."""
    return sha256(encode(cast("Mapping[str, Json]", _json(root.values))))


def _json(value: object) -> object:
    match value:
        case dict():
            return {key: _json(one) for key, one in value.items()}
        case list():
            return [_json(one) for one in value]
        case date():
            return value.isoformat()
        case _:
            return value


def _pack(root: Table) -> Pack:
    head = root.table("pack")
    for field in ("versions", "classes", "facts"):
        if not root.values.get(field):
            root.problem(ErrorKind.FIELD_MISSING, f"a table is missing: [[{field}]]")
    cited = sources(root)
    versions = _versions(root, {source.id for source in cited})
    facts = _facts(root)
    root.definitions = _definitions(root, {spec.name for spec in facts})
    known = Declared(
        versions=tuple(version.effective for version in versions),
        sources={source.id for source in cited},
        subjects={spec.name: spec.about for spec in facts},
    )
    classification = root.table("classification")
    pack = Pack(
        id=head.slug("id"),
        title=head.text("title"),
        jurisdiction=head.text("jurisdiction"),
        reviewed=head.day("reviewed"),
        digest=Digest(bytes(32)),
        versions=versions,
        sources=cited,
        facts=facts,
        individuals_when=_individuals(classification, root, facts),
        calendar=calendar(root),
        calendar_rules=rules(root, "calendar_rules", sorts.term, known),
        classes=rules(root, "classes", sorts.recording_class, known),
        classification=rules(classification, "rules", sorts.class_rule, known),
        overlays=rules(root, "overlays", sorts.overlay, known),
        floors=rules(root, "floors", sorts.floor, known),
        ceilings=rules(root, "ceilings", sorts.ceiling, known),
        extensions=rules(root, "extensions", sorts.extension, known),
        unclassified=rules(root, "unclassified", sorts.unclassified, known),
        deadlines=rules(root, "deadlines", sorts.deadline, known),
        requirements=rules(root, "requirements", sorts.requirement, known),
        access=rules(root, "access", sorts.access_rule, known),
        contradictions=rules(root, "contradictions", sorts.contradiction, known),
        labels=rules(root, "labels", sorts.label, known),
        choices=rules(root, "choices", sorts.choice, known),
        actors=rules(root, "actors", sorts.named_term, known),
        purposes=rules(root, "purposes", sorts.named_term, known),
        flags=rules(root, "flags", sorts.named_term, known),
        audit_elements=rules(root, "audit_elements", sorts.term, known),
        definitions=root.definitions.conditions,
        name=root.document.name,
    )
    for table in (head, classification, root):
        table.close()
    return pack if root.problems else attrs.evolve(pack, digest=digest_of(root))


def _versions(root: Table, cited: set[str]) -> tuple[Version, ...]:
    found: list[Version] = []
    for table in root.tables("versions"):
        version = Version(
            effective=table.day("effective"),
            act=table.text("act"),
            verified=table.member("verified", Verification),
            source=table.references("source", cited, "source"),
            note=table.text_or_none("note"),
        )
        if found and version.effective <= found[-1].effective:
            message = f"version {version.effective} comes after version {found[-1].effective}"
            table.problem(ErrorKind.PACK_OVERLAP, message, "effective")
        table.close()
        found.append(version)
    return tuple(found)


def _facts(root: Table) -> tuple[FactSpec, ...]:
    found: dict[str, FactSpec] = {}
    for table in root.tables("facts"):
        spec = fact(table)
        if spec.name in found:
            table.problem(ErrorKind.PACK_OVERLAP, "it is declared twice", "name")
        found.setdefault(spec.name, spec)
    return tuple(found.values())


def _definitions(root: Table, facts: set[str]) -> Definitions:
    """What each definition stands for; definitions may use each other in any order."""
    table = root.table_or_empty("definitions")
    texts = table.strings()
    for name in sorted(texts.keys() & facts):
        table.problem(ErrorKind.PACK_OVERLAP, f"definition {name} has the name of a fact", name)
    graph = {name: sorted(_flags_in(text) & texts.keys()) for name, text in texts.items()}
    found = Definitions()
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as exc:
        first, steps = _turned(exc.args[1])
        message = f"definition {first} comes back to itself: {steps}"
        table.problem(ErrorKind.PACK_CYCLE, message, first)
        order = tuple(texts)
        texts = dict.fromkeys(texts, "always")
    for name in order:
        condition: Condition = Always()
        try:
            condition = found.parse(texts[name])
        except BwcStoreError as exc:
            table.problem(exc.kind, f"definition {name}: {exc.message}", name)
        found.add(name, condition)
    return found


def _flags_in(text: str) -> frozenset[str]:
    """The flags that a text asks, where a definition looks like a flag."""
    try:
        return flags_of(parse_condition(text, definitions={}))
    except BwcStoreError:
        return frozenset()


def _turned(cycle: list[str]) -> tuple[str, str]:
    """The first name of a cycle, and its steps from there: the same wherever it was entered."""
    # Each name depends on the one before it; people read it the other way round.
    names = cycle[:0:-1]
    begin = names.index(min(names))
    turned = [*names[begin:], *names[:begin]]
    return turned[0], " -> ".join([*turned, turned[0]])


def _individuals(classification: Table, root: Table, facts: tuple[FactSpec, ...]) -> Condition:
    found = classification.condition("individuals_when")
    asking = Asking(facts={spec.name: spec for spec in facts}, subjects=RECORDING)
    if not root.problems:
        for complaint in asking.complaints(found):
            classification.problem(
                ErrorKind.PACK_REFERENCE, f"individuals_when: {complaint}", "individuals_when"
            )
    return found
