"""The text of a purge plan, which an annex keeps and approvals name by its digest (PRG-5)."""

from datetime import date
from typing import Final, Self, cast

import attrs

from bwcstore._encoding import Json, decode, encode, sha256
from bwcstore._values import Digest, ObjectId, StoreId
from bwcstore.errors import BwcStoreError, ErrorKind, FormatError

PLAN_FORMAT: Final = "bwcstore-plan/1"
PLAN_OBJECTS_MAX: Final = 10_000
_FIELDS: Final = {"agency_sha256", "as_of", "format", "objects", "pack_sha256", "store"}
_OBJECT_FIELDS: Final = {"authority", "disposal", "last_protected", "object"}


@attrs.frozen(kw_only=True)
class PlanItem:
    """One recording that a plan proposes to destroy: its dates, and the rules that let it be."""

    object_id: ObjectId
    last_protected: date
    disposal: date
    authority: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PlanText:
    """What a plan says: the recordings, the day, and the law by which they are due.

    Attributes:
        store: the store.
        as_of: the day it was made for.
        pack_sha256: the pack.
        agency_sha256: the agency file.
        items: the recordings in ascending order of ids, at most 10,000.
    """

    store: StoreId
    as_of: date
    pack_sha256: Digest
    agency_sha256: Digest
    items: tuple[PlanItem, ...]

    def encode(self) -> bytes:
        """Its canonical bytes."""
        objects: list[Json] = [
            {
                "authority": [*one.authority],
                "disposal": str(one.disposal),
                "last_protected": str(one.last_protected),
                "object": str(one.object_id),
            }
            for one in self.items
        ]
        return encode(
            {
                "agency_sha256": str(self.agency_sha256),
                "as_of": str(self.as_of),
                "format": PLAN_FORMAT,
                "objects": objects,
                "pack_sha256": str(self.pack_sha256),
                "store": str(self.store),
            }
        )

    @property
    def digest(self) -> Digest:
        """SHA-256 of its canonical bytes."""
        return sha256(self.encode())

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a plan.

        Raises:
            FormatError: it is no plan, or of another format.
        """
        value = decode(raw, what="purge plan")
        if value.get("format") != PLAN_FORMAT:
            raise FormatError(
                ErrorKind.FORMAT_UNKNOWN, f"purge plan: format {value.get('format')!r:.60}"
            )
        if value.keys() != _FIELDS:
            raise FormatError(ErrorKind.FIELD_INVALID, "purge plan: it has not exactly its fields")
        try:
            found = cls(
                store=StoreId(cast("str", value["store"])),
                as_of=date.fromisoformat(cast("str", value["as_of"])),
                pack_sha256=Digest.parse(cast("str", value["pack_sha256"])),
                agency_sha256=Digest.parse(cast("str", value["agency_sha256"])),
                items=tuple(_item(one) for one in cast("list[dict[str, Json]]", value["objects"])),
            )
        except (BwcStoreError, KeyError, TypeError, ValueError) as exc:
            raise FormatError(ErrorKind.FIELD_INVALID, f"purge plan: {exc}") from exc
        ids = [one.object_id.text for one in found.items]
        if ids != sorted(set(ids)) or not 0 < len(ids) <= PLAN_OBJECTS_MAX:
            raise FormatError(
                ErrorKind.FIELD_INVALID,
                f"purge plan: 1 to {PLAN_OBJECTS_MAX} recordings in ascending order, each once",
            )
        return found


def _item(value: dict[str, Json]) -> PlanItem:
    if value.keys() != _OBJECT_FIELDS:
        raise FormatError(ErrorKind.FIELD_INVALID, "a recording has not exactly its fields")
    return PlanItem(
        object_id=ObjectId(cast("str", value["object"])),
        last_protected=date.fromisoformat(cast("str", value["last_protected"])),
        disposal=date.fromisoformat(cast("str", value["disposal"])),
        authority=tuple(cast("list[str]", value["authority"])),
    )
