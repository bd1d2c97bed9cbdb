"""Which entries a certificate of destruction has, and which part each of them plays.

Rules kept here (spec: CRT-7 to CRT-9):

- every entry is there for a reason, and what a reason asks for is there;
- whoever acted was enrolled before, by an entry that is there too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from bwcstore._values import ObjectId
from bwcstore.custody._fields import text
from bwcstore.custody._records import NOBODY
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate_form import invalid

OPENED: Final = "generation.opened"
ENROLLED: Final = "actor.enrolled"


@attrs.frozen(kw_only=True)
class Parts:
    """The entries of a certificate by the parts they play, each in ascending order of index.

    Attributes:
        created: the beginning of the store.
        openings: the beginnings of later generations.
        enrolled: the enrolments of whoever acted.
        law: the law that was in force.
        recording: the whole chain of the recording, from ingest to completion.
        plan: the chain of the plan, through the first entry after the destruction began.
        approvals: the approvals of the plan that the destruction rests on.
        started: why it may be destroyed, and that it is being destroyed.
        completed: that it is gone.
        released: the releases of the holds that bound it.
        backups: the lists of backups in force from the start on.
        epoch: the end of the key epoch, if there was one.
        attested: what became of root key and backups, if that was attested.
    """

    created: Entry
    openings: tuple[Entry, ...]
    enrolled: tuple[Entry, ...]
    law: Entry
    recording: tuple[Entry, ...]
    plan: tuple[Entry, ...]
    approvals: tuple[Entry, ...]
    started: Entry
    completed: Entry
    released: tuple[Entry, ...]
    backups: tuple[Entry, ...]
    epoch: Entry | None = None
    attested: Entry | None = None

    @property
    def object_id(self) -> ObjectId:
        """The recording.

        Raises:
            IntegrityError: it completes in the scope of no object (`certificate-invalid`).
        """
        found = self.completed.scope.id.object_id
        if found is None:
            raise invalid("it completes in the scope of no object")
        return found

    def enrolment(self, entry: Entry) -> Entry | None:
        """The last enrolment shown of whoever wrote the entry, before it."""
        return enrolments(self.enrolled, (entry,)).get(entry.index)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them in ascending order of index."""
        single = (self.created, self.law, self.epoch, self.attested)
        several = (
            self.openings, self.enrolled, self.recording, self.plan, self.released, self.backups,
        )  # fmt: skip
        found = [one for one in single if one is not None]
        found += [one for group in several for one in group]
        return tuple(sorted(found, key=lambda one: one.index))


def enrolments(enrolled: Iterable[Entry], entries: Iterable[Entry]) -> Mapping[int, Entry]:
    """By the index of each entry, the last of some enrolments that is of its actor and stands
    before it; nothing where there is none.
    """
    found: dict[int, Entry] = {}
    latest: dict[str, Entry] = {}
    wanted = {one.index for one in entries}
    for one in sorted({*enrolled, *entries}, key=lambda entry: entry.index):
        if one.index in wanted and one.by.text in latest:
            found[one.index] = latest[one.by.text]
        if one.kind == ENROLLED:
            latest[text(one.body, "actor")] = one
    return found


def find_parts(entries: Sequence[Entry]) -> Parts:
    """Tell the parts that entries, in ascending order of index, play in a certificate.

    Raises:
        IntegrityError: one that is needed is missing, or one that is there has no reason to be
            (`certificate-invalid`).
    """
    store = [one for one in entries if one.scope.id.text == "store"]
    recording = tuple(one for one in entries if one.scope.id.text.startswith("object/"))
    act = tuple(one for one in entries if one.scope.id.text.startswith("act/"))
    started = only(recording, "purge.started")
    completed = only(recording, "purge.completed")
    approvals = tuple(_at(act, index, "plan.approved") for index in _numbers(started, "approvals"))
    parts = Parts(
        created=only(store, "store.created"),
        openings=of_kind(store, OPENED),
        enrolled=of_kind(store, ENROLLED),
        law=only(store, "law.adopted"),
        recording=recording,
        plan=act,
        approvals=approvals,
        started=started,
        completed=completed,
        released=of_kind(store, "hold.released"),
        backups=of_kind(store, "backups.declared"),
        epoch=at_most_one(store, "keys.epoch_destroyed"),
        attested=at_most_one(store, "erasure.attested"),
    )
    _check_reasons(parts, entries)
    return parts


def of_kind(entries: Iterable[Entry], kind: str) -> tuple[Entry, ...]:
    """Those of one kind."""
    return tuple(one for one in entries if one.kind == kind)


def at_most_one(entries: Iterable[Entry], kind: str) -> Entry | None:
    found = of_kind(entries, kind)
    if len(found) > 1:
        raise invalid(f"{kind} is there {len(found)} times")
    return found[0] if found else None


def only(entries: Iterable[Entry], kind: str) -> Entry:
    """The one of a kind.

    Raises:
        IntegrityError: there is none, or more than one (`certificate-invalid`).
    """
    found = at_most_one(entries, kind)
    if found is None:
        raise invalid(f"{kind} is missing")
    return found


def _at(entries: Iterable[Entry], index: int, kind: str) -> Entry:
    for one in entries:
        if one.index == index and one.kind == kind:
            return one
    raise invalid(f"entry {index}, {kind}, is missing")


def _numbers(entry: Entry, field: str) -> tuple[int, ...]:
    found = entry.body[field]
    return tuple(one for one in found if isinstance(one, int)) if isinstance(found, list) else ()


def _check_reasons(parts: Parts, entries: Sequence[Entry]) -> None:
    told = {one.index for one in parts.entries}
    for one in entries:
        if one.index not in told:
            raise invalid(f"entry {one.index}, {one.kind}, has no reason to be there")
    if parts.epoch is None and parts.attested is not None:
        raise invalid("an erasure was attested of no epoch that is there")
    wanted = {one.index for one in needed_enrolments(parts.enrolled, entries)}
    for one in parts.enrolled:
        if one.index not in wanted:
            raise invalid(f"entry {one.index} enrols somebody who did nothing")
    if sum(one.index < parts.started.index for one in parts.backups) > 1:
        raise invalid("a list of backups that was replaced before has no reason to be there")
    end = (parts.attested or parts.completed).index
    if any(one.index > end for one in parts.backups):
        raise invalid("a list of backups that came later has no reason to be there")
    if sum(one.index > parts.started.index for one in parts.plan) > 1:
        raise invalid("the plan's chain goes on for no reason")


def needed_enrolments(enrolled: Sequence[Entry], entries: Iterable[Entry]) -> Iterator[Entry]:
    """The enrolments under which entries were written; of all entries that are needed.

    Raises:
        IntegrityError: somebody acted who is not shown to have been enrolled before
            (`certificate-invalid`).
    """
    known = tuple(entries)
    found = enrolments(enrolled, known)
    for one in known:
        if one.index in found:
            yield found[one.index]
        elif one.by != NOBODY and one.kind != "store.created" and not _first_actor(one):
            raise invalid(f"the actor of entry {one.index}, {one.kind}, is not shown as enrolled")


def _first_actor(entry: Entry) -> bool:
    """Whether by this entry, the second of a store, its first actor enrols themselves."""
    own = entry.kind == ENROLLED and text(entry.body, "actor") == entry.by.text
    return own and entry.scope.seq == 1
