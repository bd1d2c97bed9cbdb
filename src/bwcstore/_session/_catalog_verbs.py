"""Verbs of a session: looking at what is sealed of all recordings at once."""

from typing import Any

from bwcstore._session._verbs import Verbs


class CatalogVerbs(Verbs):
    """Verbs: looking at what is sealed of all recordings at once."""

    def private_objects(self) -> Any:
        """What is sealed of every recording, as a `pyarrow.Table` (spec: STA-15).

        One row for each, in the order of ingest: `object`; the lists `case`, `device` and
        `officer`; `title`, `source_scope`, `source_id`, `plaintext_sha256` and `length_bytes`.
        All but `object` is null where the record key is gone.

        The first time, every manifest is read. Then they are kept in the catalog, sealed.

        Raises:
            AuthorizationError: the actor may not see recordings; appended as `access.refused`.
            IntegrityError: a manifest is missing or altered.
            StorageError: reading failed, or a vault replica failed.
        """
        from bwcstore._session import _catalog  # noqa: PLC0415 - loads Arrow

        return _catalog.private_objects(self._acting)
