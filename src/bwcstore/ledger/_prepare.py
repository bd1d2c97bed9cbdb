"""From drafts to entries: sealing and signing once, linking as often as a race demands.

Rules kept here (spec: LED-30 to LED-33):

- what is sealed or signed covers neither index nor time nor the entry before, so that a rebase
  changes none of it;
- entries are linked one after the other against a branch that holds the former ones;
- salts and nonces come from the entropy that was handed in, fresh for every payload.
"""

from typing import Generic, TypeVar

import attrs

from bwcstore._limits import BATCH_SIZE_MAX
from bwcstore._ports import Entropy
from bwcstore._values import ZERO_DIGEST, Digest, Instant, StoreId
from bwcstore.errors import ErrorKind, FormatError, InternalError, InvalidInputError
from bwcstore.ledger._auth import act_message, sign_act
from bwcstore.ledger._batch import BATCH_ENTRIES_MAX
from bwcstore.ledger._chain import Chain, store_head
from bwcstore.ledger._draft import Draft
from bwcstore.ledger._entry import (
    ASSERTED,
    CLOCK_TOLERANCE_MICROSECONDS,
    Auth,
    Decided,
    Entry,
    ScopeLink,
    build_entry,
    check_scope,
)
from bwcstore.ledger._kinds import KINDS, check_body, check_payload
from bwcstore.ledger._payload import (
    NONCE_LENGTH_BYTES,
    SALT_LENGTH_BYTES,
    SealedPayload,
    payload_context,
    seal_payload,
)
from bwcstore.ledger._payload_ciphers import PayloadCiphers
from bwcstore.ledger._scope import Folded

S = TypeVar("S", bound=Folded)

LINE_OVERHEAD_BYTES = 20


class BatchFullError(InvalidInputError):
    """The next entry does not fit into the batch."""


@attrs.frozen(kw_only=True)
class Prepared:
    """A draft with everything that a rebase keeps.

    Attributes:
        draft: what was asked for.
        seq: its number in its scope.
        decided_at: what the judgement took as now.
        auth: how the actor stands behind it.
        payload: what is sealed, if anything.
    """

    draft: Draft
    seq: int
    decided_at: Instant
    auth: Auth
    payload: SealedPayload | None


class Preparer:
    """Seals and signs drafts.

    Args:
        store: whose ledger it is.
        entropy: where salts and nonces come from.
        ciphers: what payloads are sealed with.
    """

    def __init__(self, store: StoreId, *, entropy: Entropy, ciphers: PayloadCiphers) -> None:
        self._store = store
        self._entropy = entropy
        self._ciphers = ciphers

    def prepare(self, draft: Draft, *, seq: int, now: Instant) -> Prepared:
        """Check, seal and sign one draft for its place in its scope.

        Raises:
            InvalidInputError: the draft does not suit its kind.
            NotFoundError: there is no such record key.
            KeyVaultError: the record key cannot be had.
        """
        check_draft(draft)
        payload = self._seal(draft, seq) if draft.private else None
        auth = ASSERTED
        if draft.signer is not None:
            message = act_message(
                store=self._store,
                scope=draft.scope,
                seq=seq,
                kind=draft.kind,
                by=draft.by,
                body=draft.body,
                commitment=payload.sealed.commitment if payload else None,
            )
            auth = sign_act(message, draft.signer)
        return Prepared(
            draft=draft,
            seq=seq,
            decided_at=draft.decided_at or now,
            auth=auth,
            payload=payload,
        )

    def _seal(self, draft: Draft, seq: int) -> SealedPayload:
        key_id = draft.record_key_id
        if key_id is None or draft.private is None:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"{draft.kind}: private fields need a record key id"
            )
        cipher = self._ciphers.of(key_id)
        fresh = self._entropy.take(SALT_LENGTH_BYTES + NONCE_LENGTH_BYTES)
        return seal_payload(
            draft.private,
            cipher=cipher,
            key_id=key_id,
            salt=fresh[:SALT_LENGTH_BYTES],
            nonce=fresh[SALT_LENGTH_BYTES:],
            context=payload_context(store=self._store, scope=draft.scope, seq=seq, kind=draft.kind),
        )


def check_draft(draft: Draft) -> None:
    """Check a draft against its kind.

    Raises:
        InvalidInputError: the kind is unknown, may not stand in the scope, or a field is missing,
            unknown, or holds what it may not.
    """
    kind = KINDS.get(draft.kind)
    if kind is None:
        raise InvalidInputError(
            ErrorKind.ENTRY_KIND_UNKNOWN, f"no kind of entry: {draft.kind!r:.80}"
        )
    try:
        check_scope(kind, draft.scope, "draft")
        check_body(kind, draft.body)
        if draft.private:
            check_payload(kind, draft.private)
    except FormatError as exc:
        raise InvalidInputError(exc.kind, exc.message) from exc


class Linker(Generic[S]):
    """Gives prepared drafts their places after the last known entry, on a branch of the state.

    Attributes:
        branch: the state as it is after everything linked so far.
        entries: the entries linked so far.
        payloads: for each entry its sealed bytes, None where nothing is sealed.
        size_bytes: how long the batch file is so far, without its header.
    """

    def __init__(self, chain: Chain[S], now: Instant) -> None:
        self.branch = chain.state.branch()
        self.entries: list[Entry] = []
        self.payloads: list[bytes | None] = []
        self.size_bytes = 0
        self._index = chain.index
        self._after: Digest = chain.after
        before = chain.at or now
        behind = before.microseconds - now.microseconds
        self._at = before if behind > 0 else now
        self._own = now if behind > CLOCK_TOLERANCE_MICROSECONDS else None

    def next_seq(self, draft: Draft) -> int:
        """The number that the draft's entry gets in its scope."""
        head = self.branch.head(draft.scope)
        return head.seq + 1 if head else 0

    def link(self, prepared: Prepared) -> Entry:
        """Give one prepared draft the next place, and fold it into the branch.

        Raises:
            InvalidInputError: the entry or the batch would be too large.
            InternalError: the scope has moved on although nothing said so.
        """
        draft = prepared.draft
        head = self.branch.head(draft.scope)
        if prepared.seq != (head.seq + 1 if head else 0):
            raise InternalError(
                ErrorKind.DEFECT, f"scope {draft.scope} moved on under a rebased entry"
            )
        seq, digest = store_head(self.branch)
        entry = build_entry(
            index=self._index,
            after=self._after,
            at=self._at,
            by=draft.by,
            kind=draft.kind,
            scope=ScopeLink(
                id=draft.scope,
                seq=prepared.seq,
                prev=head.hash if head else ZERO_DIGEST,
                prev_index=head.index if head else self._index,
            ),
            body=draft.body,
            decided=Decided(at=prepared.decided_at, store_seq=seq, store_head=digest),
            auth=prepared.auth,
            clock=self._own,
            sealed=prepared.payload.sealed if prepared.payload else None,
        )
        payload = prepared.payload.raw if prepared.payload else None
        size = self.size_bytes + len(entry.raw) + LINE_OVERHEAD_BYTES
        size += (len(payload) + 2) // 3 * 4 if payload else 0
        if size > BATCH_SIZE_MAX - 1024 or len(self.entries) >= BATCH_ENTRIES_MAX:
            raise BatchFullError(
                ErrorKind.TOO_LARGE,
                f"more than {BATCH_ENTRIES_MAX} entries or {BATCH_SIZE_MAX} bytes at once",
            )
        self.branch.fold(entry)
        self.entries.append(entry)
        self.payloads.append(payload)
        self.size_bytes = size
        self._index += 1
        self._after = entry.hash
        return entry
