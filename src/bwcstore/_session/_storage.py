"""Saying in the ledger what the storage did when it was tried, and what a person answers for."""

from collections.abc import Iterable

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._storage_words import (
    attested_words,
    place_kind,
    probed_body,
    probed_detail,
)
from bwcstore._values import Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.ledger._draft import Decision
from bwcstore.storage._probe_result import ProbeResult


def record_probe(acting: Acting, result: ProbeResult, *, place: str) -> None:
    """Say what a place did; see `Session.record_probe`."""
    body = probed_body(result, place_kind(place))
    private: dict[str, Json] = {"detail": probed_detail(result)}

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        draft = acting.draft(permission, "storage.probed", body, now=now, private=private)
        return Decision(drafts=(draft,))

    acting.commit(Verb.PROBE, plan)


def attest_storage(
    acting: Acting, place: str, *, words: Iterable[str], statement: str | None
) -> None:
    """Say what a person answers for; see `Session.attest_storage`."""
    body: dict[str, Json] = {"place": place_kind(place).value, "words": attested_words(words)}
    private: dict[str, Json] = {}
    if statement is not None:
        private["statement"] = lines_of(statement, "statement")

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        draft = acting.draft(permission, "storage.attested", body, now=now, private=private)
        return Decision(drafts=(draft,))

    acting.commit(Verb.ATTEST, plan)
