"""How a probe and an attestation are said in entries. Pure (spec chapter `storage-probe`)."""

from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from bwcstore._encoding import Json
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._kind import code
from bwcstore.storage._probe_result import PlaceKind, ProbeResult

_LINES_MAX: Final = 64
_LINE_MAX: Final = 400
_WORDS_MAX: Final = 16


def probed_body(result: ProbeResult, place: PlaceKind) -> dict[str, Json]:
    """The open fields of `storage.probed` (PRB-9)."""
    return {
        "place": place.value,
        "verdict": result.verdict.value,
        "protocol": result.protocol.value,
        "checks": [
            {"check": check.name, "outcome": check.outcome.value} for check in result.checks
        ],
    }


def probed_detail(result: ProbeResult) -> list[Json]:
    """The sealed detail of `storage.probed`: where, and why each check came out as it did."""
    lines = [result.location]
    if result.clock_offset_seconds is not None:
        lines.append(f"clock offset {result.clock_offset_seconds:+.1f} s")
    lines += [f"{check.name}: {check.detail}" for check in result.checks if check.detail]
    return [_plain(line) for line in lines[:_LINES_MAX]]


def _plain(line: str) -> str:
    """One line of text (ENC-5): what a service answered may hold anything."""
    kept = "".join(char if char.isprintable() else "?" for char in line)
    return normalize("NFC", kept[:_LINE_MAX]).strip()


def attested_words(words: Iterable[str]) -> list[Json]:
    """The words of `storage.attested`, ascending, each once.

    Raises:
        InvalidInputError: none, too many, or one that is no code.
    """
    found = sorted(set(words))
    if not 1 <= len(found) <= _WORDS_MAX or not all(code(word) for word in found):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"what is attested: 1 to {_WORDS_MAX} codes of [a-z0-9._-], such as no-snapshots",
        )
    return [*found]


def place_kind(place: str) -> PlaceKind:
    """Which of a store's places is meant.

    Raises:
        InvalidInputError: none of them.
    """
    try:
        return PlaceKind(place)
    except ValueError as exc:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"place {place!r:.40}: one of {', '.join(kind.value for kind in PlaceKind)}",
        ) from exc
