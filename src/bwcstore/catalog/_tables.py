"""Every table of a catalog at one point of the ledger.

Rule kept here (spec chapter `state`): tables say which entries they are made of (STA-9).
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from bwcstore._values import Digest

OBJECTS: Final = "objects"
ACCESSES: Final = "accesses"
ROW: Final = "row"
TAGS: Final = ("case", "device", "file", "officer", "source")
NAMES: Final = (
    OBJECTS,
    "facts",
    "holds",
    "hold_objects",
    "requests",
    "request_objects",
    "releases",
    "authorizations",
    ACCESSES,
    "actors",
    "acts",
)


@attrs.frozen(kw_only=True)
class Position:
    """Which entries tables are made of.

    Attributes:
        generation: the generation of the last one.
        size: how many, from the first entry of the store.
        head: the hash of the last one.
    """

    generation: int
    size: int
    head: Digest


@attrs.frozen(kw_only=True)
class StoreRow:
    """What the tables have to know of scope `store` itself: its last entry, and whether it has
    entries of a newer version.
    """

    seq: int
    head: Digest
    opaque: bool


@attrs.frozen(kw_only=True, eq=False)
class Tables:
    """The open tables of a catalog, as Arrow.

    Attributes:
        position: which entries they are made of.
        store: what they know of scope `store`.
        stored: the tables by name as they are kept: what objects have names its object by `row`.
    """

    position: Position
    store: StoreRow
    stored: Mapping[str, Any]
    _shown: dict[str, Any] = attrs.field(factory=dict, init=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables."""
        return NAMES

    def __getitem__(self, name: str) -> Any:
        """One table as a `pyarrow.Table`, in which objects are named by their ids.

        Raises:
            KeyError: there is no such table.
        """
        if name not in self._shown:
            self._shown[name] = self._named(self.stored[name])
        return self._shown[name]

    def _named(self, found: Any) -> Any:
        if found.schema.names[0] != ROW:
            return found
        import pyarrow as pa  # noqa: PLC0415 - who only names the type does not need it

        rows = found.column(ROW).combine_chunks()
        ids = self.stored[OBJECTS].column("object").combine_chunks()
        # The ids are not copied: a row is its object's place in the dictionary.
        named = pa.DictionaryArray.from_arrays(rows, ids)
        return found.set_column(0, "object", named)

    @property
    def objects(self) -> Any:
        """Every recording."""
        return self["objects"]

    @property
    def facts(self) -> Any:
        """Every assertion of a fact of a recording."""
        return self["facts"]

    @property
    def holds(self) -> Any:
        """Every hold."""
        return self["holds"]

    @property
    def hold_objects(self) -> Any:
        """Which holds bind which recordings; what a hold's query selects is not among them."""
        return self["hold_objects"]

    @property
    def requests(self) -> Any:
        """Every request."""
        return self["requests"]

    @property
    def request_objects(self) -> Any:
        """Which requests are about which recordings."""
        return self["request_objects"]

    @property
    def releases(self) -> Any:
        """Every release to somebody outside."""
        return self["releases"]

    @property
    def authorizations(self) -> Any:
        """Every written authorization."""
        return self["authorizations"]

    @property
    def accesses(self) -> Any:
        """Every access to plaintext."""
        return self["accesses"]

    @property
    def actors(self) -> Any:
        """Everybody who was enrolled."""
        return self["actors"]

    @property
    def acts(self) -> Any:
        """Every act: requests, plans, audits."""
        return self["acts"]
