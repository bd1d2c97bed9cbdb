"""Saying in the ledger what the storage did when it was tried, and what a person answers for."""

from collections.abc import Iterable

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._services import Services
from bwcstore._session._storage_words import (
    attested_words,
    place_kind,
    probed_body,
    probed_detail,
)
from bwcstore._values import Instant
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._draft import Decision
from bwcstore.storage._claimed import ClaimedBackend
from bwcstore.storage._probe_result import PlaceKind, ProbeResult
from bwcstore.storage._vault import DirectoryVault


def record_probe(acting: Acting, result: ProbeResult, *, place: str) -> None:
    """Say what a place did; see `Session.record_probe`."""
    kind = place_kind(place)
    _check_place(acting.services, result, kind)
    body = probed_body(result, kind)
    private: dict[str, Json] = {"detail": probed_detail(result)}

    def plan(_: State, permission: Permission, now: Instant) -> Decision:
        draft = acting.draft(permission, "storage.probed", body, now=now, private=private)
        return Decision(drafts=(draft,))

    acting.commit(Verb.PROBE, plan)


def _check_place(services: Services, result: ProbeResult, kind: PlaceKind) -> None:
    """Check that a result is of the store's own place (PRB-13).

    Raises:
        InvalidInputError: it is of another (`argument-invalid`).
    """
    places = _locations(services, kind)
    if places is not None and result.location not in places:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"the probe is of {result.location}, which is no place of this store for {kind}",
        )


def _locations(services: Services, kind: PlaceKind) -> tuple[str, ...] | None:
    """Where a store keeps something; None where its vault does not say where it lies."""
    if kind is PlaceKind.VAULT:
        vault = services.vault
        return vault.locations if isinstance(vault, DirectoryVault) else None
    backend = services.backend
    if isinstance(backend, ClaimedBackend):
        backend = backend.claims if kind is PlaceKind.CLAIMS else backend.evidence
    elif kind is PlaceKind.CLAIMS:
        return ()
    return (backend.properties.location,)


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
