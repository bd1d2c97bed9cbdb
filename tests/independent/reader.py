"""A reader of a bwcstore store with keys, written from the specification alone.

    python reader.py STORE_DIR VAULT_DIR ROOT_KEY_FILE OBJECT [--output FILE]
    python reader.py STORE_DIR VAULT_DIR ROOT_KEY_FILE --entries

The first writes the plaintext of one object, to standard output unless a file is named, and says
on standard error what the sealed parts of its manifest hold. The second prints one line of JSON
for each entry with a sealed payload. Nothing is written to the ledger: this is for tests.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from canonical import Json, RefusedError, decode, encode
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from leaves import read_leaf
from manifests import Manifest, read_manifest
from vault import Vault, hkdf

Entry = tuple[dict[str, Json], bytes | None]
"""A leaf and its payload."""


def opened(key: bytes, nonce: bytes, sealed: bytes, context: bytes, code: str) -> bytes:
    """Open what AES-256-GCM sealed, or refuse it."""
    try:
        return AESGCM(key).decrypt(nonce, sealed, context)
    except InvalidTag:
        raise RefusedError(code, "the tag does not verify") from None


def entries(store: Path) -> Iterator[Entry]:
    """The entries of a ledger that was verified, in order."""
    generations = sorted((store / "ledger").iterdir(), key=lambda path: int(path.name))
    for generation in generations:
        for batch in sorted((generation / "batch").iterdir()):
            leaf: dict[str, Json] | None = None
            for line in batch.read_bytes().split(b"\n")[1:-1]:
                if line.startswith(b'{"payload"'):
                    if leaf is not None:
                        yield leaf, base64.b64decode(decode(line)["payload"])
                    leaf = None
                    continue
                if leaf is not None:
                    yield leaf, None
                leaf = read_leaf(line)
            if leaf is not None:
                yield leaf, None


def commitment(context: bytes, salt: bytes, fields: dict[str, Json]) -> bytes:
    """The commitment to the private fields of an entry (LED-16)."""
    parts = [b"\x02", hashlib.sha256(context).digest()]
    for name in sorted(fields):
        label, value = name.encode(), json_text(fields[name])
        blind = hmac.new(salt, label, hashlib.sha256).digest()
        sized = b"".join(len(part).to_bytes(8, "big") + part for part in (label, value))
        parts.append(hashlib.sha256(b"\x03" + blind + sized).digest())
    return hashlib.sha256(b"".join(parts)).digest()


def json_text(value: Json) -> bytes:
    """The canonical JSON text of a value of any kind."""
    return encode({"v": value})[5:-1]


def open_payload(vault: Vault, store: str, leaf: dict[str, Json], raw: bytes) -> dict[str, Json]:
    """Open a sealed payload and compare its commitment (LED-14 to LED-16)."""
    sealed = leaf["sealed"]
    if hashlib.sha256(raw).hexdigest() != sealed["sha256"]:
        raise RefusedError("payload-digest", "not the payload that the leaf names")
    context = encode(
        {
            "kind": leaf["kind"],
            "scope": leaf["scope"]["id"],
            "seq": leaf["scope"]["seq"],
            "store": store,
            "v": 1,
        }
    )
    key = hkdf(vault.key(sealed["key"]), b"bwcstore/v1 payload")
    plain = opened(key, raw[:12], raw[12:], context, "payload-tag")
    fields = decode(plain[32:])
    if commitment(context, plain[:32], fields).hex() != sealed["commitment"]:
        raise RefusedError("commitment-differs", "not what the leaf commits to")
    return fields


def open_part(vault: Vault, manifest: Manifest, part: str) -> dict[str, Json]:
    """Open one of the sealed parts of a manifest (MAN-9)."""
    nonce, sealed = manifest.parts[part]
    key = hkdf(vault.key(f"{part}/{manifest.object}"), f"bwcstore/v1 manifest {part}".encode())
    context = encode({
        "format": "1.0", "object": manifest.object, "part": part, "store": manifest.store,
    })  # fmt: skip
    return decode(opened(key, nonce, sealed, context, "manifest-invalid"))


class Chunks:
    """The chunks of one object, opened one by one (SEG-4 to SEG-9)."""

    def __init__(self, store: Path, manifest: Manifest, key: bytes) -> None:
        """Derive the keys and compare the header tag."""
        self.store, self.manifest = store, manifest
        self.params, self.iv = manifest.header[:10], manifest.header[10:42]
        lines = ("bwcstore/v1/object", manifest.store, manifest.object)
        self.context = "".join(f"{line}\n" for line in lines).encode()
        tag = self._derive(key, b"HEADER_TAG:", 32)
        if not hmac.compare_digest(tag, manifest.header[42:]):
            raise RefusedError("header-tag", "the header is not by this key")
        message_key = self._derive(key, b"MESSAGE_KEY:", 48)
        self.key = self._derive(message_key, b"DEK:" + bytes(8), 32)

    def _derive(self, key: bytes, purpose: bytes, length: int) -> bytes:
        """The derivation of FLOE in the profile of SEG-4."""
        info = self.params + self.iv + purpose + self.context
        return HKDFExpand(algorithm=SHA384(), length=length, info=info).derive(key)

    def __iter__(self) -> Iterator[bytes]:
        """The plaintext of every chunk, each after its tag was verified."""
        position = 0
        for number, listed in enumerate(self.manifest.segments):
            path = self.store / f"objects/{self.manifest.object}/{number:08d}"
            if path.stat().st_size != listed.length_bytes:
                raise RefusedError("segment-length", path.name)
            with path.open("rb") as file:
                for chunk in range(len(listed.leaves)):
                    raw = file.read(self.manifest.sealed_bytes(number, chunk))
                    yield self._open(raw, position)
                    position += 1

    def _open(self, raw: bytes, position: int) -> bytes:
        """Open one chunk at its place."""
        last = position == self.manifest.chunks - 1
        if raw[:4] != (len(raw).to_bytes(4, "big") if last else b"\xff" * 4):
            raise RefusedError("chunk-shape", "the length word is not that of the place")
        context = position.to_bytes(8, "big") + bytes([last])
        return opened(self.key, raw[4:16], raw[16:], context, "chunk-tag")


def check_tags(vault: Vault, leaf: dict[str, Json], record: dict[str, Json]) -> None:
    """Compare the tags of the entry with the values under seal (LED-5, AUD-27)."""
    source = record.get("source")
    values = {name: record.get(name) for name in ("case", "device", "officer")}
    values["file"] = record["plaintext_sha256"]
    values["source"] = f"{source['scope']}\n{source['id']}" if source else None
    key = vault.key("tag")
    expected = {}
    for kind, value in values.items():
        if value is not None:
            text = kind.encode() + b"\0" + unicodedata.normalize("NFC", value).encode()
            expected[kind] = [hmac.new(key, text, hashlib.sha256).hexdigest()[:32]]
    if expected != leaf["body"]["tags"]:
        raise RefusedError("digest-mismatch", "the tags are not those of the values under seal")


def read_object(
    store: Path, vault: Vault, identifier: str, target: BinaryIO
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Write the plaintext of an object; give back the record part and the content part."""
    scope = f"object/{identifier}"
    leaf = next(
        (leaf for leaf, _ in entries(store)
         if (leaf["kind"], leaf["scope"]["id"]) == ("object.ingested", scope)), None,
    )  # fmt: skip
    if leaf is None:
        raise RefusedError("object-unknown", identifier)
    digest = leaf["body"]["manifest_sha256"]
    raw = (store / f"objects/{identifier}/manifest-{digest}").read_bytes()
    manifest = read_manifest(raw, digest)
    if (manifest.object, manifest.store) != (identifier, vault.store):
        raise RefusedError("manifest-invalid", "it is of another object or store")
    record, content = (open_part(vault, manifest, part) for part in ("record", "content"))
    if record["length_bytes"] != manifest.plain_bytes:
        raise RefusedError("plaintext-length", "the segments have another length")
    check_tags(vault, leaf, record)
    whole = hashlib.sha256()
    for plain in Chunks(store, manifest, vault.key(f"content/{identifier}")):
        whole.update(plain)
        target.write(plain)
    if whole.hexdigest() != record["plaintext_sha256"]:
        raise RefusedError("plaintext-digest", "not the recording that was received")
    return record, content


def main() -> int:
    """Run the reader as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name in ("store", "vault", "key_file"):
        parser.add_argument(name, type=Path)
    parser.add_argument("object", nargs="?")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--entries", action="store_true")
    options = parser.parse_args()
    try:
        vault = Vault(options.vault, options.key_file)
        if options.entries:
            for leaf, raw in entries(options.store):
                if raw is not None:
                    fields = open_payload(vault, vault.store, leaf, raw)
                    line = {"fields": fields, "index": leaf["index"], "kind": leaf["kind"]}
                    sys.stdout.write(json.dumps(line, sort_keys=True) + "\n")
            return 0
        target = options.output.open("wb") if options.output else sys.stdout.buffer
        with target:
            record, content = read_object(options.store, vault, options.object, target)
        sys.stderr.write(json.dumps({"record": record, "content": content}) + "\n")
    except RefusedError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
