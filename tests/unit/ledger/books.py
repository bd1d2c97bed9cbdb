"""Small ledgers for tests: fixed ids and keys, deciders that write one entry, tampering."""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore._ports import Backend
from bwcstore._values import STORE_SCOPE, ActorId, Instant, ObjectId, ScopeId, StoreId
from bwcstore.ledger._draft import Decide, Decision, Draft
from bwcstore.ledger._log import Log
from bwcstore.ledger._note import VerifierKey
from bwcstore.ledger._scope import Heads
from bwcstore.testing._world import World

STORE = StoreId("0190163d-8694-7000-8000-0000000000aa")
OTHER_STORE = StoreId("0190163d-8694-7000-8000-0000000000ff")
ACTOR = ActorId("7d444840-9dc0-41d1-b245-5ffdce74fad2")
ORIGIN = "bwc.ci.anytown.example/log"
NOON = Instant.parse("2026-03-04T12:00:00.000000Z")


class SeedSigner:
    """An Ed25519 key from a fixed seed."""

    def __init__(self, number: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)

    @property
    def public_key(self) -> bytes:
        """The 32-byte public key."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature."""
        return self._key.sign(message)


STORE_SIGNER = SeedSigner(1)
ACTOR_SIGNER = SeedSigner(2)
KEY = VerifierKey(name=ORIGIN, public_key=STORE_SIGNER.public_key)


def record_key(key_id: str) -> bytes:
    """A key that follows from its id."""
    return key_id.encode().ljust(32, b".")[:32]


def genesis_body(**changes: Json) -> dict[str, Json]:
    """The open fields of a first entry."""
    body: dict[str, Json] = {
        "format": "1.0",
        "store": STORE.text,
        "protocol": "numbered",
        "chunk_bytes": 1048576,
        "segment_chunks": 64,
        "origin": ORIGIN,
        "verifier_key": str(KEY),
        "signed_kinds": [],
        "storage": ["create-only"],
    }
    return body | changes


def genesis(_: Heads, __: Instant) -> Decision:
    """Begin the store."""
    return Decision(
        drafts=(Draft(scope=STORE_SCOPE, kind="store.created", by=ACTOR, body=genesis_body()),)
    )


def object_scope(number: int) -> ScopeId:
    """The scope of an object that the number names."""
    return ScopeId.object(ObjectId(f"0190163d-8694-7000-8000-{number:012x}"))


def accessed(number: int, *, sealed: str | None = None) -> Draft:
    """An access to the object that the number names."""
    scope = object_scope(number)
    return Draft(
        scope=scope,
        kind="object.accessed",
        by=ACTOR,
        body={"mode": "stream", "purpose": "records"},
        private={"reason": [sealed]} if sealed else None,
        record_key_id=f"record/{scope.text[7:]}" if sealed else None,
    )


def write(*drafts: Draft, reads: Sequence[str] = (), writes: Sequence[str] = ()) -> Decide[Heads]:
    """A decider that always wants the same."""

    def decide(_: Heads, __: Instant) -> Decision:
        return Decision(drafts=drafts, reads=frozenset(reads), writes=frozenset(writes))

    return decide


def refusing(error: Exception) -> Decide[Heads]:
    """A decider that refuses."""

    def decide(_: Heads, __: Instant) -> Decision:
        raise error

    return decide


def create(
    world: World,
    *,
    backend: Backend | None = None,
    remember: Callable[[bytes], None] = lambda _: None,
) -> Log[Heads]:
    """A new ledger in the world's storage."""
    return Log.create(
        backend or world.backend,
        world.environment,
        store_id=STORE,
        state=Heads(),
        genesis=genesis,
        record_key=record_key,
        signer=STORE_SIGNER,
        remember=remember,
    )


def reopen(
    world: World, *, backend: Backend | None = None, remembered: Sequence[bytes] = ()
) -> Log[Heads]:
    """The ledger as another process reads it."""
    return Log.open(
        backend or world.backend,
        world.environment,
        state=Heads(),
        record_key=record_key,
        signer=STORE_SIGNER,
        remembered=remembered,
    )


def filled(world: World, count: int) -> Log[Heads]:
    """A new ledger with `count` accesses to three objects, each in its own batch."""
    log = create(world)
    for number in range(count):
        log.append(write(accessed(number % 3)))
    return log


def batch_names(world: World, generation: int = 0) -> list[str]:
    """The stored batches in order."""
    prefix = _layout.batch_prefix(generation)
    return sorted(name for name in world.storage.contents if name.startswith(prefix))
