"""How much an audit may read, and where the next one goes on.

Rules kept here (spec: AUD-28):

- the ledger is always checked whole; a budget bounds the bytes of objects, but for `seconds`,
  which bounds everything;
- objects are visited in ascending order of ids, from the cursor on and round to it again, so
  that runs with a budget together visit every segment;
- a run that may read anything checks at least one segment: no budget lets the rotation stand;
- the cursor is the caller's to keep: nothing is written into the store.
"""

from collections.abc import Callable
from typing import Final, Self, cast

import attrs

from bwcstore._encoding import INTEGER_MAX, Json, decode, encode
from bwcstore._values import ObjectId, StoreId
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError


@attrs.frozen(kw_only=True)
class Budget:
    """What one run may spend on objects; None means without bound. The first one reached ends it.

    Attributes:
        length_bytes: stored bytes of segments.
        percent: of all stored bytes of segments, up to 100.
        seconds: of time, the ledger included.
    """

    length_bytes: int | None = attrs.field(default=None)
    percent: float | None = attrs.field(default=None)
    seconds: float | None = attrs.field(default=None)

    @length_bytes.validator
    @percent.validator
    @seconds.validator
    def _check(self, _: object, value: float | None) -> None:
        if value is not None and not value > 0:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"a budget must be above 0, not {value}"
            )

    def limit_bytes(self, total_bytes: int) -> int | None:
        """How many bytes may be read when `total_bytes` are stored; None when unbounded."""
        limits: list[int] = []
        if self.length_bytes is not None:
            limits.append(self.length_bytes)
        if self.percent is not None:
            limits.append(max(1, int(total_bytes * min(self.percent, 100.0) / 100)))
        return min(limits, default=None)


UNBOUNDED: Final = Budget()


@attrs.frozen(kw_only=True)
class Cursor:
    """Where the next run begins.

    Attributes:
        store: the store it belongs to.
        object_id: the object; it, or the next one in order.
        segment: the segment of that object.
        rotation: how often all objects were visited.
    """

    store: StoreId
    object_id: ObjectId
    segment: int = 0
    rotation: int = 0

    def encode(self) -> bytes:
        """The cursor as canonical JSON, for the caller to keep."""
        return encode(
            {
                "kind": "audit-cursor",
                "object": str(self.object_id),
                "rotation": self.rotation,
                "segment": self.segment,
                "store": str(self.store),
                "v": 1,
            }
        )

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            FormatError: anything else.
        """
        value = decode(raw, what="audit cursor", size_max=4096)
        numbers = [value.get("rotation"), value.get("segment")]
        if (
            value.keys() != {"kind", "object", "rotation", "segment", "store", "v"}
            or (value["kind"], value["v"]) != ("audit-cursor", 1)
            or not all(type(item) is int and 0 <= item <= INTEGER_MAX for item in numbers)
        ):
            raise FormatError(ErrorKind.FIELD_INVALID, "not an audit cursor")
        try:
            return cls(
                store=StoreId(cast("str", value["store"])),
                object_id=ObjectId(cast("str", value["object"])),
                segment=_whole(value["segment"]),
                rotation=_whole(value["rotation"]),
            )
        except InvalidInputError as exc:
            raise FormatError(ErrorKind.FIELD_INVALID, f"audit cursor: {exc.message}") from exc


def _whole(value: Json) -> int:
    return cast("int", value)


class Deadline:
    """Whether the seconds of a budget are over."""

    def __init__(self, seconds: float | None, monotonic: Callable[[], float] | None) -> None:
        """Start to count.

        Raises:
            InvalidInputError: seconds were given, but nothing that counts them.
        """
        if seconds is not None and monotonic is None:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, "budget: seconds need a monotonic clock"
            )
        self._now = monotonic
        self._end = monotonic() + seconds if monotonic and seconds is not None else None

    @property
    def over(self) -> bool:
        """Whether the time has run out."""
        return self._now is not None and self._end is not None and self._now() >= self._end
