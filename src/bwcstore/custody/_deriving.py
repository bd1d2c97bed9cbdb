"""A derivative as it is asked for: what was done to which recording, where in it, with what.

Rules kept here (spec chapter `releases`):

- a derivative is made of a recording that is there and stays as it is (REL-1, REL-4);
- where and when something was done is committed by a digest and sealed: it may describe people
  (REL-5);
- a redaction is named by the rule of the law that asks for it (REL-6).
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import attrs

from bwcstore._encoding import Json, encode
from bwcstore._values import Digest, ObjectId, check_text
from bwcstore.custody._object_records import Derivation, ObjectState
from bwcstore.custody._recording import Recording
from bwcstore.custody._state import State
from bwcstore.errors import (
    ErrorKind,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    RetentionError,
)
from bwcstore.ledger._custody_kinds import OPERATIONS
from bwcstore.ledger._kind import code
from bwcstore.statute._pack import Pack

REGIONS_MAX: Final = 4_096
REDACTIONS_MAX: Final = 64
_BOX: Final = ("x", "y", "width", "height")
_PIXELS_MAX: Final = 1 << 20
_SECONDS_MAX: Final = 1_000_000_000


@attrs.frozen(kw_only=True)
class Region:
    """A time of a recording in which something was made unrecognisable or left out, and where.

    Attributes:
        start_seconds: from when, counted from the start of the recording.
        end_seconds: until when, excluded.
        what: what was done to what, for people; sealed.
        x: the left edge in pixels of the recording; None where the whole picture or the sound is
            meant, and then `y`, `width` and `height` are None too.
        y: the upper edge.
        width: how wide.
        height: how high.
    """

    start_seconds: float = attrs.field()
    end_seconds: float = attrs.field()
    what: str = attrs.field()
    x: int | None = None
    y: int | None = None
    width: int | None = None
    height: int | None = None

    def __attrs_post_init__(self) -> None:
        check_text(self.what, "region: what")
        if not 0 <= self.start_seconds < self.end_seconds <= _SECONDS_MAX:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"region: {self.start_seconds} to {self.end_seconds} seconds is no time",
            )
        box = [getattr(self, name) for name in _BOX]
        given = [type(side) is int and 0 <= side <= _PIXELS_MAX for side in box]
        if any(side is not None for side in box) and not all(given):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"region: {', '.join(_BOX)} are whole pixels, all four or none",
            )

    def record(self) -> dict[str, Json]:
        """The region as REL-5 writes it down."""
        found: dict[str, Json] = {
            "end_microseconds": round(self.end_seconds * 1_000_000),
            "start_microseconds": round(self.start_seconds * 1_000_000),
            "what": self.what,
        }
        return found | {name: side for name in _BOX if (side := getattr(self, name)) is not None}


@attrs.frozen(kw_only=True)
class Derived:
    """Of what an object is made, and how.

    Attributes:
        parent: the object it is made of.
        operation: `redact`, `clip`, `transcode`, `still`, `audio` or `transcript`.
        tool: the program, a code of `[a-z0-9._-]`.
        tool_version: its version, likewise.
        redactions: the ids of the overlays of the law that were carried out.
        regions: where and when something was done.
        statement: what else is to be said, as lines; sealed.
    """

    parent: ObjectId
    operation: str
    tool: str
    tool_version: str
    redactions: frozenset[str] = frozenset()
    regions: tuple[Region, ...] = ()
    statement: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.operation not in OPERATIONS:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"operation {self.operation!r:.40}: one of {', '.join(OPERATIONS)}",
            )
        for name in ("tool", "tool_version"):
            if not code(getattr(self, name)):
                raise InvalidInputError(
                    ErrorKind.ARGUMENT_INVALID,
                    f"{name} {getattr(self, name)!r:.80}: not a code of [a-z0-9._-]",
                )
        for what, found, most in (
            ("redactions", len(self.redactions), REDACTIONS_MAX),
            ("regions", len(self.regions), REGIONS_MAX),
        ):
            if found > most:
                raise InvalidInputError(ErrorKind.TOO_LARGE, f"{found} {what}, at most {most}")

    def made(self, found: ObjectState) -> bool:
        """Whether an object was made of the same recording in the same way."""
        derivation = found.keeping.derived
        return derivation is not None and derivation == Derivation(
            parent=self.parent,
            operation=self.operation,
            tool=self.tool,
            tool_version=self.tool_version,
            redactions=self.redactions,
        )

    def body(self, parent: ObjectState) -> dict[str, Json]:
        """The open fields of `derived.from`."""
        return {
            "parent": str(self.parent),
            "parent_manifest_sha256": str(parent.manifest_digest),
            "operation": self.operation,
            "tool": self.tool,
            "tool_version": self.tool_version,
            "redactions": [*sorted(self.redactions)],
            "regions_count": len(self.regions),
            "regions_sha256": str(regions_digest(self.regions)),
        }

    def private(self) -> dict[str, Json]:
        """The sealed fields of `derived.from`, but for the reason."""
        private: dict[str, Json] = {}
        if self.regions:
            private["regions"] = [encode(region.record()).decode() for region in self.regions]
        if self.statement:
            private["statement"] = [*self.statement]
        return private


def regions_digest(regions: Iterable[Region]) -> Digest:
    """The digest that commits a list of regions (REL-5)."""
    document = encode({"regions": [region.record() for region in regions]})
    return Digest(hashlib.sha256(document).digest())


def check_redactions(redactions: Iterable[str], pack: Pack) -> None:
    """Check that the pack has every overlay that is said to have been carried out (REL-6).

    Raises:
        InvalidInputError: it has none of that id (`argument-invalid`).
    """
    known = {overlay.id for overlay in pack.overlays}
    if unknown := sorted(set(redactions) - known):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"redactions {', '.join(unknown)!r:.200}: pack {pack.id} has no such overlay",
        )


def check_own_facts(recording: Recording) -> None:
    """Check that nothing is said of a derivative that it has from its original (REL-7).

    Raises:
        InvalidInputError: a label, a trigger or a time of collection is given
            (`argument-invalid`).
    """
    if recording.label is not None or recording.trigger is not None or recording.collected:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            "a derivative has the label, the trigger and the time of the recording it was made of",
        )


def require_parent(state: State, parent: ObjectId) -> ObjectState:
    """The recording that a derivative is to be made of (REL-4).

    Raises:
        NotFoundError: there is none (`parent-unknown`).
        RetentionError: its destruction has begun (`purge-started`) or is done
            (`object-purged`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    found = state.object(parent)
    if found is None:
        raise NotFoundError(ErrorKind.PARENT_UNKNOWN, f"no object {parent} to make anything of")
    check_there(found)
    return found


def check_there(found: ObjectState) -> None:
    """Check that an object is there, and that everything said of it is understood.

    Raises:
        RetentionError: its destruction has begun (`purge-started`) or is done
            (`object-purged`).
        IntegrityError: it has entries of a newer version (`scope-opaque`).
    """
    purge = found.keeping.purge
    if purge is not None and purge.completed_index is not None:
        raise RetentionError(
            ErrorKind.OBJECT_PURGED,
            f"object {found.object_id} was destroyed: certificate {purge.completed_index}",
        )
    if purge is not None:
        raise RetentionError(
            ErrorKind.PURGE_STARTED,
            f"object {found.object_id}: its destruction has begun, by entry {purge.started_index}",
        )
    if found.opaque:
        raise IntegrityError(
            ErrorKind.SCOPE_OPAQUE,
            f"object {found.object_id} has entries of a newer version; this version only reads it",
        )
