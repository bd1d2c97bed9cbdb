"""Write the vectors of the chapter `key-vault`: `python tests/vectors/make_vault.py`.

A vector is a header of `key: value` lines, an empty line, and the raw bytes of one stored file.
The expectations are computed here from the chapter alone, with the primitives of `cryptography`
and not with the library: running this again must change nothing.

Header: `expect` is `success` or the code of the refusal, `spec` the clauses, `what` the document
(`header`, `epoch`, `group`), `name` its stored name. The secrets in hex: `root` the root key,
`kek` the epoch's key, and `key <id>` each key of a group.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding

HERE: Final = Path(__file__).parent
STORE: Final = "0190163d-8694-7000-8000-000000000001"
OBJECT: Final = "0190163d-8694-7000-8000-0000000000ab"
AT: Final = "2026-01-02T03:04:05.000000Z"
ROOT: Final = bytes(range(32))
KEK: Final = bytes(range(32, 64))
ALG: Final = "kwp-aes256-hkdf-sha256"
KEYS: Final = {
    f"content/{OBJECT}": b"\x11" * 32,
    f"record/{OBJECT}": b"\x22" * 32,
    "record/store/2026": b"\x33" * 32,
    "sign/store": b"\x44" * 32,
    "tag": b"\x55" * 32,
}
MANY: Final = {f"content/0190163d-8694-7000-8000-{n:012x}": bytes([n]) * 32 for n in range(1, 14)}


def canonical(value: dict[str, Any]) -> bytes:
    """The canonical JSON of a value that has ASCII texts only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def check(key: bytes) -> str:
    """The check value of a key."""
    return hmac.new(key, b"bwcstore/v1 key check", hashlib.sha256).digest()[:8].hex()


def wrap(kek: bytes, label: bytes, place: tuple[str, ...], key: bytes) -> str:
    """A key wrapped under a key that is derived from where it belongs."""
    info = label + b"".join(len(part).to_bytes(8, "big") + part.encode() for part in place)
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(kek)
    return aes_key_wrap_with_padding(derived, key).hex()


def header(root: dict[str, Any], key: bytes, **changes: Any) -> bytes:
    """A header."""
    return canonical(
        {
            "check": check(key),
            "format": "1.0",
            "kind": "vault",
            "replica": "a1b2c3d4e5f60718",
            "root": root,
            "store": STORE,
            "version": 1,
        }
        | changes
    )


def epoch(**changes: Any) -> bytes:
    """The wrapped key of epoch 3."""
    return canonical(
        {
            "alg": ALG,
            "check": check(KEK),
            "created": AT,
            "epoch": 3,
            "format": "1.0",
            "kind": "vault-epoch",
            "store": STORE,
            "version": 1,
            "wrapped": wrap(ROOT, b"bwcstore/v1 root kek", (STORE, "00000003"), KEK),
        }
        | changes
    )


def records(keys: dict[str, bytes]) -> list[dict[str, str]]:
    """The wrapped keys of a group of epoch 3."""
    return [
        {
            "alg": ALG,
            "check": check(key),
            "created": AT,
            "id": key_id,
            "wrapped": wrap(KEK, b"bwcstore/v1 kek", (STORE, key_id, "00000003"), key),
        }
        for key_id, key in sorted(keys.items())
    ]


def group(keys: list[dict[str, str]], **changes: Any) -> bytes:
    """A group of epoch 3."""
    return canonical(
        {
            "epoch": 3,
            "format": "1.0",
            "keys": keys,
            "kind": "vault-keys",
            "nonce": "0f" * 16,
            "store": STORE,
        }
        | changes
    )


def tokens_name(keys: dict[str, bytes], data: bytes) -> str:
    """The name of a group of up to twelve keys."""
    found = sorted({hashlib.sha256(key_id.encode()).hexdigest()[:6] for key_id in keys})
    return f"keys/00000003/t.{'.'.join(found)}..{hashlib.sha256(data).hexdigest()[:32]}"


def good() -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """Files that are as they should be: title, clauses, more header lines, bytes."""
    yield (
        "header_key_file",
        "VLT-3 VLT-6",
        {"what": "header", "name": "header/0001", "root": ROOT.hex()},
        header({"alg": "key-file"}, ROOT),
    )
    salt = bytes(range(16))
    derived = hashlib.pbkdf2_hmac("sha512", b"correct horse battery", salt, 210_000, 32)
    yield (
        "header_pbkdf2",
        "VLT-6 VLT-22",
        {
            "what": "header",
            "name": "header/0001",
            "root": derived.hex(),
            "passphrase": "correct horse battery",
        },
        header({"alg": "pbkdf2-hmac-sha-512", "iterations": 210_000, "salt": salt.hex()}, derived),
    )
    yield (
        "epoch",
        "VLT-3 VLT-4 VLT-5 VLT-8",
        {
            "what": "epoch",
            "name": "epochs/00000003/0001",
            "root": ROOT.hex(),
            "kek": KEK.hex(),
        },
        epoch(),
    )
    few = group(records(KEYS))
    yield (
        "group_few",
        "VLT-4 VLT-5 VLT-10 VLT-11",
        {"what": "group", "name": tokens_name(KEYS, few), "kek": KEK.hex()}
        | {f"key {key_id}": key.hex() for key_id, key in KEYS.items()},
        few,
    )
    many = group(records(MANY))
    bound = "content.0190163d-8694-7000-8000-00000000"
    yield (
        "group_range",
        "VLT-10 VLT-11",
        {
            "what": "group",
            "name": f"keys/00000003/r.{bound}..{bound}..{hashlib.sha256(many).hexdigest()[:32]}",
            "kek": KEK.hex(),
        }
        | {f"key {key_id}": key.hex() for key_id, key in MANY.items()},
        many,
    )


def bad() -> Iterator[tuple[str, str, str, str, bytes]]:
    """Files to refuse: title, code, clauses, document, bytes."""
    key_file = {"alg": "key-file"}
    one = records({"tag": b"\x55" * 32})
    two = records({"sign/store": b"\x44" * 32, "tag": b"\x55" * 32})
    argon = {"alg": "argon2id", "iterations": 3, "lanes": 4, "memory_kib": 65536}
    salted = argon | {"salt": "00" * 16}
    yield "header_kind", "field-invalid", "VLT-6", "header", header(key_file, ROOT, kind="store")
    yield "header_newer", "format-newer", "VLT-6", "header", header(key_file, ROOT, format="1.1")
    yield "header_odd", "format-unknown", "VLT-6", "header", header(key_file, ROOT, format="one")
    yield "header_extra", "field-unknown", "VLT-6", "header", header(key_file, ROOT, note="x")
    yield "header_replica", "field-invalid", "VLT-6", "header", header(key_file, ROOT, replica="A")
    yield (
        "header_salted_file",
        "field-unknown",
        "VLT-6",
        "header",
        header(key_file | {"salt": "00" * 16}, ROOT),
    )
    yield "header_unsalted", "field-missing", "VLT-6 VLT-22", "header", header(argon, ROOT)
    yield (
        "header_weak",
        "field-invalid",
        "VLT-22",
        "header",
        header(salted | {"memory_kib": 19_455}, ROOT),
    )
    yield (
        "header_endless",
        "field-invalid",
        "VLT-22",
        "header",
        header(salted | {"iterations": 1001}, ROOT),
    )
    yield "header_new_root", "format-newer", "VLT-6", "header", header({"alg": "kms"}, ROOT)
    yield "epoch_alg", "format-newer", "VLT-8", "epoch", epoch(alg="hpke")
    yield "epoch_short", "field-invalid", "VLT-8", "epoch", epoch(wrapped="00" * 39)
    yield "epoch_number", "field-invalid", "VLT-8", "epoch", epoch(epoch=100_000_000)
    yield "epoch_time", "field-invalid", "VLT-8", "epoch", epoch(created="2026-02-30T00:00:00Z")
    yield "group_empty", "field-invalid", "VLT-10", "group", group([])
    yield "group_order", "field-invalid", "VLT-10", "group", group(two[::-1])
    yield "group_twice", "field-invalid", "VLT-10", "group", group(one + one)
    yield "group_id", "field-invalid", "VLT-2 VLT-10", "group", group([one[0] | {"id": "Tag"}])
    yield "group_alg", "format-newer", "VLT-10", "group", group([one[0] | {"alg": "hpke"}])
    yield "group_field", "field-unknown", "VLT-10", "group", group([one[0] | {"owner": "x"}])
    yield "group_store", "field-invalid", "VLT-10", "group", group(one, store="store")
    yield "group_cut", "not-json", "VLT-10", "group", group(one)[:-1]
    yield "group_line_end", "not-canonical", "VLT-10", "group", group(one) + b"\n"


def files() -> dict[Path, bytes]:
    """Every vector: path and bytes."""
    found: dict[Path, bytes] = {}
    for title, clauses, more, data in good():
        lines = {"expect": "success", "spec": clauses} | more
        found[HERE / f"vault/{title}.vec"] = _vector(lines, data)
    for title, code, clauses, what, data in bad():
        lines = {"expect": code, "spec": clauses, "what": what}
        found[HERE / f"vault/{title}.vec"] = _vector(lines, data)
    return found


def _vector(lines: dict[str, str], data: bytes) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return head.encode() + b"\n" + data


if __name__ == "__main__":
    for path, content in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
