"""What a certificate of destruction says, computed from its leaves alone (spec: CRT-17 and CRT-18).

Whoever checks a certificate computes its statement again and compares; so no field of it can say
more than the leaves prove. The fields of `sanitization` are those that NIST SP 800-88 asks a
record of cryptographic erase for; where the format fixes an answer, it is a constant here.
"""

from collections.abc import Iterable, Mapping
from typing import Final, cast

from bwcstore._encoding import Json
from bwcstore.custody._fields import number, text, texts
from bwcstore.custody._object_records import ObjectState
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate_erasure import (
    NOT_ATTESTED,
    CertificateState,
    attested_backups,
    declared_backups,
    shortcomings,
)
from bwcstore.purge._certificate_form import FORMAT
from bwcstore.purge._certificate_parts import Parts
from bwcstore.purge._outcomes import VersionOutcome

TOOL: Final = "bwcstore"
NOT_RECORDED: Final = "not recorded"
KEY_GENERATION: Final = (
    "32 random bytes for each recording, drawn from a cryptographically secure generator before "
    "its first byte was stored"
)
MEDIA_ENCRYPTION: Final = (
    "AES-256-GCM in the FLOE construction, with key commitment; no byte was stored in the clear"
)
KEY_LEVEL: Final = (
    "content key of one recording, wrapped by AES-KWP (RFC 5649) under the random key-encryption "
    "key of a vault epoch, which the vault's root key wraps"
)
KEY_LIFECYCLE: Final = (
    "drawn at ingest, wrapped anew at each rotation of the vault, removed from every replica when "
    "the recording was destroyed"
)
KEY_SANITIZATION: Final = (
    "the wrapped key was removed from every vault replica; the key-encryption key of its epoch "
    "ends at the next rotation"
)
VERIFICATION: Final = (
    "after deletion, every version of every segment was looked for by its exact name, and none "
    "was found"
)
MODULE: Final = "no validation of the cryptographic module is claimed"
TECHNIQUES: Final[Mapping[CertificateState, tuple[str, ...]]] = {
    CertificateState.BYTES_DELETED: ("key-removal", "deletion"),
    CertificateState.ERASED: ("cryptographic-erase", "deletion"),
}


def how(entry: Entry) -> str:
    """How the actor stands behind an entry: `signed` or `asserted`."""
    return "asserted" if entry.auth.key is None else "signed"


def statement_of(
    parts: Parts, state: ObjectState, outcomes: Iterable[VersionOutcome]
) -> dict[str, Json]:
    """The statement of a certificate.

    Args:
        parts: its entries, checked.
        state: what the chain of the recording implies at its end.
        outcomes: what became of every stored version.
    """
    short = shortcomings(
        parts.completed, epoch=parts.epoch, attested=parts.attested, backups=parts.backups
    )
    found = CertificateState.BYTES_DELETED if short else CertificateState.ERASED
    created = parts.created.body
    return {
        "approvals": [_act(one, parts) for one in parts.approvals],
        "backups": _backups(parts),
        "claim": _claim(parts, short),
        "copies": _copies(parts, state),
        "decision": {**parts.started.body, **_act(parts.started, parts)},
        "destruction": {
            **{name: parts.completed.body[name] for name in ("bytes", "epoch", "versions")},
            **_act(parts.completed, parts),
            "failures": state.keeping.purge.failures if state.keeping.purge else 0,
            "outcomes": [one.to_json() for one in outcomes],
            "replicas": [*texts(parts.completed.body, "replicas")],
        },
        "erasure": _erasure(parts, short),
        "format": FORMAT,
        "law": {**parts.law.body, "index": parts.law.index},
        "number": parts.completed.index,
        "object": parts.object_id.text,
        "origin": text(created, "origin"),
        "proposal": {
            **{
                name: parts.plan[0].body[name]
                for name in ("as_of", "brakes", "objects_count", "plan_sha256")
            },
            "entries": len(parts.plan),
            # A chain that goes on shows everything before; one that ends here may lack its end.
            "withdrawal_excluded": parts.plan[-1].index > parts.started.index,
            **_act(parts.plan[0], parts),
        },
        "recording": _recording(parts),
        "sanitization": _sanitization(parts, found),
        "state": found.value,
        "store": text(created, "store"),
    }


def _act(entry: Entry, parts: Parts) -> dict[str, Json]:
    enrolment = parts.enrolment(entry)
    return {
        "at": str(entry.at),
        "by": entry.by.text,
        "how": how(entry),
        "index": entry.index,
        "roles": [*texts(enrolment.body, "roles")] if enrolment else [],
    }


def _recording(parts: Parts) -> dict[str, Json]:
    ingested = parts.recording[0]
    return {
        "ciphertext_root": text(ingested.body, "ciphertext_root"),
        "entries": len(parts.recording),
        "ingested_at": str(ingested.at),
        "ingested_index": ingested.index,
        "manifest_sha256": text(ingested.body, "manifest_sha256"),
    }


def _copies(parts: Parts, state: ObjectState) -> dict[str, Json]:
    """What left the store or was made of the recording, which no destruction here reaches."""
    exports = sum(
        one.kind == "object.accessed" and one.body["mode"] == "export" for one in parts.recording
    )
    return {
        "derivatives": [one.text for one in state.keeping.derivatives],
        "derived_from": state.keeping.derived.parent.text if state.keeping.derived else None,
        "exports": exports,
        "releases": len(state.keeping.releases),
    }


def _backups(parts: Parts) -> list[Json]:
    outcomes = attested_backups(parts.attested)
    return [
        {"holds": holds, "id": name, "outcome": outcomes.get(name, NOT_ATTESTED)}
        for name, holds in sorted(declared_backups(parts.backups).items())
    ]


def _erasure(parts: Parts, short: tuple[str, ...]) -> dict[str, Json]:
    epoch, attested = parts.epoch, parts.attested
    return {
        "attested": None if attested is None else _act(attested, parts),
        "epoch": None if epoch is None else {**epoch.body, **_act(epoch, parts)},
        "root": NOT_ATTESTED if attested is None else text(attested.body, "root"),
        "shortcomings": [*short],
    }


def _sanitization(parts: Parts, state: CertificateState) -> dict[str, Json]:
    return {
        "data_areas": f"the segments of the recording ({number(parts.started.body, 'segments')});"
        " its manifest and the entries of the ledger are records and stay",
        "date": str(parts.completed.at),
        "escrow": _backups(parts),
        "key_generation": KEY_GENERATION,
        "key_level": KEY_LEVEL,
        "key_lifecycle": KEY_LIFECYCLE,
        "key_sanitization": KEY_SANITIZATION,
        "media": {
            "make": NOT_RECORDED,
            "model": NOT_RECORDED,
            "storage": [*texts(parts.created.body, "storage")],
        },
        "media_encryption": MEDIA_ENCRYPTION,
        "method": "purge" if state is CertificateState.ERASED else "not-claimed",
        "module": MODULE,
        "person": parts.completed.by.text,
        "techniques": [*TECHNIQUES[state]],
        "tool": {"name": TOOL, "version": _tool_version(parts.started)},
        "verification": VERIFICATION,
    }


def _tool_version(started: Entry) -> str:
    libraries = cast("list[dict[str, str]]", started.body["libraries"])
    found = {one["name"]: one["version"] for one in libraries}
    return found.get(TOOL, NOT_RECORDED)


def _moment(entry: Entry) -> str:
    shown = str(entry.at)
    return f"{shown[:10]} {shown[11:19]} UTC"


def _claim(parts: Parts, short: tuple[str, ...]) -> str:
    body: Mapping[str, Json] = parts.completed.body
    deleted = (
        f"On {_moment(parts.completed)} the destruction of recording {parts.object_id} was"
        f" complete: its content key is gone from every vault replica"
        f" ({len(texts(body, 'replicas'))}), its segments"
        f" ({number(parts.started.body, 'segments')}) are deleted in every stored version"
        f" ({number(body, 'versions')}), and looking for them found none."
    )
    if parts.epoch is None or parts.attested is None or short:
        return f"{deleted} Cryptographic erasure is not claimed: {'; '.join(short)}."
    return (
        f"{deleted} On {_moment(parts.epoch)} the key epoch that had wrapped its key was destroyed,"
        f" and on {_moment(parts.attested)} it was attested that neither the root key of that epoch"
        " nor any declared backup of its keys can be had: it is cryptographically erased."
    )
