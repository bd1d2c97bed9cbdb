"""Single operations on a bucket that are tried under faults."""

from collections.abc import Callable
from typing import Final

import attrs

from bwcstore._values import ByteRange, Instant, Locking, LockMode
from bwcstore.storage._s3 import S3Backend
from bwcstore.testing.backend_suite import pattern, upload

SMALL: Final = pattern(3000)
MANY_PARTS: Final = pattern((11 << 20) + 5)


@attrs.frozen(kw_only=True)
class Operation:
    """Something to do under a fault: what must be there, the deed, and whether it is done."""

    prepare: Callable[[S3Backend, str], str]
    act: Callable[[S3Backend, str, str], object]
    done: Callable[[S3Backend, str], bool]
    clean: Callable[[S3Backend, str], bool]


def _nothing(_: S3Backend, __: str) -> str:
    return ""


def _stored(backend: S3Backend, name: str) -> str:
    backend.create(name, SMALL)
    return backend.versions(name)[0].version_id


def _holds(data: bytes) -> Callable[[S3Backend, str], bool]:
    def done(backend: S3Backend, name: str) -> bool:
        return len(backend.versions(name)) == 1 and backend.read(name) == data

    return done


def _empty(backend: S3Backend, name: str) -> bool:
    return not backend.versions(name)


def _same(backend: S3Backend, name: str) -> bool:
    return _holds(SMALL)(backend, name)


def soon(backend: S3Backend) -> Instant:
    """A whole minute of the storage's time, two or three minutes from now."""
    now = backend.server_time()
    assert now is not None
    return Instant(now.microseconds // 60_000_000 * 60_000_000).plus_seconds(180)


def _extend(backend: S3Backend, name: str, version: str) -> None:
    backend.lock_new(Locking(mode=LockMode.GOVERNANCE))
    backend.extend_lock(name, version, soon(backend))


def _locked(backend: S3Backend, name: str) -> bool:
    return backend.versions(name)[0].locked_until is not None


def _check(found: object, expected: object) -> None:
    # A wrong answer is no coded error, and ends the test.
    assert expected == found


def _read_range(backend: S3Backend, name: str, _: str) -> None:
    _check(backend.read(name, ByteRange(offset_bytes=100, length_bytes=50)), SMALL[100:150])


def _read_open(backend: S3Backend, name: str, _: str) -> None:
    source = backend.open(name)
    buffer = bytearray(2000)
    _check(source.read_into(500, memoryview(buffer)), 2000)
    _check(bytes(buffer), SMALL[500:2500])


OPERATIONS: Final = {
    "create": Operation(
        prepare=_nothing,
        act=lambda backend, name, _: backend.create(name, SMALL),
        done=_holds(SMALL),
        clean=_empty,
    ),
    "large-in-one": Operation(
        prepare=_nothing,
        act=lambda backend, name, _: upload(backend, name, SMALL, step=1000).commit(),
        done=_holds(SMALL),
        clean=_empty,
    ),
    "large-in-three": Operation(
        prepare=_nothing,
        act=lambda backend, name, _: upload(backend, name, MANY_PARTS, step=1 << 22).commit(),
        done=_holds(MANY_PARTS),
        clean=_empty,
    ),
    "delete-version": Operation(
        prepare=_stored,
        act=lambda backend, name, version: backend.delete_version(name, version),
        done=_empty,
        clean=_same,
    ),
    "extend-lock": Operation(prepare=_stored, act=_extend, done=_locked, clean=_same),
    "hold": Operation(
        prepare=_stored,
        act=lambda backend, name, version: backend.place_legal_hold(name, version),
        done=lambda backend, name: backend.versions(name)[0].legal_hold,
        clean=_same,
    ),
    "list": Operation(
        prepare=_stored,
        act=lambda backend, name, _: _check(
            [(one.name, one.length_bytes) for one in backend.list("")][-1:], [(name, len(SMALL))]
        ),
        done=_same,
        clean=_same,
    ),
    "read": Operation(
        prepare=_stored,
        act=lambda backend, name, _: _check(backend.read(name), SMALL),
        done=_same,
        clean=_same,
    ),
    "read-range": Operation(prepare=_stored, act=_read_range, done=_same, clean=_same),
    "open-and-read": Operation(prepare=_stored, act=_read_open, done=_same, clean=_same),
}
