"""What the caller says about a recording when it is ingested.

Claims of when it was made are kept apart by what they rest on and are never edited: a later
correction is another claim. Typed parts (dates, label, trigger, tags) are open; the values
behind the tags, and everything in words, are sealed.
"""

from collections.abc import Mapping
from typing import Final

import attrs

from bwcstore._encoding import Json, tag
from bwcstore._values import Digest, Instant, check_text
from bwcstore.custody._object_records import Claim
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.ledger._kind import BASES, TRIGGERS, code

FIELDS_MAX: Final = 64


@attrs.frozen(kw_only=True)
class SourceId:
    """The caller's own name of a recording, for idempotent ingest.

    Attributes:
        scope: what makes `text` unique: the device, or the program that imports. Never empty: a
            bare file name repeats from camera to camera.
        text: the name within that scope.
    """

    scope: str = attrs.field()
    text: str = attrs.field()

    @scope.validator
    @text.validator
    def _check(self, attribute: "attrs.Attribute[str]", value: str) -> None:
        check_text(value, f"source id: {attribute.name}", length_max=1024)

    @property
    def tagged(self) -> str:
        """The value that the `source` tag is made of: scope, LF, text."""
        return f"{self.scope}\n{self.text}"


@attrs.frozen(kw_only=True)
class Recording:
    """What is known of a recording. Everything is optional.

    Attributes:
        collected: when it was made, each with its basis: `camera-clock`, `container`, `dock`;
            the basis `ingest` is added by the store. At most one per basis.
        device: serial number or name of the camera.
        officer: who wore it, as the agency names officers.
        case: the case number.
        label: the agency's category, a code of `[a-z0-9._-]`.
        trigger: why the camera was on: one of `escalation`, `use-of-force`, `evidence`,
            `detention`, `officer-discretion`.
        title: a line for people.
        fields: anything else, at most 64 short texts; dies with the recording.
    """

    collected: tuple[Claim, ...] = attrs.field(default=())
    device: str | None = None
    officer: str | None = None
    case: str | None = None
    label: str | None = attrs.field(default=None)
    trigger: str | None = attrs.field(default=None)
    title: str | None = None
    fields: Mapping[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for name in ("device", "officer", "case", "title"):
            if (value := getattr(self, name)) is not None:
                check_text(value, name, length_max=1024)

    @collected.validator
    def _check_collected(self, _: object, claims: tuple[Claim, ...]) -> None:
        given = [claim.basis for claim in claims]
        if len(set(given)) < len(given) or not set(given) <= set(BASES) - {"ingest"}:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                "collected: one claim per basis, each camera-clock, container or dock",
            )

    @label.validator
    def _check_label(self, _: object, label: str | None) -> None:
        if label is not None and not code(label):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"label: not a code of [a-z0-9._-]: {label!r:.80}"
            )

    @trigger.validator
    def _check_trigger(self, _: object, trigger: str | None) -> None:
        if trigger is not None and trigger not in TRIGGERS:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"trigger: one of {', '.join(TRIGGERS)}"
            )

    @fields.validator
    def _check_fields(self, _: object, fields: Mapping[str, str]) -> None:
        if len(fields) > FIELDS_MAX:
            raise InvalidInputError(
                ErrorKind.TOO_LARGE, f"fields: {len(fields)}, at most {FIELDS_MAX}"
            )
        for name, value in fields.items():
            check_text(name, "field name", length_max=64)
            check_text(value, "field value")

    def claims(self, *, container: Instant | None, ingested: Instant) -> tuple[Claim, ...]:
        """All claims in order of basis, with those that the store itself can add."""
        by_basis = {claim.basis: claim for claim in self.collected}
        if container is not None:
            by_basis.setdefault("container", Claim(at=container, basis="container"))
        by_basis["ingest"] = Claim(at=ingested, basis="ingest")
        return tuple(by_basis[basis] for basis in BASES if basis in by_basis)


def open_body(
    recording: Recording,
    *,
    claims: tuple[Claim, ...],
    source: SourceId | None,
    plaintext_digest: Digest,
    tag_key: bytes,
) -> dict[str, Json]:
    """The open fields of `object.ingested` that come from the recording (LED-1, LED-5)."""
    values = {
        "case": recording.case,
        "device": recording.device,
        "file": str(plaintext_digest),
        "officer": recording.officer,
        "source": source.tagged if source else None,
    }
    body: dict[str, Json] = {
        "tags": {
            kind: [str(tag(tag_key, kind, value))]
            for kind, value in values.items()
            if value is not None
        },
        "collected": [{"at": str(claim.at), "basis": claim.basis} for claim in claims],
    }
    if recording.label is not None:
        body["label"] = recording.label
    if recording.trigger is not None:
        body["trigger"] = recording.trigger
    return body
