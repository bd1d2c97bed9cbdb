"""Whether stored bytes are the segment that a manifest names, without any key.

Rules kept here (spec: SEG-18, MAN-7): a segment is right if it has the length and every leaf hash
that its manifest gives; memory is that of one chunk.
"""

import hashlib
from itertools import islice

from bwcstore._ports import Source
from bwcstore.objects._manifest import Manifest, split_leaves


def is_segment(source: Source, manifest: Manifest, segment: int) -> bool:
    """Whether a source holds exactly one segment of an object.

    Raises:
        StorageError: reading failed.
    """
    facts = manifest.segments[segment]
    if source.length_bytes != facts.length_bytes:
        return False
    buffer = memoryview(bytearray(manifest.chunk_bytes))
    offsets = range(0, facts.length_bytes, manifest.chunk_bytes)
    leaves = islice(split_leaves(facts.leaves), len(offsets))
    for offset, leaf in zip(offsets, leaves, strict=True):
        count = source.read_into(offset, buffer)
        digest = hashlib.sha256(b"\x00")
        digest.update(buffer[:count])
        if digest.digest() != leaf:
            return False
    return True
