"""What somebody with write access to the storage, and no key, could do to a store.

Written from the specification alone: nothing here uses the library to read or write what is
stored, as an attacker would not.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import attrs

from bwcstore.errors import ErrorKind

_PAYLOAD: Final = b'{"payload"'


@attrs.frozen(kw_only=True)
class Attack:
    """One attack.

    Attributes:
        title: what is done, for people.
        found_as: the code of the finding that must name it.
        apply: does it to a copy of the store.
    """

    title: str
    found_as: ErrorKind
    apply: Callable[[Path], None]


def attacks(store: Path, *, chunk_bytes: int) -> tuple[Attack, ...]:
    """The attacks that are possible on a store: chunks are swapped only where there are two."""
    several = _largest_segment(store).stat().st_size >= 2 * chunk_bytes
    return tuple(one for one in _attacks(chunk_bytes) if several or "chunks" not in one.title)


def _attacks(chunk_bytes: int) -> tuple[Attack, ...]:
    return (
        Attack(
            title="flip one bit of a video segment",
            found_as=ErrorKind.CHUNK_DIGEST,
            apply=_flip_bit,
        ),
        Attack(
            title="swap two chunks of a segment",
            found_as=ErrorKind.CHUNK_DIGEST,
            apply=lambda store: _swap_chunks(store, chunk_bytes),
        ),
        Attack(
            title="cut the end off a segment",
            found_as=ErrorKind.SEGMENT_LENGTH,
            apply=_truncate,
        ),
        Attack(
            title="remove a segment",
            found_as=ErrorKind.SEGMENT_MISSING,
            apply=lambda store: _largest_segment(store).unlink(),
        ),
        Attack(
            title="edit a line of the log",
            found_as=ErrorKind.CHAIN_BROKEN,
            apply=_edit_line,
        ),
        Attack(
            title="edit a line, then recompute every hash after it",
            found_as=ErrorKind.CHECKPOINT_ROOT,
            apply=_edit_and_recompute,
        ),
        Attack(
            title="drop a batch from the middle of the log",
            found_as=ErrorKind.BATCH_MISSING,
            apply=lambda store: _middle_batch(store).unlink(),
        ),
    )


def _rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def _largest_segment(store: Path) -> Path:
    segments = [path for path in store.glob("objects/*/*") if path.name.isdigit()]
    return max(segments, key=lambda path: (path.stat().st_size, path.as_posix()))


def _flip_bit(store: Path) -> None:
    path = _largest_segment(store)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    _rewrite(path, bytes(data))


def _swap_chunks(store: Path, chunk_bytes: int) -> None:
    path = _largest_segment(store)
    data = path.read_bytes()
    first, second = data[:chunk_bytes], data[chunk_bytes : 2 * chunk_bytes]
    _rewrite(path, second + first + data[2 * chunk_bytes :])


def _truncate(store: Path) -> None:
    path = _largest_segment(store)
    _rewrite(path, path.read_bytes()[:-10])


def _batches(store: Path) -> list[Path]:
    return sorted(store.glob("ledger/*/batch/*"), key=lambda path: path.as_posix())


def _middle_batch(store: Path) -> Path:
    batches = _batches(store)
    return batches[len(batches) // 2]


def _edit_line(store: Path) -> None:
    for path in _batches(store):
        data = path.read_bytes()
        if b'"kind":"object.accessed"' in data:
            _rewrite(path, data.replace(b'"purpose":"investigation"', b'"purpose":"training"'))
            return


def _edit_and_recompute(store: Path) -> None:
    """Change why somebody looked, and make all that follows fit: links, scopes, batches."""
    after = "0" * 64
    batch_digest = "0" * 64
    scopes: dict[str, str] = {}
    renamed: dict[str, str] = {}
    for path in _batches(store):
        kept = []
        for line, value in _lines(path):
            if line.startswith(_PAYLOAD):
                kept.append(line)
                continue
            if "prev_batch_sha256" in value:
                value["prev_batch_sha256"] = batch_digest
                kept.append(_canonical(value))
                continue
            old = _leaf_hash(line)
            if value["kind"] == "object.accessed":
                value["body"]["purpose"] = "training"
            scope = value["scope"]
            value["after"] = after
            if scope["seq"]:
                scope["prev"] = scopes[scope["id"]]
            head = value["decided"]["store_head"]
            value["decided"]["store_head"] = renamed.get(head, head)
            kept.append(_canonical(value))
            after = scopes[scope["id"]] = renamed[old] = _leaf_hash(kept[-1])
        _rewrite(path, b"".join(line + b"\n" for line in kept))
        hashed = b"".join(line + b"\n" for line in kept if not line.startswith(_PAYLOAD))
        batch_digest = hashlib.sha256(hashed).hexdigest()


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for line in path.read_bytes().splitlines():
        yield line, json.loads(line)


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _leaf_hash(line: bytes) -> str:
    return hashlib.sha256(b"\x00" + line).hexdigest()
