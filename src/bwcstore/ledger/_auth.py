"""Actors' signatures on entries: made through a `Signer`, checked with the key in the leaf.

Whether the key is the actor's enrolled one is custody's question, not this module's.
"""

from collections.abc import Mapping
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bwcstore._encoding import Json, encode
from bwcstore._ports import Signer
from bwcstore._values import ActorId, Digest, ScopeId, StoreId
from bwcstore.errors import ErrorKind, IntegrityError
from bwcstore.ledger._entry import Auth, Entry


def act_message(
    *,
    store: StoreId,
    scope: ScopeId,
    seq: int,
    kind: str,
    by: ActorId,
    body: Mapping[str, Json],
    commitment: Digest | None,
) -> bytes:
    """What an actor signs: everything but index, time and the link before (LED-11).

    Raises:
        InvalidInputError: the body has no canonical form.
    """
    return b"bwcstore/v1 act\n" + encode(
        {
            "body": cast("Json", body),
            "by": by.text,
            "commitment": str(commitment) if commitment else "",
            "kind": kind,
            "scope": scope.text,
            "seq": seq,
            "store": store.text,
        }
    )


def sign_act(message: bytes, signer: Signer) -> Auth:
    """Sign what `act_message` returned."""
    return Auth(method="ed25519", key=signer.public_key, signature=signer.sign(message))


def verify_auth(entry: Entry, *, store: StoreId) -> None:
    """Check the actor's signature with the public key that the entry names (LED-11).

    An entry that is only asserted passes: it claims no signature.

    Raises:
        IntegrityError: the signature is not that key's over this act.
    """
    auth = entry.auth
    if auth.key is None or auth.signature is None:
        return
    message = act_message(
        store=store,
        scope=entry.scope.id,
        seq=entry.scope.seq,
        kind=entry.kind,
        by=entry.by,
        body=entry.body,
        commitment=entry.sealed.commitment if entry.sealed else None,
    )
    if not ed25519_verifies(auth.key, auth.signature, message):
        raise IntegrityError(
            ErrorKind.SIGNATURE_INVALID, f"entry {entry.index}: the actor's signature is not valid"
        )


def ed25519_verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes) is the one of `public_key` (32 bytes) over `message`."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
