"""The documents of a key vault: value to its only bytes and back (spec chapter `key-vault`).

Rules kept here: one encoding per value, unknown fields refused, nothing longer than 1 MiB (VLT-27),
and nothing here can unwrap.
"""

import re
from collections.abc import Mapping
from enum import StrEnum, unique
from itertools import pairwise
from typing import Final, Self

import attrs

from bwcstore._encoding import Json, decode, encode
from bwcstore._values import Instant, StoreId
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.storage._keywrap import ALGORITHM, CHECK_BYTES, WRAPPED_BYTES

FORMAT: Final = "1.0"
EPOCH_MAX: Final = 10**8 - 1
VERSION_MAX: Final = 9999
SALT_BYTES: Final = 16
GROUP_KEYS_MAX: Final = 1024
FILE_SIZE_MAX: Final = 1024 * 1024
_KEY_ID: Final = re.compile(r"(?=.{1,128}\Z)[a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*){0,3}")


@unique
class RootAlg(StrEnum):
    """Where the root key of a vault comes from."""

    KEY_FILE = "key-file"
    ARGON2ID = "argon2id"
    PBKDF2 = "pbkdf2-hmac-sha-512"


_RANGES: Final[Mapping[RootAlg, Mapping[str, tuple[int, int]]]] = {
    RootAlg.KEY_FILE: {},
    RootAlg.ARGON2ID: {
        "iterations": (2, 1000),
        "lanes": (1, 64),
        "memory_kib": (19_456, 4_194_304),
    },
    RootAlg.PBKDF2: {"iterations": (210_000, 100_000_000)},
}


@attrs.frozen(kw_only=True)
class RootRecord:
    """How the root key is found again; kept in the header (VLT-6). Holds no secret.

    Attributes:
        alg: which way.
        salt: 16 random bytes; empty for a key file.
        iterations: passes of Argon2id, or iterations of PBKDF2; 0 for a key file.
        lanes: Argon2id only.
        memory_kib: Argon2id only.
    """

    alg: RootAlg
    salt: bytes = b""
    iterations: int = 0
    lanes: int = 0
    memory_kib: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse parameters that are too weak, or so large that opening would never end.

        Raises:
            InvalidInputError: a parameter is out of range.
        """
        if len(self.salt) != (0 if self.alg is RootAlg.KEY_FILE else SALT_BYTES):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"{self.alg}: a salt of {len(self.salt)} bytes"
            )
        for name in ("iterations", "lanes", "memory_kib"):
            low, high = _RANGES[self.alg].get(name, (0, 0))
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise InvalidInputError(
                    ErrorKind.ARGUMENT_INVALID,
                    f"{self.alg}: {name} is {value!r:.20}, expected {low} to {high}",
                )

    def to_json(self) -> dict[str, Json]:
        """The value of the header's field `root`."""
        found: dict[str, Json] = {"alg": self.alg.value}
        if self.salt:
            found["salt"] = self.salt.hex()
        found |= {name: getattr(self, name) for name in _RANGES[self.alg]}
        return found

    @classmethod
    def from_json(cls, value: Json, *, what: str) -> Self:
        """Parse the header's field `root`.

        Raises:
            FormatError: it is malformed, out of range, or of a newer version.
        """
        if not isinstance(value, dict) or not isinstance(value.get("alg"), str):
            raise _bad(what, "root")
        try:
            alg = RootAlg(str(value["alg"]))
        except ValueError as exc:
            raise FormatError(
                ErrorKind.FORMAT_NEWER, f"{what}: a root key by {value['alg']!r:.40} is not known"
            ) from exc
        names = {*_RANGES[alg], "alg"} | ({"salt"} if alg is not RootAlg.KEY_FILE else set())
        _exact(value, names, what)
        numbers = {name: value[name] for name in _RANGES[alg]}
        salt = _hex(value, "salt", SALT_BYTES, what) if "salt" in value else b""
        try:
            return cls(alg=alg, salt=salt, **numbers)  # type: ignore[arg-type] # checked inside
        except InvalidInputError as exc:
            raise FormatError(ErrorKind.FIELD_INVALID, f"{what}: {exc.message}") from exc


@attrs.frozen(kw_only=True)
class Header:
    """What makes a place a replica of a vault (VLT-6).

    Attributes:
        store: the store whose keys are kept.
        replica: 16 hex digits, drawn for this replica.
        version: counts the changes of the root key, from 1.
        root: how the root key is found again.
        check: 8 bytes that recognise the root key.
    """

    store: StoreId
    replica: str
    version: int
    root: RootRecord
    check: bytes

    def encode(self) -> bytes:
        """The canonical bytes."""
        return encode(
            {
                "check": self.check.hex(),
                "format": FORMAT,
                "kind": "vault",
                "replica": self.replica,
                "root": self.root.to_json(),
                "store": self.store.text,
                "version": self.version,
            }
        )

    @classmethod
    def decode(cls, raw: bytes, *, what: str) -> Self:
        """Parse canonical bytes.

        Raises:
            FormatError: they are not the encoding of a header.
        """
        names = {"check", "format", "kind", "replica", "root", "store", "version"}
        found = _document(raw, "vault", names, what)
        return cls(
            store=_store(found, what),
            replica=_hex(found, "replica", 8, what).hex(),
            version=_number(found, "version", VERSION_MAX, what),
            root=RootRecord.from_json(found["root"], what=what),
            check=_hex(found, "check", CHECK_BYTES, what),
        )


@attrs.frozen(kw_only=True)
class EpochKey:
    """One epoch's key-encryption key, wrapped under the root key (VLT-8).

    Attributes:
        store: the store whose keys are kept.
        epoch: the number of the epoch.
        version: the version of the header whose root key wraps it.
        created: when the epoch was opened.
        check: 8 bytes that recognise the key.
        wrapped: the 40 wrapped bytes.
    """

    store: StoreId
    epoch: int
    version: int
    created: Instant
    check: bytes
    wrapped: bytes

    def encode(self) -> bytes:
        """The canonical bytes."""
        return encode(
            {
                "alg": ALGORITHM,
                "check": self.check.hex(),
                "created": str(self.created),
                "epoch": self.epoch,
                "format": FORMAT,
                "kind": "vault-epoch",
                "store": self.store.text,
                "version": self.version,
                "wrapped": self.wrapped.hex(),
            }
        )

    @classmethod
    def decode(cls, raw: bytes, *, what: str) -> Self:
        """Parse canonical bytes.

        Raises:
            FormatError: they are not the encoding of an epoch's key.
        """
        names = {"check", "created", "epoch", "format", "kind", "store", "version", "wrapped"}
        found = _document(raw, "vault-epoch", names | {"alg"}, what)
        _algorithm(found, what)
        return cls(
            store=_store(found, what),
            epoch=_number(found, "epoch", EPOCH_MAX, what),
            version=_number(found, "version", VERSION_MAX, what),
            created=_instant(found, what),
            check=_hex(found, "check", CHECK_BYTES, what),
            wrapped=_hex(found, "wrapped", WRAPPED_BYTES, what),
        )


def encode_completion(store: StoreId, epoch: int) -> bytes:
    """The bytes of the file that makes an epoch the current one (VLT-9)."""
    return encode(
        {"epoch": epoch, "format": FORMAT, "kind": "vault-epoch-complete", "store": store.text}
    )


@attrs.frozen(kw_only=True)
class KeyRecord:
    """One wrapped key in a group (VLT-10).

    Attributes:
        key_id: what the key is for.
        created: when it was first put.
        check: 8 bytes that recognise the key.
        wrapped: the 40 wrapped bytes.
    """

    key_id: str
    created: Instant
    check: bytes
    wrapped: bytes


@attrs.frozen(kw_only=True)
class Group:
    """Keys that are kept in one file (VLT-10), in ascending order of their ids.

    Attributes:
        store: the store whose keys they are.
        epoch: the epoch under whose key they are wrapped.
        nonce: 16 random bytes, so that no two groups are ever the same bytes.
        keys: 1 to 1024 records.
    """

    store: StoreId
    epoch: int
    nonce: bytes
    keys: tuple[KeyRecord, ...]

    def encode(self) -> bytes:
        """The canonical bytes."""
        return encode(
            {
                "epoch": self.epoch,
                "format": FORMAT,
                "keys": [
                    {
                        "alg": ALGORITHM,
                        "check": key.check.hex(),
                        "created": str(key.created),
                        "id": key.key_id,
                        "wrapped": key.wrapped.hex(),
                    }
                    for key in self.keys
                ],
                "kind": "vault-keys",
                "nonce": self.nonce.hex(),
                "store": self.store.text,
            }
        )

    @classmethod
    def decode(cls, raw: bytes, *, what: str) -> Self:
        """Parse canonical bytes.

        Raises:
            FormatError: they are not the encoding of a group.
        """
        names = {"epoch", "format", "keys", "kind", "nonce", "store"}
        found = _document(raw, "vault-keys", names, what)
        items = found["keys"]
        if not isinstance(items, list) or not 1 <= len(items) <= GROUP_KEYS_MAX:
            raise _bad(what, "keys")
        keys = tuple(_record(item, what) for item in items)
        if any(a.key_id >= b.key_id for a, b in pairwise(keys)):
            raise FormatError(ErrorKind.FIELD_INVALID, f"{what}: key ids are not ascending")
        return cls(
            store=_store(found, what),
            epoch=_number(found, "epoch", EPOCH_MAX, what),
            nonce=_hex(found, "nonce", 16, what),
            keys=keys,
        )


def _record(value: Json, what: str) -> KeyRecord:
    if not isinstance(value, dict):
        raise _bad(what, "keys")
    _exact(value, {"alg", "check", "created", "id", "wrapped"}, what)
    _algorithm(value, what)
    key_id = value["id"]
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise _bad(what, "id")
    return KeyRecord(
        key_id=key_id,
        created=_instant(value, what),
        check=_hex(value, "check", CHECK_BYTES, what),
        wrapped=_hex(value, "wrapped", WRAPPED_BYTES, what),
    )


def check_key_id(key_id: str) -> str:
    """Return `key_id` if it can name a key (VLT-2).

    Raises:
        InvalidInputError: it cannot.
    """
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise InvalidInputError(ErrorKind.NAME_INVALID, f"not a key id: {key_id!r:.80}")
    return key_id


def _document(raw: bytes, kind: str, names: set[str], what: str) -> dict[str, Json]:
    found = decode(raw, what=what, size_max=FILE_SIZE_MAX)
    written = found.get("format")
    if written != FORMAT:
        newer = isinstance(written, str) and re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", written)
        raise FormatError(
            ErrorKind.FORMAT_NEWER if newer else ErrorKind.FORMAT_UNKNOWN,
            f"{what}: format {written!r:.20}, expected {FORMAT!r}",
        )
    _exact(found, names, what)
    if found["kind"] != kind:
        raise FormatError(
            ErrorKind.FIELD_INVALID, f"{what}: kind {found['kind']!r:.40}, expected {kind!r}"
        )
    return found


def _exact(found: Mapping[str, Json], names: set[str], what: str) -> None:
    for name in sorted(names - found.keys()):
        raise FormatError(ErrorKind.FIELD_MISSING, f"{what}: field {name!r} is missing")
    for name in sorted(found.keys() - names):
        raise FormatError(ErrorKind.FIELD_UNKNOWN, f"{what}: field {name!r:.80} is unknown")


def _bad(what: str, name: str) -> FormatError:
    return FormatError(ErrorKind.FIELD_INVALID, f"{what}: field {name!r} is malformed")


def _algorithm(found: Mapping[str, Json], what: str) -> None:
    if found["alg"] != ALGORITHM:
        raise FormatError(
            ErrorKind.FORMAT_NEWER,
            f"{what}: wrapped by {found['alg']!r:.40}, expected {ALGORITHM!r}",
        )


def _hex(found: Mapping[str, Json], name: str, count_bytes: int, what: str) -> bytes:
    text = found[name]
    if not isinstance(text, str) or not re.fullmatch(rf"[0-9a-f]{{{2 * count_bytes}}}", text):
        raise _bad(what, name)
    return bytes.fromhex(text)


def _number(found: Mapping[str, Json], name: str, high: int, what: str) -> int:
    value = found[name]
    if type(value) is not int or not 0 <= value <= high:
        raise _bad(what, name)
    return value


def _store(found: Mapping[str, Json], what: str) -> StoreId:
    try:
        return StoreId(found["store"])  # type: ignore[arg-type] # its validator refuses the rest
    except InvalidInputError as exc:
        raise _bad(what, "store") from exc


def _instant(found: Mapping[str, Json], what: str) -> Instant:
    try:
        return Instant.parse(found["created"])  # type: ignore[arg-type] # refuses the rest
    except InvalidInputError as exc:
        raise _bad(what, "created") from exc
