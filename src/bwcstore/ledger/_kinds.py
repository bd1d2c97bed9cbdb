"""Every kind of entry: its scope, its open fields, its sealed fields, and why each is so.

This table is the specification's table (spec: LED-20 and after). The rule it keeps is LED-1:
no decision, fold, rebase or keyless finding depends on a sealed field. An open field therefore
holds only typed facts: enumerations, dates, numbers, digests, identifiers, keyed tags. Names,
reasons and free text are sealed.

Kinds are append-only. A kind that this version does not know makes its scope opaque (LED-4);
an unknown field in a known kind is an error.
"""

from collections.abc import Mapping
from typing import Final

from bwcstore._encoding import Json
from bwcstore.errors import ErrorKind, FormatError
from bwcstore.ledger._custody_kinds import CUSTODY_KINDS
from bwcstore.ledger._kind import (
    BASES,
    TRIGGERS,
    Field,
    Kind,
    code,
    digest,
    hexadecimal,
    identifier,
    instant,
    keyed_tag,
    many,
    number,
    one_of,
    prose,
    record,
    tags,
    text,
)
from bwcstore.ledger._purge_kinds import PURGE_KINDS
from bwcstore.ledger._storage_kinds import LOCKING, STORAGE_KINDS

_REASON: Final = {"reason": Field(prose, "free text, names people", required=False)}
_OPTIONAL: Final = {"required": False}

_ALL: Final = (
    Kind(
        name="store.created",
        meaning="The first entry of a store: its parameters for ever.",
        scope="store",
        open={
            "format": Field(code, "which specification governs"),
            "store": Field(identifier, "every other binding refers to it"),
            "protocol": Field(one_of("numbered", "claimed"), "how batches are committed"),
            "chunk_bytes": Field(number, "geometry of every object"),
            "segment_chunks": Field(number, "geometry of every object"),
            "origin": Field(text, "names the log in checkpoints; public by design"),
            "verifier_key": Field(text, "checks checkpoints and receipts (C2SP vkey)"),
            "signed_kinds": Field(many(code), "kinds that must be signed by their actor"),
            "storage": Field(many(code), "what the storage said it can do"),
            "locking": Field(
                LOCKING, "how the storage is asked to refuse early deletion", **_OPTIONAL
            ),
        },
        sealed=_REASON,
    ),
    Kind(
        name="generation.closed",
        meaning="The last entry of a generation.",
        scope="store",
        open={
            "heads_count": Field(number, "how many scopes have entries"),
            "heads_root": Field(digest, "commits the last entry of every scope"),
        },
    ),
    Kind(
        name="generation.opened",
        meaning="The first entry of a generation after the first.",
        scope="store",
        open={
            "generation": Field(number, "its number"),
            "previous_size": Field(number, "entries in the generation before"),
            "previous_root": Field(digest, "Merkle root of the generation before"),
            "heads_count": Field(number, "repeated, so that this generation stands alone"),
            "heads_root": Field(digest, "repeated, so that this generation stands alone"),
        },
    ),
    Kind(
        name="actor.enrolled",
        meaning="A person or program may now act; or its roles or key are replaced.",
        scope="store",
        open={
            "actor": Field(identifier, "random pseudonym"),
            "roles": Field(many(code, at_most=16), "authority is decided from them"),
            "tag": Field(keyed_tag, "finds the pseudonym of a login name"),
            "public_key": Field(hexadecimal(32), "checks the actor's signatures", **_OPTIONAL),
        },
        sealed={
            "login": Field(text, "names a person", **_OPTIONAL),
            "name": Field(text, "names a person", **_OPTIONAL),
            **_REASON,
        },
    ),
    Kind(
        name="actor.revoked",
        meaning="The actor may no longer act.",
        scope="store",
        open={"actor": Field(identifier, "authority is decided from it")},
        sealed=_REASON,
    ),
    Kind(
        name="authorization.granted",
        meaning="A written authorization to access (Minn. Stat. 13.825 subd. 7).",
        scope="store",
        open={
            "authorization": Field(identifier, "later entries name it"),
            "actor": Field(identifier, "whom it admits"),
            "object": Field(identifier, "the one object; absent means all", **_OPTIONAL),
            "purposes": Field(many(code, at_most=16), "what for; authority is decided from it"),
            "from": Field(instant, "authority is decided from it"),
            "until": Field(instant, "authority is decided from it", **_OPTIONAL),
            "document_sha256": Field(digest, "binds the written document", **_OPTIONAL),
        },
        sealed={"statement": Field(prose, "free text, names people", **_OPTIONAL), **_REASON},
    ),
    Kind(
        name="authorization.revoked",
        meaning="The authorization no longer admits anyone.",
        scope="store",
        open={"authorization": Field(identifier, "authority is decided from it")},
        sealed=_REASON,
    ),
    Kind(
        name="keys.rotation_started",
        meaning="A key epoch is about to be replaced.",
        scope="store",
        open={"epoch": Field(number, "the epoch that will be destroyed")},
        sealed=_REASON,
    ),
    Kind(
        name="keys.epoch_destroyed",
        meaning="The epoch's key-encryption key is gone from every replica.",
        scope="store",
        open={
            "epoch": Field(number, "which epoch"),
            "opened": Field(number, "the epoch that replaced it"),
            "keys": Field(number, "how many keys were wrapped anew"),
            "replicas": Field(many(code), "the vault replicas that were cleared"),
        },
    ),
    Kind(
        name="leftovers.discarded",
        meaning="Unreferenced bytes of broken ingests are about to be removed.",
        scope="store",
        open={
            "objects": Field(many(identifier), "whose leftovers; none of them was ever ingested"),
            "names_count": Field(number, "how many stored names"),
            "names_sha256": Field(digest, "commits the list of names"),
        },
        sealed=_REASON,
    ),
    Kind(
        name="object.ingested",
        meaning="An evidence object exists from here on.",
        scope="object",
        open={
            "manifest_sha256": Field(digest, "binds everything that the manifest says"),
            "header": Field(hexadecimal(74), "losing the manifest must not lose the video"),
            "segment_count": Field(number, "losing the manifest must not lose the video"),
            "ciphertext_root": Field(digest, "checks the stored bytes without keys"),
            "tags": Field(tags, "case, device, file, officer, source as keyed tags"),
            "collected": Field(
                many(record(at=instant, basis=one_of(*BASES)), at_most=8),
                "retention is decided from it",
            ),
            "label": Field(code, "the label's code; retention is decided from it", **_OPTIONAL),
            "trigger": Field(one_of(*TRIGGERS), "why the camera was on", **_OPTIONAL),
            "locked_until": Field(
                instant, "until when the storage was asked to keep the segments", **_OPTIONAL
            ),
        },
        sealed=_REASON,
    ),
    Kind(
        name="object.accessed",
        meaning="Plaintext is about to be released to the actor.",
        scope="object",
        open={
            "mode": Field(one_of("stream", "export"), "what kind of release"),
            "purpose": Field(code, "subd. 7: access is for a stated purpose"),
            "authorization": Field(identifier, "what admitted the actor", **_OPTIONAL),
        },
        sealed=_REASON,
    ),
    Kind(
        name="access.ended",
        meaning="A release ended; without it, all bytes may have been released.",
        scope="object",
        open={
            "accessed_seq": Field(number, "the scope number of the access that ended"),
            "bytes_released": Field(number, "how much plaintext left the store"),
            "outcome": Field(one_of("closed", "failed"), "how it ended"),
        },
    ),
    Kind(
        name="access.refused",
        meaning="Somebody was turned away; `count` times since the last such entry.",
        scope="any",
        open={
            "verb": Field(code, "what was asked"),
            "code": Field(code, "why it was refused"),
            "count": Field(number, "repeated refusals share an entry"),
        },
        sealed={"claimed": Field(text, "who they said they were", **_OPTIONAL), **_REASON},
    ),
    Kind(
        name="audit.started",
        meaning="An audit with keys begins; it releases no plaintext.",
        scope="act",
        open={"object": Field(identifier, "the one object; absent means all", **_OPTIONAL)},
        sealed=_REASON,
    ),
    Kind(
        name="audit.ended",
        meaning="What the audit with keys read and found.",
        scope="act",
        open={
            "objects": Field(number, "how many were read"),
            "bytes": Field(number, "how much plaintext was digested"),
            "findings": Field(number, "how many findings"),
        },
    ),
)

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (*_ALL, *CUSTODY_KINDS, *PURGE_KINDS, *STORAGE_KINDS)
}


def check_body(kind: Kind, body: Mapping[str, Json]) -> None:
    """Check the open fields of one entry against its kind.

    Raises:
        FormatError: a field is missing, unknown, or holds what it may not.
    """
    _check_fields(kind.name, kind.open, body)


def check_payload(kind: Kind, payload: Mapping[str, Json]) -> None:
    """Check the sealed fields of one entry against its kind.

    Raises:
        FormatError: a field is unknown or holds what it may not.
    """
    _check_fields(kind.name, kind.sealed, payload)


def _check_fields(name: str, fields: Mapping[str, Field], values: Mapping[str, Json]) -> None:
    for field_name, value in values.items():
        field = fields.get(field_name)
        if field is None:
            raise FormatError(ErrorKind.FIELD_UNKNOWN, f"{name}: unknown field {field_name!r:.80}")
        if not field.check(value):
            raise FormatError(
                ErrorKind.FIELD_INVALID, f"{name}: field {field_name} holds {value!r:.80}"
            )
    if len(values) < len(fields):
        for field_name, field in fields.items():
            if field.required and field_name not in values:
                raise FormatError(ErrorKind.FIELD_MISSING, f"{name}: field {field_name} is missing")
