"""Which entries of a ledger make the certificate of a recording (spec: CRT-7)."""

from collections.abc import Sequence

from bwcstore.custody._fields import number, text
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate_erasure import shortcomings
from bwcstore.purge._certificate_parts import ENROLLED, needed_enrolments, of_kind, only


def choose(
    *,
    recording: Sequence[Entry],
    plan: Sequence[Entry],
    store: Sequence[Entry],
) -> tuple[Entry, ...]:
    """Choose the entries of the certificate of a recording; openings of generations come later.

    Args:
        recording: the whole chain of its scope.
        plan: the whole chain of the plan's scope.
        store: the whole chain of scope `store`.

    Raises:
        IntegrityError: what it needs is not there (`certificate-invalid`).
    """
    completed = only(recording, "purge.completed")
    started = only(recording, "purge.started")
    chain = [one for one in recording if one.index <= completed.index]
    before = [one for one in plan if one.index < started.index]
    chosen = [
        *chain,
        *before,
        *[one for one in plan if one.index > started.index][:1],
        only(store[:1], "store.created"),
        *[one for one in of_kind(store, "law.adopted") if one.index < started.index][-1:],
        *_releases(chain, store),
        *_erasure(store, started=started, completed=completed),
    ]
    enrolled = of_kind(store, ENROLLED)
    kept: dict[int, Entry] = {one.index: one for one in chosen}
    new = list(chosen)
    while new:
        found = {one.index: one for one in needed_enrolments(enrolled, new)}
        new = [one for index, one in found.items() if index not in kept]
        kept.update(found)
    return tuple(kept[index] for index in sorted(kept))


def _releases(chain: Sequence[Entry], store: Sequence[Entry]) -> list[Entry]:
    bound = {text(one.body, "hold") for one in of_kind(chain, "hold.bound")}
    return [one for one in of_kind(store, "hold.released") if text(one.body, "hold") in bound]


def _erasure(store: Sequence[Entry], *, started: Entry, completed: Entry) -> list[Entry]:
    """The epoch that ended after the destruction, with what was attested of it, and the lists of
    backups in force: the epoch by which erasure can be claimed, else the one with most to say.
    """
    candidates = [
        _with_attestation(store, epoch)
        for epoch in of_kind(store, "keys.epoch_destroyed")
        if epoch.index > completed.index
        and number(epoch.body, "epoch") >= number(completed.body, "epoch")
    ]
    best: list[Entry] = []
    for found in candidates:
        claimed = not shortcomings(
            completed,
            epoch=found[0],
            attested=found[1] if len(found) > 1 else None,
            backups=_lists(store, started, found[-1]),
        )
        if claimed or len(found) > len(best):
            best = found
        if claimed:
            break
    return [*best, *_lists(store, started, best[1] if len(best) > 1 else completed)]


def _with_attestation(store: Sequence[Entry], epoch: Entry) -> list[Entry]:
    attested = [
        one
        for one in of_kind(store, "erasure.attested")
        if one.index > epoch.index and one.body["epoch"] == epoch.body["epoch"]
    ]
    return [epoch, *attested[-1:]]


def _lists(store: Sequence[Entry], started: Entry, end: Entry) -> list[Entry]:
    declared = of_kind(store, "backups.declared")
    before = [one for one in declared if one.index < started.index]
    return before[-1:] + [one for one in declared if started.index < one.index < end.index]
