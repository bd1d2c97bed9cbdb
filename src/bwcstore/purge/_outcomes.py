"""What became of every stored version of a recording: the annex that lists many (CRT-24).

Up to 64 outcomes stand in `purge.completed` itself; more of them are an annex, canonical JSON of
`format`, `object` and `outcomes`.
"""

from collections.abc import Iterable
from typing import Final, cast

import attrs

from bwcstore._encoding import Json, decode, encode
from bwcstore._values import ObjectId
from bwcstore.errors import ErrorKind, FormatError
from bwcstore.ledger._kind import Check, many, one_of, record, text

FORMAT: Final = "bwcstore-outcomes/1"
OUTCOMES_MAX: Final = 1 << 20
_CHECK: Final[Check] = many(
    record(name=text, version=text, outcome=one_of("deleted", "absent")), at_most=OUTCOMES_MAX
)


@attrs.frozen(kw_only=True, order=True)
class VersionOutcome:
    """What became of one stored version: `deleted`, or `absent` when it was looked for."""

    name: str
    version: str
    outcome: str

    def to_json(self) -> dict[str, Json]:
        """The form in which entries and annexes have it."""
        return {"name": self.name, "outcome": self.outcome, "version": self.version}


def read_outcomes(value: Json) -> tuple[VersionOutcome, ...]:
    """The outcomes of a list that was checked."""
    return tuple(VersionOutcome(**one) for one in cast("list[dict[str, str]]", value))


def encode_outcomes(object_id: ObjectId, outcomes: Iterable[VersionOutcome]) -> bytes:
    """The bytes of the annex.

    Raises:
        InvalidInputError: a text has no canonical form.
    """
    return encode(
        {
            "format": FORMAT,
            "object": object_id.text,
            "outcomes": [one.to_json() for one in outcomes],
        }
    )


def decode_outcomes(raw: bytes, *, object_id: ObjectId) -> tuple[VersionOutcome, ...]:
    """Read the annex of an object.

    Raises:
        FormatError: it is none, or another object's (`certificate-invalid`).
    """
    fields = decode(raw, what="outcomes")
    if fields.keys() != {"format", "object", "outcomes"} or fields["format"] != FORMAT:
        raise FormatError(ErrorKind.FORMAT_UNKNOWN, f"outcomes: not {FORMAT}")
    if fields["object"] != object_id.text or not _CHECK(fields["outcomes"]):
        raise FormatError(
            ErrorKind.CERTIFICATE_INVALID, f"outcomes: no list of outcomes of object {object_id}"
        )
    return read_outcomes(fields["outcomes"])
