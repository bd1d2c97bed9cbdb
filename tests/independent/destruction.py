"""What a certificate of destruction has to state, from its entries (CRT-16 to CRT-18)."""

from collections.abc import Sequence
from typing import Any

from canonical import Json

Leaf = dict[str, Json]


def listed(backups: Sequence[Leaf]) -> dict[str, str]:
    """Every backup that is listed, and what it holds."""
    return {one["id"]: one["holds"] for leaf in backups for one in leaf["body"]["backups"]}


def attested_of(attested: Leaf | None) -> dict[str, str]:
    """What was attested of each backup."""
    return {one["id"]: one["outcome"] for one in attested["body"]["backups"]} if attested else {}


def shortcomings(
    completed: Leaf, epoch: Leaf | None, attested: Leaf | None, backups: Sequence[Leaf]
) -> list[str]:
    """Why erasure is not claimed."""
    if epoch is None:
        return ["the key epoch under which its key was wrapped was not destroyed since"]
    found = [
        f"the epoch was not destroyed in vault replica {one}"
        for one in completed["body"]["replicas"]
        if one not in epoch["body"]["replicas"]
    ]
    if attested is None:
        return [*found, "nothing was attested of the root key and the backups"]
    if attested["body"]["root"] == "kept":
        found.append("the root key of that epoch was kept")
    outcomes = attested_of(attested)
    for name, holds in sorted(listed(backups).items()):
        outcome = outcomes.get(name, "not-attested")
        if holds != "evidence" and outcome in ("kept", "not-attested"):
            found.append(f"backup {name}, which holds keys: {outcome}")
    return found


def moment(leaf: Leaf) -> str:
    """An instant for people."""
    return f"{leaf['at'][:10]} {leaf['at'][11:19]} UTC"


def claim(story: Any, short: list[str]) -> str:
    """The sentence (CRT-18)."""
    body = story.completed["body"]
    text = (
        f"On {moment(story.completed)} the destruction of recording"
        f" {story.chain[0]['scope']['id'][7:]} was complete: its content key is gone from every"
        f" vault replica ({len(body['replicas'])}), its segments"
        f" ({story.started['body']['segments']}) are deleted in every stored version"
        f" ({body['versions']}), and looking for them found none. "
    )
    if short:
        return f"{text}Cryptographic erasure is not claimed: {'; '.join(short)}."
    return (
        f"{text}On {moment(story.epoch)} the key epoch that had wrapped its key was destroyed, and"
        f" on {moment(story.attested)} it was attested that neither the root key of that epoch nor"
        " any declared backup of its keys can be had: it is cryptographically erased."
    )


def act(story: Any, leaf: Leaf) -> dict[str, Json]:
    """Who did it, when and how (CRT-17)."""
    enrolled = story.enrolment(leaf)
    return {
        "at": leaf["at"],
        "by": leaf["by"],
        "how": "asserted" if leaf["auth"]["method"] == "asserted" else "signed",
        "index": leaf["index"],
        "roles": enrolled["body"]["roles"] if enrolled else [],
    }


def statement(
    story: Any, approvals: list[Leaf], outcomes: list[Leaf], short: list[str]
) -> dict[str, Json]:
    """Every field but the claim (CRT-17)."""
    started, completed, proposed = story.started, story.completed, story.plan[0]
    ingested, created = story.chain[0], story.created["body"]
    attested = attested_of(story.attested)
    backups = [
        {"holds": holds, "id": name, "outcome": attested.get(name, "not-attested")}
        for name, holds in sorted(listed(story.backups).items())
    ]
    erased = not short
    return {
        "approvals": [act(story, one) for one in approvals],
        "backups": backups,
        "copies": copies(story.chain),
        "decision": started["body"] | act(story, started),
        "destruction": {
            **{n: completed["body"][n] for n in ("bytes", "epoch", "replicas", "versions")},
            **act(story, completed),
            "failures": sum(one["kind"] == "purge.failed" for one in story.chain),
            "outcomes": outcomes,
        },
        "erasure": {
            "attested": act(story, story.attested) if story.attested else None,
            "epoch": story.epoch["body"] | act(story, story.epoch) if story.epoch else None,
            "root": story.attested["body"]["root"] if story.attested else "not-attested",
            "shortcomings": short,
        },
        "format": "bwcstore-certificate/1",
        "law": story.law["body"] | {"index": story.law["index"]},
        "number": completed["index"],
        "object": ingested["scope"]["id"][7:],
        "origin": created["origin"],
        "proposal": {
            **{n: proposed["body"][n] for n in ("as_of", "brakes", "objects_count", "plan_sha256")},
            **act(story, proposed),
            "entries": len(story.plan),
            "withdrawal_excluded": any(one["index"] > started["index"] for one in story.plan),
        },
        "recording": {
            "ciphertext_root": ingested["body"]["ciphertext_root"],
            "entries": len(story.chain),
            "ingested_at": ingested["at"],
            "ingested_index": ingested["index"],
            "manifest_sha256": ingested["body"]["manifest_sha256"],
        },
        "sanitization": sanitization(story, backups, "purge" if erased else "not-claimed"),
        "state": "erased" if erased else "bytes-deleted",
        "store": created["store"],
    }


def copies(chain: list[Leaf]) -> dict[str, Json]:
    """What left the store, or was made of it."""
    parents = [one["body"]["parent"] for one in chain if one["kind"] == "derived.from"]
    made = [one["body"]["derivative"] for one in chain if one["kind"] == "derivative.made"]
    accessed = [one for one in chain if one["kind"] == "object.accessed"]
    return {
        "derivatives": made,
        "derived_from": parents[0] if parents else None,
        "exports": sum(one["body"]["mode"] == "export" for one in accessed),
        "releases": sum(one["kind"] == "release.made" for one in chain),
    }


def sanitization(story: Any, backups: list[dict[str, str]], method: str) -> dict[str, Json]:
    """The record in the words of NIST SP 800-88."""
    body = story.started["body"]
    versions = {one["name"]: one["version"] for one in body["libraries"]}
    return {
        "data_areas": f"the segments of the recording ({body['segments']}); its manifest and the"
        " entries of the ledger are records and stay",
        "date": story.completed["at"],
        "escrow": backups,
        "key_generation": "32 random bytes for each recording, drawn from a cryptographically"
        " secure generator before its first byte was stored",
        "key_level": "content key of one recording, wrapped by AES-KWP (RFC 5649) under the"
        " random key-encryption key of a vault epoch, which the vault's root key wraps",
        "key_lifecycle": "drawn at ingest, wrapped anew at each rotation of the vault, removed"
        " from every replica when the recording was destroyed",
        "key_sanitization": "the wrapped key was removed from every vault replica; the"
        " key-encryption key of its epoch ends at the next rotation",
        "media": {
            "make": "not recorded",
            "model": "not recorded",
            "storage": story.created["body"]["storage"],
        },
        "media_encryption": "AES-256-GCM in the FLOE construction, with key commitment; no byte"
        " was stored in the clear",
        "method": method,
        "module": "no validation of the cryptographic module is claimed",
        "person": story.completed["by"],
        "techniques": ["cryptographic-erase" if method == "purge" else "key-removal", "deletion"],
        "tool": {"name": "bwcstore", "version": versions.get("bwcstore", "not recorded")},
        "verification": "after deletion, every version of every segment was looked for by its"
        " exact name, and none was found",
    }
