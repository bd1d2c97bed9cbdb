"""Every stored name: value to name and name to value. Nothing else builds a path.

Names are format, not backend (spec chapter `names`): a copy of a store keeps them.
"""

import re
from typing import Final

from bwcstore._values import Digest, ObjectId
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError

BATCH_MAX: Final = 10**12 - 1
SEGMENT_MAX: Final = 10**8 - 1
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SEGMENT: Final = re.compile(rf"objects/({_UUID})/([0-9]{{8}})")
_MANIFEST: Final = re.compile(rf"objects/({_UUID})/manifest-([0-9a-f]{{64}})")
_BATCH: Final = re.compile(r"ledger/(0|[1-9][0-9]*)/batch/([0-9]{12})")
_CANDIDATE: Final = re.compile(rf"({_BATCH.pattern})-([0-9a-f]{{64}})")
_CHECKPOINT: Final = re.compile(r"checkpoint/(0|[1-9][0-9]*)/([0-9]{12})")
_TILE: Final = re.compile(
    r"ledger/(0|[1-9][0-9]{0,8})/tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})"
)
_ANNEX: Final = re.compile(r"annex/([0-9a-f]{64})")
_PART: Final = r"[a-z0-9][a-z0-9.-]{0,127}"
_NAME: Final = re.compile(rf"{_PART}(?:/{_PART})*")
NAME_LENGTH_MAX: Final = 512

OBJECTS: Final = "objects/"
LEDGER: Final = "ledger/"
ANNEXES: Final = "annex/"
CANARIES: Final = "probe/"
ENTRIES_LEVEL: Final = -1


def check_name(name: str) -> str:
    """Return `name` if it can be a stored name at all (NAM-1, NAM-2).

    Raises:
        InvalidInputError: it is no sequence of parts, or longer than 512 characters.
    """
    if not is_name(name):
        raise InvalidInputError(ErrorKind.NAME_INVALID, f"not a stored name: {name!r:.80}")
    return name


def is_name(name: str) -> bool:
    """Whether it can be a stored name at all (NAM-1, NAM-2)."""
    return len(name) <= NAME_LENGTH_MAX and _NAME.fullmatch(name) is not None


def check_prefix(prefix: str) -> str:
    """Return `prefix` if it is empty or whole parts, each followed by `/` (NAM-3).

    Raises:
        InvalidInputError: it is neither.
    """
    if prefix:
        if not prefix.endswith("/"):
            raise InvalidInputError(ErrorKind.NAME_INVALID, f"not a prefix: {prefix!r:.80}")
        check_name(prefix[:-1])
    return prefix


def object_prefix(object_id: ObjectId) -> str:
    """The common prefix of everything that one object stores (NAM-4)."""
    return f"objects/{object_id}/"


def segment(object_id: ObjectId, number: int) -> str:
    """The name of an object's segment, numbered from 0 (NAM-4).

    Raises:
        FormatError: the number is beyond what a name can hold.
    """
    if not 0 <= number <= SEGMENT_MAX:
        raise FormatError(ErrorKind.NAME_INVALID, f"segment number {number} has no name")
    return f"objects/{object_id}/{number:08d}"


def manifest(object_id: ObjectId, digest: Digest) -> str:
    """The name of an object's manifest, which carries the digest of its bytes (NAM-5)."""
    return f"objects/{object_id}/manifest-{digest}"


def batch(generation: int, number: int) -> str:
    """The name of a ledger batch (NAM-6).

    Raises:
        FormatError: the number is beyond what a name can hold.
    """
    if generation < 0 or not 0 <= number <= BATCH_MAX:
        raise FormatError(ErrorKind.NAME_INVALID, f"batch {generation}/{number} has no name")
    return f"ledger/{generation}/batch/{number:012d}"


def batch_prefix(generation: int) -> str:
    """The common prefix of the batches of one generation."""
    return f"ledger/{generation}/batch/"


def candidate(batch_name: str, digest: Digest) -> str:
    """The name of a candidate for a batch, which carries the digest of its bytes (NAM-12)."""
    return f"{batch_name}-{digest}"


def checkpoint(generation: int, tree_size: int) -> str:
    """The name of the checkpoint over the first `tree_size` entries of a generation (NAM-8).

    Raises:
        FormatError: the number is beyond what a name can hold.
    """
    if generation < 0 or not 0 <= tree_size <= BATCH_MAX:
        raise FormatError(
            ErrorKind.NAME_INVALID, f"checkpoint {generation}/{tree_size} has no name"
        )
    return f"checkpoint/{generation}/{tree_size:012d}"


def checkpoint_prefix(generation: int) -> str:
    """The common prefix of the checkpoints of one generation."""
    return f"checkpoint/{generation}/"


def annex(digest: Digest) -> str:
    """The name of an annex, which is the digest of its bytes (NAM-11)."""
    return f"{ANNEXES}{digest}"


def tile(generation: int, level: int, number: int) -> str:
    """The name of a full Merkle tile of 256 hashes (NAM-7; C2SP tlog-tiles)."""
    return f"ledger/{generation}/tile/{level}/{_tile_number(number)}"


def bundle(generation: int, number: int) -> str:
    """The name of a full bundle of 256 entries (NAM-7; C2SP tlog-tiles)."""
    return f"ledger/{generation}/tile/entries/{_tile_number(number)}"


def _tile_number(number: int) -> str:
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)


def parse_segment(name: str) -> tuple[ObjectId, int] | None:
    """The object and number that `name` stands for, or None if it is no segment's name."""
    found = _SEGMENT.fullmatch(name)
    return (ObjectId(found[1]), int(found[2])) if found else None


def parse_manifest(name: str) -> tuple[ObjectId, Digest] | None:
    """The object and digest that `name` stands for, or None if it is no manifest's name."""
    found = _MANIFEST.fullmatch(name)
    return (ObjectId(found[1]), Digest.parse(found[2])) if found else None


def parse_batch(name: str) -> tuple[int, int] | None:
    """The generation and number that `name` stands for, or None if it is no batch's name."""
    found = _BATCH.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def parse_candidate(name: str) -> tuple[str, Digest] | None:
    """The batch's name and digest that `name` stands for, or None if it is no candidate's."""
    found = _CANDIDATE.fullmatch(name)
    return (found[1], Digest.parse(found[4])) if found else None


def parse_checkpoint(name: str) -> tuple[int, int] | None:
    """The generation and tree size that `name` stands for, or None if it is none."""
    found = _CHECKPOINT.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def parse_tile(name: str) -> tuple[int, int, int] | None:
    """Generation, level and number of a tile's or bundle's name, or None if it is neither; the
    level of a bundle is `ENTRIES_LEVEL`.
    """
    found = _TILE.fullmatch(name)
    if not found:
        return None
    generation = int(found[1])
    number = int(found[3].replace("x", "").replace("/", ""))
    level = ENTRIES_LEVEL if found[2] == "entries" else int(found[2])
    made = bundle(generation, number) if level == ENTRIES_LEVEL else tile(generation, level, number)
    return (generation, level, number) if made == name else None


def parse_annex(name: str) -> Digest | None:
    """The digest that `name` stands for, or None if it is no annex's name."""
    found = _ANNEX.fullmatch(name)
    return Digest.parse(found[1]) if found else None
