"""What is done in a store that nothing may be appended to, written beside its ledger (ORD-16).

A store that was rolled back or forked is evidence that something happened; its recordings must
stay readable while that is looked into, and no look may go unrecorded. So the few kinds of entry
that reading needs are kept as notes in every vault replica until the store is repaired.
"""

from typing import Final, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bwcstore._encoding import Json, encode
from bwcstore._ports import Entropy, Environment
from bwcstore._values import ZERO_DIGEST, Instant, StoreId
from bwcstore._vault_port import KeyVault
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._draft import Committed, Decide, Draft
from bwcstore.ledger._log import Log
from bwcstore.ledger._payload import (
    NONCE_LENGTH_BYTES,
    SALT_LENGTH_BYTES,
    payload_context,
    payload_key,
    seal_payload,
)

PREFIX: Final = "spool/"
KINDS: Final = frozenset(
    {"access.ended", "access.refused", "audit.ended", "audit.started", "object.accessed"}
)


def set_aside(
    decide: Decide[State],
    *,
    why: ErrorKind,
    log: Log[State],
    vault: KeyVault,
    environment: Environment,
) -> Committed:
    """Decide on the state as it is, and keep what the decision drafts as notes in the vault.

    Returns:
        No entries; as `batch` the number that the notes carry, by which a later note names them.

    Raises:
        IntegrityError: the decision drafts something that only a ledger in order may hold.
        BwcStoreError: what the decider refuses with.
        StorageError: a vault replica failed; nothing may be done on the strength of this.
    """
    now = environment.clock.now()
    decision = log.view(lambda state: decide(state, now))
    for draft in decision.drafts:
        if draft.kind not in KINDS:
            raise IntegrityError(
                why, f"the store is read-only: {draft.kind} can only be written once it is repaired"
            )
    for draft in decision.drafts:
        name = f"{PREFIX}{now.microseconds:016d}-{environment.entropy.take(8).hex()}"
        note = _note(draft, store=log.store_id, now=now, why=why)
        if draft.private and draft.record_key_id:
            key = vault.get(draft.record_key_id)
            note |= _sealed(
                draft, store=log.store_id, now=now, key=key, entropy=environment.entropy
            )
        vault.remember(name, encode(note))
    return Committed(
        entries=(),
        generation=log.generation,
        batch=now.microseconds,
        batch_digest=ZERO_DIGEST,
        outcome=decision.outcome,
    )


def _note(draft: Draft, *, store: StoreId, now: Instant, why: ErrorKind) -> dict[str, Json]:
    return {
        "at": str(now),
        "body": cast("Json", dict(draft.body)),
        "by": str(draft.by),
        "format": "1.0",
        "kind": draft.kind,
        "number": now.microseconds,
        "read_only": why.value,
        "scope": str(draft.scope),
        "store": str(store),
    }


def _sealed(
    draft: Draft, *, store: StoreId, now: Instant, key: bytes, entropy: Entropy
) -> dict[str, Json]:
    """The fields of a note that seal what its entry would have sealed."""
    fresh = entropy.take(SALT_LENGTH_BYTES + NONCE_LENGTH_BYTES)
    payload = seal_payload(
        draft.private or {},
        cipher=AESGCM(payload_key(key)),
        key_id=draft.record_key_id or "",
        salt=fresh[:SALT_LENGTH_BYTES],
        nonce=fresh[SALT_LENGTH_BYTES:],
        context=payload_context(
            store=store, scope=draft.scope, seq=now.microseconds, kind=draft.kind
        ),
    )
    return {
        "payload": payload.raw.hex(),
        "sealed": {
            "commitment": str(payload.sealed.commitment),
            "key": payload.sealed.key_id,
            "sha256": str(payload.sealed.sha256),
        },
    }
