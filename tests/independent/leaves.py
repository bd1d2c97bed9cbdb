"""The form of a leaf and of the open fields of each kind of entry (LED-10, LED-11, LED-20)."""

import re

from canonical import (
    Json,
    RefusedError,
    decode,
    encode,
    exact,
    is_hex,
    is_text,
    is_uuid,
    is_whole,
    is_word,
    microseconds,
)
from custody_leaves import CUSTODY
from ed25519 import verify
from forms import COLLECTED, ROLES, WORDS, Form, hex_of, is_instant, is_tags, listed, one_of
from storage_leaves import LOCKING, STORAGE

KIND = re.compile(r"[a-z][a-z0-9_]{0,30}\.[a-z][a-z0-9_]{0,30}\Z")
KEY_ID = re.compile(r"[a-z0-9]([a-z0-9./-]{0,126}[a-z0-9])?\Z")
TRIGGERS = ("escalation", "use-of-force", "evidence", "detention", "officer-discretion")

OPEN: dict[str, tuple[str, dict[str, Form], dict[str, Form]]] = {
    "store.created": (
        "store",
        {
            "format": is_word, "store": is_uuid, "protocol": one_of("numbered", "claimed"),
            "chunk_bytes": is_whole, "segment_chunks": is_whole, "origin": is_text,
            "verifier_key": is_text, "signed_kinds": WORDS, "storage": WORDS,
        },
        {"locking": LOCKING},
    ),
    "generation.closed": ("store", {"heads_count": is_whole, "heads_root": hex_of(32)}, {}),
    "generation.opened": (
        "store",
        {
            "generation": is_whole, "previous_size": is_whole, "previous_root": hex_of(32),
            "heads_count": is_whole, "heads_root": hex_of(32),
        },
        {},
    ),
    "actor.enrolled": (
        "store",
        {"actor": is_uuid, "roles": ROLES, "tag": hex_of(16)},
        {"public_key": hex_of(32)},
    ),
    "actor.revoked": ("store", {"actor": is_uuid}, {}),
    "authorization.granted": (
        "store",
        {"authorization": is_uuid, "actor": is_uuid, "purposes": ROLES, "from": is_instant},
        {"object": is_uuid, "until": is_instant, "document_sha256": hex_of(32)},
    ),
    "authorization.revoked": ("store", {"authorization": is_uuid}, {}),
    "keys.rotation_started": ("store", {"epoch": is_whole}, {}),
    "keys.epoch_destroyed": (
        "store",
        {"epoch": is_whole, "opened": is_whole, "keys": is_whole, "replicas": WORDS},
        {},
    ),
    "leftovers.discarded": (
        "store",
        {"objects": listed(is_uuid, 256), "names_count": is_whole, "names_sha256": hex_of(32)},
        {},
    ),
    "object.ingested": (
        "object",
        {
            "manifest_sha256": hex_of(32), "header": hex_of(74), "segment_count": is_whole,
            "ciphertext_root": hex_of(32), "tags": is_tags, "collected": listed(COLLECTED, 8),
        },
        {"label": is_word, "trigger": one_of(*TRIGGERS), "locked_until": is_instant},
    ),
    "object.accessed": (
        "object",
        {"mode": one_of("stream", "export"), "purpose": is_word},
        {"authorization": is_uuid},
    ),
    "access.ended": (
        "object",
        {
            "accessed_seq": is_whole, "bytes_released": is_whole,
            "outcome": one_of("closed", "failed"),
        },
        {},
    ),
    "access.refused": ("any", {"verb": is_word, "code": is_word, "count": is_whole}, {}),
    "audit.started": ("act", {}, {"object": is_uuid}),
    "audit.ended": ("act", {"objects": is_whole, "bytes": is_whole, "findings": is_whole}, {}),
    **CUSTODY,
    **STORAGE,
}  # fmt: skip

ALWAYS = {"after", "at", "auth", "body", "by", "decided", "index", "kind", "scope", "v"}


def scope_word(scope: str) -> str | None:
    """The first word of a scope (ENC-13); None where it is none."""
    word, _, rest = scope.partition("/")
    if scope == "store" or (word in ("object", "act") and is_uuid(rest)):
        return word
    return None


def _require(forms: dict[str, bool]) -> None:
    """Refuse the first value that has another form."""
    for name, right in forms.items():
        if not right:
            raise RefusedError("field-invalid", name)


def _check_auth(auth: Json) -> None:
    """The form of `auth`."""
    if isinstance(auth, dict) and auth.get("method") == "ed25519":
        exact(auth, {"key", "method", "signature"})
        _require(
            {
                "auth.key": is_hex(auth["key"], 32),
                "auth.signature": is_hex(auth["signature"], 64),
            }
        )
    else:
        _require({"auth.method": exact(auth, {"method"})["method"] == "asserted"})


def _check_fields(leaf: dict[str, Json]) -> None:
    """The forms of the fields that every leaf has."""
    decided = exact(leaf["decided"], {"at", "store_head", "store_seq"})
    scope = exact(leaf["scope"], {"id", "prev", "prev_index", "seq"})
    kind, identifier = leaf["kind"], scope["id"]
    _require({
        "after": is_hex(leaf["after"], 32),
        "at": is_instant(leaf["at"]),
        "body": isinstance(leaf["body"], dict),
        "by": is_uuid(leaf["by"]),
        "decided": is_instant(decided["at"]) and is_whole(decided["store_seq"])
        and is_hex(decided["store_head"], 32),
        "index": is_whole(leaf["index"]),
        "kind": isinstance(kind, str) and bool(KIND.match(kind)),
        "scope": isinstance(identifier, str) and bool(scope_word(identifier))
        and is_hex(scope["prev"], 32) and is_whole(scope["prev_index"]) and is_whole(scope["seq"]),
    })  # fmt: skip
    _check_auth(leaf["auth"])
    if "sealed" in leaf:
        sealed = exact(leaf["sealed"], {"commitment", "key", "sha256"})
        _require({
            "sealed": is_hex(sealed["commitment"], 32) and is_hex(sealed["sha256"], 32)
            and isinstance(sealed["key"], str) and bool(KEY_ID.match(sealed["key"])),
        })  # fmt: skip


def _check_clock(leaf: dict[str, Json]) -> None:
    """The writer's own time, where it was behind (LED-29)."""
    if "clock" in leaf:
        own = microseconds(exact(leaf["clock"], {"own"})["own"])
        _require({"clock.own": own is not None})
        if own is not None and own + 2_000_000 >= (microseconds(leaf["at"]) or 0):
            raise RefusedError("entry-invalid", "the clock was not behind")


def _check_kind(leaf: dict[str, Json]) -> None:
    """The scope and the open fields of an entry of a known kind (LED-20)."""
    scope, required, optional = OPEN[leaf["kind"]]
    identifier = leaf["scope"]["id"]
    if scope not in ("any", scope_word(identifier)):
        raise RefusedError("entry-invalid", f"{leaf['kind']} in scope {identifier}")
    body = exact(leaf["body"], set(required), set(optional))
    forms = required | optional
    _require({f"body.{name}": forms[name](value) for name, value in body.items()})


def _check_contradictions(leaf: dict[str, Json]) -> None:
    """Refuse an entry that contradicts itself (LED-8, LED-10)."""
    scope = leaf["scope"]
    first = (scope["prev"], scope["prev_index"]) == ("0" * 64, leaf["index"])
    if not (first if scope["seq"] == 0 else scope["prev_index"] < leaf["index"]):
        raise RefusedError("entry-invalid", "the links of the scope contradict the number")


def read_leaf(raw: bytes) -> dict[str, Json]:
    """Read a leaf and refuse one of another form; what stands before and after is not looked at."""
    leaf = decode(raw, 32_768)
    version = leaf.get("v")
    if "v" in leaf and (version != 1 or isinstance(version, bool)):
        newer = isinstance(version, int) and version > 1
        raise RefusedError("format-newer" if newer else "field-invalid", "v")
    exact(leaf, ALWAYS, {"clock", "sealed"})
    _check_fields(leaf)
    _check_clock(leaf)
    if leaf["kind"] in OPEN:
        _check_kind(leaf)
    _check_contradictions(leaf)
    return leaf


def signature_holds(leaf: dict[str, Json], store: str) -> bool:
    """Tell whether the signature of a signed act verifies (LED-11)."""
    signed = {
        "body": leaf["body"],
        "by": leaf["by"],
        "commitment": leaf["sealed"]["commitment"] if "sealed" in leaf else "",
        "kind": leaf["kind"],
        "scope": leaf["scope"]["id"],
        "seq": leaf["scope"]["seq"],
        "store": store,
    }
    key, signature = bytes.fromhex(leaf["auth"]["key"]), bytes.fromhex(leaf["auth"]["signature"])
    return verify(key, b"bwcstore/v1 act\n" + encode(signed), signature)
