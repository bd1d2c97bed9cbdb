"""One entry of the ledger: its values, its only bytes, its hash.

Rules kept here (spec chapter `ledger`):

- a leaf is canonical JSON of exactly the fields that LED-10 lists, at most 32 KiB;
- the hash of an entry is the RFC 6962 leaf hash of its bytes (LED-12): chain, scope chains and
  Merkle tree share it;
- a kind that this version does not know is kept byte for byte (LED-4); a known kind is checked
  field by field.

Links between entries are the business of `bwcstore.ledger._chain`; sealed payloads that of
`bwcstore.ledger._payload`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, cast

import attrs

from bwcstore import _merkle
from bwcstore._encoding import INTEGER_MAX, Json, decode, encode
from bwcstore._limits import LEAF_SIZE_MAX
from bwcstore._values import ActorId, Digest, Instant, ScopeId
from bwcstore.errors import ErrorKind, FormatError, InvalidInputError
from bwcstore.ledger._explain import explain
from bwcstore.ledger._kind import Kind
from bwcstore.ledger._kinds import KINDS, check_body

CLOCK_TOLERANCE_MICROSECONDS: Final = 2_000_000

_HEX32: Final = r"[0-9a-f]{64}"
_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
_INT: Final = r"(?:0|[1-9]\d{0,15})"
_KEY_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9./-]{0,126}[a-z0-9])?")
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,30}\.[a-z][a-z0-9_]{0,30}")

# A canonical leaf is this head, the canonical body, and this tail; nothing in the tail can hold
# a quotation mark, so the last `,"by":"` of a leaf is always the beginning of its tail.
_HEAD: Final = re.compile(
    rf'\{{"after":"({_HEX32})","at":"({_TIME})","auth":'
    rf'(?:\{{"method":"asserted"\}}|'
    rf'\{{"key":"({_HEX32})","method":"ed25519","signature":"([0-9a-f]{{128}})"\}})'
    r',"body":',
    re.ASCII,
)
_TAIL_MARK: Final = ',"by":"'
_TAIL: Final = re.compile(
    rf',"by":"({_UUID})"(?:,"clock":\{{"own":"({_TIME})"\}})?'
    rf',"decided":\{{"at":"({_TIME})","store_head":"({_HEX32})","store_seq":({_INT})\}}'
    rf',"index":({_INT}),"kind":"({_KIND.pattern})"'
    rf',"scope":\{{"id":"(store|(?:object|act)/{_UUID})","prev":"({_HEX32})"'
    rf',"prev_index":({_INT}),"seq":({_INT})\}}'
    rf'(?:,"sealed":\{{"commitment":"({_HEX32})","key":"({_KEY_ID.pattern})"'
    rf',"sha256":"({_HEX32})"\}})?,"v":1\}}',
    re.ASCII,
)


@attrs.frozen(kw_only=True)
class ScopeHead:
    """The last entry of one scope: its number there, its hash, its index in the ledger."""

    seq: int
    hash: Digest
    index: int


@attrs.frozen(kw_only=True)
class ScopeLink:
    """Where an entry stands in its scope's own chain (LED-8).

    Attributes:
        id: the scope.
        seq: the entry's number within the scope, from 0.
        prev: the hash of the scope's entry before, zero for the first.
        prev_index: the index of the scope's entry before, the own index for the first.
    """

    id: ScopeId
    seq: int
    prev: Digest
    prev_index: int


@attrs.frozen(kw_only=True)
class Decided:
    """On what an entry was decided (LED-9).

    Attributes:
        at: the time that the judgement took as now.
        store_seq: the number of the last entry of scope `store` that was known; 0 for the first
            entry of a store.
        store_head: its hash; zero for the first entry of a store.
    """

    at: Instant
    store_seq: int
    store_head: Digest


@attrs.frozen(kw_only=True)
class Auth:
    """How the actor stands behind an entry (LED-11).

    Attributes:
        method: `asserted` (the caller said so) or `ed25519` (signed by the actor's key).
        key: the 32-byte public key, when signed.
        signature: the 64-byte signature, when signed.
    """

    method: str
    key: bytes | None = None
    signature: bytes | None = None


ASSERTED: Final = Auth(method="asserted")


@attrs.frozen(kw_only=True)
class Sealed:
    """What a leaf says of its sealed payload (LED-14).

    Attributes:
        commitment: binds every sealed field, and lets single ones be revealed.
        key_id: which record key opens it.
        sha256: the digest of nonce, ciphertext and tag.
    """

    commitment: Digest
    key_id: str
    sha256: Digest


@attrs.frozen(kw_only=True)
class Entry:
    """One entry. Two entries are equal when their bytes are.

    Attributes:
        raw: the leaf: canonical JSON without a line end.
        hash: SHA-256(0x00 ‖ raw).
        index: its position in the ledger, from 0, over all generations.
        after: the hash of the entry before; zero for the first.
        at: when it was written; never before the entry before.
        by: who acted.
        kind: what happened.
        scope: where it stands in its scope.
        body: the open fields.
        decided: on what it was decided.
        auth: how the actor stands behind it.
        clock: the writer's own time, where it was more than 2 s behind the entry before.
        sealed: what is sealed beside it, if anything.
    """

    raw: bytes
    hash: Digest = attrs.field(eq=False)
    index: int = attrs.field(eq=False)
    after: Digest = attrs.field(eq=False)
    at: Instant = attrs.field(eq=False)
    by: ActorId = attrs.field(eq=False)
    kind: str = attrs.field(eq=False)
    scope: ScopeLink = attrs.field(eq=False)
    body: Mapping[str, Json] = attrs.field(eq=False, repr=False)
    decided: Decided = attrs.field(eq=False)
    auth: Auth = attrs.field(eq=False)
    clock: Instant | None = attrs.field(eq=False, default=None)
    sealed: Sealed | None = attrs.field(eq=False, default=None)

    @property
    def known(self) -> bool:
        """Whether this version knows the kind (LED-4)."""
        return self.kind in KINDS

    @property
    def head(self) -> ScopeHead:
        """The head of the scope once this entry is its last."""
        return ScopeHead(seq=self.scope.seq, hash=self.hash, index=self.index)


_time_text: Final = lru_cache(maxsize=1024)(lambda microseconds: str(Instant(microseconds)))
_instant: Final = lru_cache(maxsize=1024)(Instant.parse)
_scope_id: Final = lru_cache(maxsize=4096)(ScopeId)
_actor: Final = lru_cache(maxsize=4096)(ActorId)


def decode_entry(raw: bytes, *, what: str = "entry") -> Entry:
    """Read a leaf.

    Args:
        raw: canonical JSON without a line end.
        what: the name of the thing being read, for messages.

    Raises:
        FormatError: it is too large, not canonical, lacks a field, has an unknown one, or a
            field holds what it may not; the kind tells which.
    """
    if len(raw) > LEAF_SIZE_MAX:
        raise FormatError(
            ErrorKind.TOO_LARGE, f"{what}: {len(raw)} bytes, a leaf has at most {LEAF_SIZE_MAX}"
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as exc:
        raise FormatError(ErrorKind.NOT_JSON, f"{what}: not UTF-8") from exc
    head = _HEAD.match(text)
    tail_at = text.rfind(_TAIL_MARK)
    tail = _TAIL.fullmatch(text, tail_at) if tail_at >= 0 else None
    if head is None or tail is None or head.end() > tail_at:
        explain(raw, what=what)
    body = decode(text[head.end() : tail_at].encode(), what=what, level=2)
    try:
        entry = _entry(raw, body, head.groups(), tail.groups())
    except InvalidInputError as exc:
        kind = exc.kind if exc.kind is ErrorKind.NUMBER_RANGE else ErrorKind.FIELD_INVALID
        raise FormatError(kind, f"{what}: {exc.message}") from exc
    _check_entry(entry, what)
    return entry


def _entry(
    raw: bytes,
    body: dict[str, Json],
    head: tuple[str | None, ...],
    tail: tuple[str | None, ...],
) -> Entry:
    """Make the values of a leaf whose form was already matched.

    Raises:
        InvalidInputError: a date that does not exist, or a number beyond 2**53 - 1.
    """
    after, at, key, signature = cast("tuple[str, str, str | None, str]", head)
    by, own, decided_at, store_head, store_seq, index, kind = cast("tuple[str, ...]", tail[:7])
    scope, prev, prev_index, seq = cast("tuple[str, ...]", tail[7:11])
    commitment, key_id, sha256 = cast("tuple[str, ...]", tail[11:])
    return Entry(
        raw=raw,
        hash=Digest(_merkle.leaf_hash(raw)),
        index=_number(index),
        after=Digest(bytes.fromhex(after)),
        at=_instant(at),
        by=_actor(by),
        kind=kind,
        scope=ScopeLink(
            id=_scope_id(scope),
            seq=_number(seq),
            prev=Digest(bytes.fromhex(prev)),
            prev_index=_number(prev_index),
        ),
        body=body,
        decided=Decided(
            at=_instant(decided_at),
            store_seq=_number(store_seq),
            store_head=Digest(bytes.fromhex(store_head)),
        ),
        auth=ASSERTED
        if key is None
        else Auth(method="ed25519", key=bytes.fromhex(key), signature=bytes.fromhex(signature)),
        clock=_instant(own) if own else None,
        sealed=Sealed(
            commitment=Digest(bytes.fromhex(commitment)),
            key_id=key_id,
            sha256=Digest(bytes.fromhex(sha256)),
        )
        if commitment
        else None,
    )


def _number(text: str) -> int:
    value = int(text)
    if value > INTEGER_MAX:
        raise InvalidInputError(ErrorKind.NUMBER_RANGE, "an integer is beyond 2**53 - 1")
    return value


def _check_entry(entry: Entry, what: str) -> None:
    """Check what a leaf says of itself: kind, body, scope and time.

    Raises:
        FormatError: it contradicts itself or its kind.
    """
    scope = entry.scope
    if scope.seq == 0:
        if any(scope.prev.raw) or scope.prev_index != entry.index:
            raise FormatError(
                ErrorKind.ENTRY_INVALID, f"{what}: the first of {scope.id} links to one before"
            )
    elif scope.prev_index >= entry.index:
        raise FormatError(
            ErrorKind.ENTRY_INVALID,
            f"{what}: index {entry.index} follows index {scope.prev_index} in {scope.id}",
        )
    own = entry.clock
    if own and own.microseconds + CLOCK_TOLERANCE_MICROSECONDS >= entry.at.microseconds:
        raise FormatError(ErrorKind.ENTRY_INVALID, f"{what}: clock {own} is not behind {entry.at}")
    kind = KINDS.get(entry.kind)
    if kind is None:
        return
    check_scope(kind, scope.id, what)
    try:
        check_body(kind, entry.body)
    except FormatError as exc:
        raise FormatError(exc.kind, f"{what}: {exc.message}") from exc


def check_scope(kind: Kind, scope: ScopeId, what: str) -> None:
    """Check that entries of `kind` may stand in `scope` (LED-20).

    Raises:
        FormatError: they may not.
    """
    if kind.scope not in ("any", scope.text.partition("/")[0]):
        raise FormatError(
            ErrorKind.ENTRY_INVALID, f"{what}: {kind.name} may not stand in scope {scope}"
        )


def build_entry(
    *,
    index: int,
    after: Digest,
    at: Instant,
    by: ActorId,
    kind: str,
    scope: ScopeLink,
    body: Mapping[str, Json],
    decided: Decided,
    auth: Auth = ASSERTED,
    clock: Instant | None = None,
    sealed: Sealed | None = None,
) -> Entry:
    """Build an entry and its bytes from values; `body` must already suit `kind`.

    Raises:
        InvalidInputError: the body has no canonical form, the kind or key id is not well formed,
            or the leaf would be longer than 32 KiB.
    """
    if not _KIND.fullmatch(kind):
        raise InvalidInputError(ErrorKind.FIELD_INVALID, f"not a kind of entry: {kind!r:.80}")
    signed = '{"method":"asserted"}'
    if auth.key is not None and auth.signature is not None:
        signed = (
            f'{{"key":"{auth.key.hex()}","method":"ed25519","signature":"{auth.signature.hex()}"}}'
        )
    beside = ""
    if sealed is not None:
        check_key_id(sealed.key_id)
        beside = (
            f',"sealed":{{"commitment":"{sealed.commitment.raw.hex()}","key":"{sealed.key_id}"'
            f',"sha256":"{sealed.sha256.raw.hex()}"}}'
        )
    stepped = f',"clock":{{"own":"{clock}"}}' if clock else ""
    time = _time_text(at.microseconds)
    judged = _time_text(decided.at.microseconds)
    raw = (
        f'{{"after":"{after.raw.hex()}","at":"{time}","auth":{signed}'
        f',"body":{encode(body, level=2).decode()},"by":"{by.text}"{stepped}'
        f',"decided":{{"at":"{judged}","store_head":"{decided.store_head.raw.hex()}"'
        f',"store_seq":{decided.store_seq}}},"index":{index},"kind":"{kind}"'
        f',"scope":{{"id":"{scope.id.text}","prev":"{scope.prev.raw.hex()}"'
        f',"prev_index":{scope.prev_index},"seq":{scope.seq}}}{beside},"v":1}}'
    ).encode()
    if len(raw) > LEAF_SIZE_MAX:
        raise InvalidInputError(
            ErrorKind.TOO_LARGE,
            f"{kind} in {scope.id}: {len(raw)} bytes, a leaf has at most {LEAF_SIZE_MAX}",
        )
    return Entry(
        raw=raw,
        hash=Digest(_merkle.leaf_hash(raw)),
        index=index,
        after=after,
        at=at,
        by=by,
        kind=kind,
        scope=scope,
        body=body,
        decided=decided,
        auth=auth,
        clock=clock,
        sealed=sealed,
    )


def check_key_id(key_id: str) -> None:
    """Check the form of a key id: 1 to 128 of `[a-z0-9./-]`.

    Raises:
        InvalidInputError: any other text.
    """
    if not _KEY_ID.fullmatch(key_id):
        raise InvalidInputError(ErrorKind.FIELD_INVALID, f"not a key id: {key_id!r:.80}")
