"""RFC 6962 Merkle trees: roots, inclusion and consistency proofs, and their verifiers.

Rules kept here (spec: LED-13, CHK-13 to CHK-15):

- a prover reads hashes of full subtrees by (level, number) from whoever keeps them, and never
  hashes a leaf that it need not;
- a verifier needs sizes, roots and the proof, nothing else, and refuses a proof with a hash too
  many or too few.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from bwcstore._merkle import EMPTY_ROOT, node_hash
from bwcstore.errors import ErrorKind, IntegrityError, InvalidInputError

PROOF_LENGTH_MAX: Final = 63

HashReader = Callable[[int, int], bytes]
"""`read(level, number)`: the root over leaves `number·2**level` to `(number + 1)·2**level`."""


class Tree:
    """Every full subtree of a growing tree, in memory: 64 bytes for each leaf."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0]) // 32

    def append(self, leaf_hash: bytes) -> None:
        """Append one 32-byte leaf hash."""
        levels = self._levels
        found = leaf_hash
        for level in range(64):
            row = levels[level]
            row += found
            if len(row) & 32:
                return
            if level + 1 == len(levels):
                levels.append(bytearray())
            found = node_hash(bytes(row[-64:-32]), found)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append 32-byte leaf hashes in order."""
        for leaf_hash in leaf_hashes:
            self.append(leaf_hash)

    def hash(self, level: int, number: int) -> bytes:
        """The hash of one full subtree; see `HashReader`."""
        start = 32 * number
        found = bytes(self._levels[level][start : start + 32])
        if len(found) != 32:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"no full subtree {number} at level {level}"
            )
        return found

    def row(self, level: int, first: int, last: int) -> bytes:
        """The hashes `first` to `last - 1` of one level, joined."""
        return bytes(self._levels[level][32 * first : 32 * last])

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves; over all when None.

        Raises:
            InvalidInputError: there are not so many leaves.
        """
        wanted = self.size if size is None else size
        if not 0 <= wanted <= self.size:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"tree size {wanted}, there are {self.size} entries"
            )
        return tree_root(wanted, self.hash)


def tree_root(size: int, read: HashReader) -> bytes:
    """The root over the first `size` leaves."""
    return _range_root(0, size, read) if size else EMPTY_ROOT


def _range_root(first: int, last: int, read: HashReader) -> bytes:
    """The root over leaves `first` to `last - 1`, where `first` is a multiple of the width."""
    peaks: list[bytes] = []
    at = first
    while at < last:
        level = (last - at).bit_length() - 1
        peaks.append(read(level, at >> level))
        at += 1 << level
    found = peaks.pop()
    while peaks:
        found = node_hash(peaks.pop(), found)
    return found


def _split(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def prove_inclusion(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """The proof that leaf `index` is in the tree of `size` leaves, leaf side first.

    Raises:
        InvalidInputError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"index {index} is not in a tree of {size}"
        )
    found: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            found.append(_range_root(middle, last, read))
            last = middle
        else:
            found.append(_range_root(first, middle, read))
            first = middle
    return tuple(reversed(found))


def inclusion_root(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162 §2.1.3.2).

    Raises:
        IntegrityError: the proof has not the length that index and size ask for.
    """
    if not 0 <= index < size:
        raise IntegrityError(ErrorKind.PROOF_INVALID, f"index {index} is not in a tree of {size}")
    number, last, found = index, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            raise IntegrityError(ErrorKind.PROOF_INVALID, "inclusion proof: a hash too many")
        if number & 1 or number == last:
            found = node_hash(step, found)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        number >>= 1
        last >>= 1
    if last:
        raise IntegrityError(ErrorKind.PROOF_INVALID, "inclusion proof: a hash is missing")
    return found


def check_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is number `index` of the `size` leaves under `root` (CHK-14).

    Raises:
        IntegrityError: the proof does not show it.
    """
    if inclusion_root(index, size, leaf_hash, proof) != root:
        raise IntegrityError(ErrorKind.PROOF_INVALID, "inclusion proof: leads to another root")


def prove_consistency(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """The proof that the tree of `new` leaves extends the one of `old` (RFC 6962 §2.1.2).

    Raises:
        InvalidInputError: `old` is larger than `new`, or negative.
    """
    if not 0 <= old <= new:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"from size {old} to size {new}")
    if old in (0, new):
        return ()
    found: list[bytes] = []
    first, last, whole = 0, new, True
    while last != old:
        middle = first + _split(last - first)
        if old <= middle:
            found.append(_range_root(middle, last, read))
            last = middle
        else:
            found.append(_range_root(first, middle, read))
            first, whole = middle, False
    if not whole:
        found.append(_range_root(first, last, read))
    return tuple(reversed(found))


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `new` leaves extends the one of `old` (RFC 9162 §2.1.4.2; CHK-15).

    Raises:
        IntegrityError: the proof does not show it.
    """
    if old > new or old < 0:
        raise IntegrityError(ErrorKind.PROOF_INVALID, f"from size {old} to size {new}")
    if old in (0, new):
        if proof or (old_root != new_root if old else old_root != EMPTY_ROOT):
            raise IntegrityError(ErrorKind.PROOF_INVALID, "consistency proof: roots differ")
        return
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise IntegrityError(ErrorKind.PROOF_INVALID, "consistency proof: a hash is missing")
    number, last = old - 1, new - 1
    while number & 1:
        number >>= 1
        last >>= 1
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise IntegrityError(ErrorKind.PROOF_INVALID, "consistency proof: a hash too many")
        if number & 1 or number == last:
            old_found = node_hash(step, old_found)
            new_found = node_hash(step, new_found)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            new_found = node_hash(new_found, step)
        number >>= 1
        last >>= 1
    if last or old_found != old_root or new_found != new_root:
        raise IntegrityError(ErrorKind.PROOF_INVALID, "consistency proof: leads to other roots")
