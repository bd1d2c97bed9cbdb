"""The key vault, read with a root key file, as the key-vault chapter has it."""

import hashlib
import hmac
from pathlib import Path

from canonical import Json, RefusedError, decode, exact
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

ALG = "kwp-aes256-hkdf-sha256"


def hkdf(key: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 with an empty salt and 32 bytes of output."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)


def check_value(key: bytes) -> str:
    """What a key is recognised by (VLT-3)."""
    return hmac.new(key, b"bwcstore/v1 key check", hashlib.sha256).hexdigest()[:16]


def unwrap(kek: bytes, label: str, place: list[str], record: dict[str, Json]) -> bytes:
    """Take a wrapped key out of its record, and refuse another key (VLT-3 to VLT-5)."""
    if record["alg"] != ALG:
        raise RefusedError("format-newer", "wrapped in a way that is not known")
    parts = b"".join(len(part).to_bytes(8, "big") + part.encode() for part in place)
    try:
        wrapping = hkdf(kek, label.encode() + parts)
        key = aes_key_unwrap_with_padding(wrapping, bytes.fromhex(record["wrapped"]))
    except InvalidUnwrap:
        raise RefusedError("key-wrong", "it does not unwrap") from None
    if check_value(key) != record["check"]:
        raise RefusedError("key-wrong", "its check value is another")
    return key


class Vault:
    """One replica of a vault, opened with the root key."""

    def __init__(self, root: Path, key_file: Path) -> None:
        """Read header and epochs, and unwrap the keys of the complete epochs."""
        text = key_file.read_text()
        if len(text) != 65 or text[-1] != "\n":
            raise RefusedError("key-file-invalid", "not 64 hex digits and a line end")
        self.root, self.root_key = root, bytes.fromhex(text[:64])
        headers = sorted((root / "header").iterdir())
        header = self._document(headers[-1], {"check", "replica", "root", "store", "version"})
        if header["kind"] != "vault" or header["root"] != {"alg": "key-file"}:
            raise RefusedError("format-newer", "the root key is not from a key file")
        if header["check"] != check_value(self.root_key):
            raise RefusedError("key-wrong", "another root key")
        self.store: str = header["store"]
        self.version: int = header["version"]
        complete = (root / "epochs").glob("*/complete")
        self.epochs = {path.parent.name: self._epoch(path.parent) for path in complete}

    def _document(self, path: Path, fields: set[str]) -> dict[str, Json]:
        """Read one stored document of exactly these fields, `format` and `kind`."""
        return exact(decode(path.read_bytes()), fields | {"format", "kind"})

    def _epoch(self, folder: Path) -> bytes:
        """Unwrap the key of an epoch (VLT-8)."""
        fields = {"alg", "check", "created", "epoch", "store", "version", "wrapped"}
        record = self._document(folder / f"{self.version:04d}", fields)
        if (record["kind"], record["store"], record["epoch"]) != (
            "vault-epoch", self.store, int(folder.name),
        ):  # fmt: skip
            raise RefusedError("vault-invalid", "the epoch of another place")
        place = [self.store, folder.name]
        return unwrap(self.root_key, "bwcstore/v1 root kek", place, record)

    def key(self, key_id: str) -> bytes:
        """A key, from the highest epoch that has it (VLT-12)."""
        for epoch in sorted(self.epochs, reverse=True):
            for path in sorted((self.root / "keys" / epoch).iterdir()):
                if may_hold(path.name.rpartition("..")[0], key_id):
                    for record in self._group(path, epoch):
                        if record["id"] == key_id:
                            place = [self.store, key_id, epoch]
                            return unwrap(self.epochs[epoch], "bwcstore/v1 kek", place, record)
        raise RefusedError("key-absent", key_id)

    def _group(self, path: Path, epoch: str) -> list[dict[str, Json]]:
        """Read a group, whose bytes must give its name (VLT-10, VLT-11)."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
        if path.name.rpartition("..")[2] != digest:
            raise RefusedError("vault-invalid", f"{path.name} has other bytes")
        group = self._document(path, {"epoch", "keys", "nonce", "store"})
        if (group["kind"], group["store"], group["epoch"]) != (
            "vault-keys", self.store, int(epoch),
        ):  # fmt: skip
            raise RefusedError("vault-invalid", "a group of another place")
        fields = {"alg", "check", "created", "id", "wrapped"}
        return [exact(record, fields) for record in group["keys"]]


def may_hold(locator: str, key_id: str) -> bool:
    """Tell from its locator whether a group may hold a key (VLT-11)."""
    if locator.startswith("t."):
        return hashlib.sha256(key_id.encode()).hexdigest()[:6] in locator.split(".")[1:]
    dotted = key_id.replace("/", ".")
    first, _, last = locator.removeprefix("r.").partition("..")
    return first <= dotted and dotted[: len(last)] <= last
