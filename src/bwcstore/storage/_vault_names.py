"""The names in a vault replica, and which keys a group may hold by its name alone (VLT-11).

The name of a group says which keys it may hold, so that finding one key needs the listing and one
small file, however many keys there are. Nothing is decided by a name: what a group holds is what
its bytes say, and its bytes must give its name.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bwcstore._values import ByteRange
from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._vault_format import FILE_SIZE_MAX, Group

HEADERS: Final = "header/"
EPOCHS: Final = "epochs/"
KEYS: Final = "keys/"
NOTES: Final = "notes/"
TOKENS_MAX: Final = 12
COUNTER_MAX: Final = 10**16 - 1
NOTE_SIZE_MAX: Final = 16 * 1024 * 1024
_BOUND: Final = 40
_HEADER: Final = re.compile(r"header/([0-9]{4})")
_EPOCH: Final = re.compile(r"epochs/([0-9]{8})/(?:([0-9]{4})|complete)")
_TOKENS: Final = re.compile(r"keys/([0-9]{8})/t((?:\.[0-9a-f]{6})+)\.\.[0-9a-f]{32}")
_RANGE: Final = re.compile(
    r"keys/([0-9]{8})/r\.([a-z0-9](?:\.?[a-z0-9-])*)\.\.([a-z0-9](?:\.?[a-z0-9-])*)\.\.[0-9a-f]{32}"
)
_NOTE_PARTS: Final = r"[a-z0-9][a-z0-9-]{0,127}(?:/[a-z0-9][a-z0-9-]{0,127})*"
_NOTE_NAME: Final = re.compile(rf"(?=.{{1,256}}\Z){_NOTE_PARTS}")
_NOTE: Final = re.compile(rf"notes/({_NOTE_PARTS})/([0-9]{{16}})-([0-9a-f]{{32}})")


def whole_file(name: str) -> ByteRange:
    """Everything that can be right under a name in a vault, and one byte more (VLT-27)."""
    longest = NOTE_SIZE_MAX if name.startswith(NOTES) else FILE_SIZE_MAX
    return ByteRange(offset_bytes=0, length_bytes=longest + 1)


def header_name(version: int) -> str:
    """The name of a header."""
    return f"header/{version:04d}"


def epoch_name(epoch: int, version: int) -> str:
    """The name of an epoch's key as wrapped under the root key of a header."""
    return f"epochs/{epoch:08d}/{version:04d}"


def completion_name(epoch: int) -> str:
    """The name of the file that makes an epoch the current one."""
    return f"epochs/{epoch:08d}/complete"


def epoch_place(epoch: int) -> str:
    """The number of an epoch as it is written in names and bound into wrapped keys."""
    return f"{epoch:08d}"


def parse_header(name: str) -> int | None:
    """The version that a header's name stands for, or None."""
    found = _HEADER.fullmatch(name)
    return int(found[1]) if found else None


def parse_epoch(name: str) -> tuple[int, int | None] | None:
    """The epoch and the header version, None for the completion file, or None if neither."""
    found = _EPOCH.fullmatch(name)
    return (int(found[1]), int(found[2]) if found[2] else None) if found else None


def short_digest(data: bytes) -> str:
    """The first 32 hex digits of the SHA-256 of `data`: the last part of names that carry one."""
    return hashlib.sha256(data).hexdigest()[:32]


def token(key_id: str) -> str:
    """The first 6 hex digits of the SHA-256 of a key id."""
    return hashlib.sha256(key_id.encode("ascii")).hexdigest()[:6]


def group_name(group: Group, data: bytes) -> str:
    """The name of a group whose encoding is `data`."""
    ids = [record.key_id for record in group.keys]
    if len(ids) <= TOKENS_MAX:
        where = "t" + "".join(f".{one}" for one in sorted({token(key_id) for key_id in ids}))
    else:
        where = f"r.{_bound(ids[0])}..{_bound(ids[-1])}"
    return f"keys/{group.epoch:08d}/{where}..{short_digest(data)}"


def _bound(key_id: str) -> str:
    """The start of a key id as a part of a name: `/` becomes `.`, which keeps the order."""
    return key_id.replace("/", ".")[:_BOUND].rstrip(".")


def cut(key_ids: Sequence[str], *, count_max: int) -> Iterator[tuple[int, int]]:
    """Cut ascending key ids into runs that become one group each; start and end of each.

    Few ids stay together. Many are cut also where their first part changes, because a group that
    is named by its range should not span ids of other groups.
    """
    start = 0
    few = len(key_ids) <= TOKENS_MAX
    for end in range(1, len(key_ids) + 1):
        if (
            end == len(key_ids)
            or end - start == count_max
            or (not few and _family(key_ids[end]) != _family(key_ids[end - 1]))
        ):
            yield start, end
            start = end


def _family(key_id: str) -> str:
    return key_id.partition("/")[0]


class GroupIndex:
    """Which groups there are, and which of them may hold a key.

    Args:
        names: names of groups; other names are left out and shown by `strangers`.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.epochs: dict[str, int] = {}
        self.strangers: list[str] = []
        self._tokens: dict[str, tuple[str, ...]] = {}
        self._ranges: list[tuple[str, str, str]] = []
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Take in one more group."""
        if name in self.epochs:
            return
        if found := _TOKENS.fullmatch(name):
            for one in found[2][1:].split("."):
                self._tokens[one] = (*self._tokens.get(one, ()), name)
        elif found := _RANGE.fullmatch(name):
            self._ranges.append((found[2], found[3], name))
        else:
            self.strangers.append(name)
            return
        self.epochs[name] = int(found[1])

    def remove(self, name: str) -> None:
        """Leave out a group that is gone."""
        if self.epochs.pop(name, None) is None:
            return
        self._ranges = [item for item in self._ranges if item[2] != name]
        if found := _TOKENS.fullmatch(name):
            for one in found[2][1:].split("."):
                self._tokens[one] = tuple(each for each in self._tokens[one] if each != name)

    def candidates(self, key_id: str) -> list[str]:
        """The groups that may hold the key, those of the highest epoch first."""
        mapped = key_id.replace("/", ".")
        names = [*self._tokens.get(token(key_id), ())]
        names += [
            name
            for low, high, name in self._ranges
            if low <= mapped and mapped[: len(high)] <= high
        ]
        return sorted(names, key=lambda name: (-self.epochs[name], name))

    def of_epoch(self, epoch: int) -> list[str]:
        """The groups of one epoch, in ascending order of names."""
        return sorted(name for name, number in self.epochs.items() if number == epoch)


def check_note_name(name: str) -> str:
    """Return `name` if it can name a note (VLT-20).

    Raises:
        InvalidInputError: it cannot.
    """
    if not isinstance(name, str) or not _NOTE_NAME.fullmatch(name):
        raise InvalidInputError(ErrorKind.NAME_INVALID, f"not a note's name: {name!r:.80}")
    return name


def note_name(name: str, counter: int, data: bytes) -> str:
    """The name under which one version of a note is stored."""
    return f"notes/{name}/{counter:016d}-{short_digest(data)}"


def parse_note(stored: str) -> tuple[str, int, str] | None:
    """The note's name, the counter and the short digest, or None if it is no note."""
    found = _NOTE.fullmatch(stored)
    return (found[1], int(found[2]), found[3]) if found else None
