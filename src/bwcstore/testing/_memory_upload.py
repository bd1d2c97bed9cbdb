"""Something large on its way into storage that is simulated in memory."""

from collections.abc import Callable

from bwcstore._ports import Stat, Upload
from bwcstore.errors import ErrorKind, StorageError


class MemoryUpload(Upload):
    """Collects what is written; `keep` makes it visible, `ended` is told that no more comes."""

    def __init__(
        self,
        name: str,
        *,
        keep: Callable[[bytes], Stat],
        ended: Callable[["MemoryUpload"], None],
    ) -> None:
        self.name = name
        self._keep = keep
        self._ended = ended
        self._parts: list[bytes] | None = []

    def _open_parts(self) -> list[bytes]:
        if self._parts is None:
            raise StorageError(ErrorKind.CLOSED, f"the upload of {self.name} has ended")
        return self._parts

    def write(self, data: memoryview) -> None:
        """See `Upload.write`."""
        self._open_parts().append(bytes(data))

    def commit(self) -> Stat:
        """See `Upload.commit`."""
        parts, self._parts = self._open_parts(), None
        self._ended(self)
        return self._keep(b"".join(parts))

    def abort(self) -> None:
        """See `Upload.abort`."""
        self._parts = None
        self._ended(self)
