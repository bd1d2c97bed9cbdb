"""What a store holds, as tables: listed, filtered, kept in a cache that can be deleted."""

from datetime import date
from typing import Any

from bwcstore._session._services import Services
from bwcstore._values import Instant
from bwcstore.catalog._tables import Tables


class StoreTables:
    """The part of `Store` that lists. It needs Arrow, which is loaded when it is asked."""

    _services: Services

    def tables(self) -> Tables:
        """Everything that the ledger says in the open, as Arrow tables (spec: STA-8 to STA-14).

        Taken from the catalog and brought to the last entry. A catalog decides nothing.

        Raises:
            StorageError: reading the ledger failed.
        """
        from bwcstore._session import _catalog  # noqa: PLC0415 - loads Arrow

        return _catalog.current(self._services)

    def rebuild_catalog(self) -> Tables:
        """Make the catalog anew from the ledger; the same as to delete it.

        Raises:
            StorageError: reading the ledger failed, or the catalog cannot be written.
        """
        from bwcstore._session import _catalog  # noqa: PLC0415 - loads Arrow

        return _catalog.rebuild(self._services)

    def find(
        self,
        *,
        label: str | None = None,
        case: str | None = None,
        officer: str | None = None,
        device: str | None = None,
        status: str | None = None,
        collected_from: Instant | date | None = None,
        collected_until: Instant | date | None = None,
        held: bool | None = None,
        requests_pending: bool | None = None,
    ) -> Any:
        """The recordings that fit everything that is given, as a `pyarrow.Table`.

        Its columns are those of `tables().objects`, `held`, and `requests_pending`, which counts
        the requests about a recording that are not answered; its rows are in the order of ingest.
        Cases, officers and devices are compared by their keyed tags, also those that were added
        later. What is shown as held decides nothing: destruction asks the ledger.

        Args:
            label: a label that it has now.
            case: a case that it belongs to.
            officer: who recorded it.
            device: what recorded it.
            status: `present`, `purging` or `purged`.
            collected_from: made on this day, in the agency's zone, or at this moment, or later.
            collected_until: made on this day at the latest, or before this moment.
            held: whether a hold or a request that is not answered keeps it, or what it was made
                of.
            requests_pending: whether a request about it is not answered.

        Raises:
            InvalidInputError: the status is none of the three, or a moment has no zone.
            StorageError: reading the ledger failed.
        """
        from bwcstore._session import _catalog  # noqa: PLC0415 - loads Arrow

        return _catalog.find_objects(
            self._services,
            tags={"case": case, "officer": officer, "device": device},
            label=label,
            status=status,
            collected=(collected_from, collected_until),
            held=held,
            requests_pending=requests_pending,
        )
