"""Random access to bytes that are in memory already."""

from bwcstore._ports import Source


class MemorySource(Source):
    """Bytes in memory as a source."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def length_bytes(self) -> int:
        """See `Source.length_bytes`."""
        return len(self._data)

    def read_into(self, offset_bytes: int, buffer: memoryview) -> int:
        """See `Source.read_into`."""
        found = self._data[offset_bytes : offset_bytes + buffer.nbytes]
        buffer.cast("B")[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Nothing is held."""
