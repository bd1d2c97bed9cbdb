"""What can go wrong, sorted by what the handler should do.

::

    BwcStoreError                   .kind: ErrorKind   .message   (+ PEP 678 notes)
    ├── IntegrityError              bytes, chain, proof or signature do not verify: stop, preserve,
    │   │                           escalate; never retry
    │   └── EquivocationError       two signed statements that cannot both be true
    ├── FormatError                 not a thing this library can read: malformed, or newer
    ├── NotFoundError               (also KeyError)
    ├── AlreadyExistsError          write-once: the name holds other bytes
    ├── AuthorizationError          this actor, this object, this reason: no; the refusal is logged
    ├── RetentionError              the law or a hold forbids it
    ├── ConflictError               lost a race; reload, decide again, retry
    ├── StorageError                the backend failed, or cannot do what the store needs
    │   └── OutcomeUnknownError     the write may or may not have landed
    ├── KeyVaultError               the keys are missing, wrong or cannot be opened
    ├── InvalidInputError           (also ValueError) the caller's argument or source is at fault
    └── InternalError               a defect of this library

`ErrorKind` is append-only: a code once published keeps its meaning for ever. The same codes
are the codes of audit findings.
"""

from enum import StrEnum, unique


@unique
class ErrorKind(StrEnum):
    """The precise cause of an error or audit finding. Append-only."""

    # Encoding.
    NOT_CANONICAL = "not-canonical"
    NOT_JSON = "not-json"
    DUPLICATE_KEY = "duplicate-key"
    NUMBER_RANGE = "number-range"
    TOO_DEEP = "too-deep"
    TOO_LARGE = "too-large"
    TEXT_FORM = "text-form"
    FIELD_MISSING = "field-missing"
    FIELD_UNKNOWN = "field-unknown"
    FIELD_INVALID = "field-invalid"
    NAME_INVALID = "name-invalid"
    FORMAT_NEWER = "format-newer"
    FORMAT_UNKNOWN = "format-unknown"
    # Objects.
    HEADER_INVALID = "header-invalid"
    HEADER_TAG = "header-tag"
    CHUNK_SHAPE = "chunk-shape"
    CHUNK_TAG = "chunk-tag"
    CHUNK_DIGEST = "chunk-digest"
    SEGMENT_MISSING = "segment-missing"
    SEGMENT_LENGTH = "segment-length"
    SEGMENT_ORPHAN = "segment-orphan"
    MANIFEST_MISSING = "manifest-missing"
    MANIFEST_DIGEST = "manifest-digest"
    MANIFEST_INVALID = "manifest-invalid"
    MANIFEST_ORPHAN = "manifest-orphan"
    CIPHERTEXT_ROOT = "ciphertext-root"
    PLAINTEXT_DIGEST = "plaintext-digest"
    PLAINTEXT_LENGTH = "plaintext-length"
    # Ledger.
    GENESIS_INVALID = "genesis-invalid"
    ENTRY_INVALID = "entry-invalid"
    ENTRY_KIND_UNKNOWN = "entry-kind-unknown"
    CHAIN_BROKEN = "chain-broken"
    SCOPE_BROKEN = "scope-broken"
    INDEX_BROKEN = "index-broken"
    TIME_ORDER = "time-order"
    BATCH_INVALID = "batch-invalid"
    BATCH_LINK = "batch-link"
    BATCH_MISSING = "batch-missing"
    BUNDLE_DIFFERS = "bundle-differs"
    TILE_DIFFERS = "tile-differs"
    PAYLOAD_MISSING = "payload-missing"
    PAYLOAD_DIGEST = "payload-digest"
    PAYLOAD_TAG = "payload-tag"
    COMMITMENT_DIFFERS = "commitment-differs"
    SIGNATURE_INVALID = "signature-invalid"
    SIGNATURE_REQUIRED = "signature-required"
    KEY_UNKNOWN = "key-unknown"
    NOTE_INVALID = "note-invalid"
    CHECKPOINT_ROOT = "checkpoint-root"
    CHECKPOINT_BEYOND = "checkpoint-beyond"
    CHECKPOINT_EQUIVOCATION = "checkpoint-equivocation"
    CHECKPOINT_BEHIND = "checkpoint-behind"
    PROOF_INVALID = "proof-invalid"
    ROLLED_BACK = "rolled-back"
    ROLLBACK_NOT_EXCLUDED = "rollback-not-excluded"
    FORKED = "forked"
    RECEIPT_INVALID = "receipt-invalid"
    RECEIPT_NOT_HONOURED = "receipt-not-honoured"
    STATE_INVALID = "state-invalid"
    DUPLICATE_SOURCE = "duplicate-source"
    STORE_OPAQUE = "store-opaque"
    SCOPE_OPAQUE = "scope-opaque"
    # Custody.
    ACTOR_UNKNOWN = "actor-unknown"
    ACTOR_REVOKED = "actor-revoked"
    NOT_AUTHORIZED = "not-authorized"
    REASON_REQUIRED = "reason-required"
    ACTOR_EXISTS = "actor-exists"
    AUTHORIZATION_UNKNOWN = "authorization-unknown"
    SOURCE_CONFLICT = "source-conflict"
    SOURCE_PURGED = "source-purged"
    OBJECT_PURGED = "object-purged"
    # Sources and arguments.
    OBJECT_UNKNOWN = "object-unknown"
    ENTRY_UNKNOWN = "entry-unknown"
    SOURCE_NOT_FOUND = "source-not-found"
    SOURCE_NOT_REGULAR = "source-not-regular"
    SOURCE_UNREADABLE = "source-unreadable"
    SOURCE_CHANGED = "source-changed"
    SOURCE_SHORT = "source-short"
    SOURCE_LONG = "source-long"
    DIGEST_MISMATCH = "digest-mismatch"
    ARGUMENT_INVALID = "argument-invalid"
    TARGET_EXISTS = "target-exists"
    CLOSED = "closed"
    EXTRA_MISSING = "extra-missing"
    MEDIA_UNREADABLE = "media-unreadable"
    # Storage.
    NAME_TAKEN = "name-taken"
    NAME_ABSENT = "name-absent"
    STORAGE_FULL = "storage-full"
    STORAGE_READ_ONLY = "storage-read-only"
    STORAGE_DENIED = "storage-denied"
    STORAGE_IO = "storage-io"
    STORAGE_UNFIT = "storage-unfit"
    STORAGE_BUSY = "storage-busy"
    STORAGE_UNREACHABLE = "storage-unreachable"
    BUCKET_MISSING = "bucket-missing"
    CREDENTIALS_MISSING = "credentials-missing"
    CREDENTIALS_REFUSED = "credentials-refused"
    CHECKSUM_MISMATCH = "checksum-mismatch"
    LOCK_REFUSED = "lock-refused"
    UNPROVEN_WORM = "unproven-worm"
    SHADOWED = "shadowed"
    CLAIM_MISSING = "claim-missing"
    CLAIM_INVALID = "claim-invalid"
    VAULT_UNFIT = "vault-unfit"
    OUTCOME_UNKNOWN = "outcome-unknown"
    NOT_A_STORE = "not-a-store"
    STORE_INCOMPLETE = "store-incomplete"
    STORE_EXISTS = "store-exists"
    STORE_READ_ONLY = "store-read-only"
    # Keys.
    KEY_FILE_MISSING = "key-file-missing"
    KEY_FILE_MODE = "key-file-mode"
    KEY_FILE_INVALID = "key-file-invalid"
    KEY_WRONG = "key-wrong"
    KEY_ABSENT = "key-absent"
    KEY_DESTROYED = "key-destroyed"
    VAULT_MISSING = "vault-missing"
    VAULT_INVALID = "vault-invalid"
    VAULT_REPLICA_DIFFERS = "vault-replica-differs"
    KEYS_SINGLE_COPY = "keys-single-copy"
    # Law.
    PACK_UNKNOWN = "pack-unknown"
    PACK_SYNTAX = "pack-syntax"
    PACK_REFERENCE = "pack-reference"
    PACK_CYCLE = "pack-cycle"
    PACK_OVERLAP = "pack-overlap"
    PACK_UNREACHABLE = "pack-unreachable"
    PACK_CONTRADICTION = "pack-contradiction"
    CITATION_MISSING = "citation-missing"
    LABEL_UNKNOWN = "label-unknown"
    LAW_NOT_IN_FORCE = "law-not-in-force"
    ZONE_MISSING = "zone-missing"
    TIME_NAIVE = "time-naive"
    FACT_UNKNOWN = "fact-unknown"
    FACT_TYPE = "fact-type"
    FACT_CONTRADICTION = "fact-contradiction"
    FACT_FUTURE = "fact-future"
    REQUEST_INCOMPLETE = "request-incomplete"
    # Law in a store, facts, holds, requests, releases.
    LAW_NOT_ADOPTED = "law-not-adopted"
    LAW_FORBIDS = "law-forbids"
    CHIEF_REQUIRED = "chief-required"
    SECOND_ACTOR_REQUIRED = "second-actor-required"
    PURPOSE_UNKNOWN = "purpose-unknown"
    POLICY_INVALID = "policy-invalid"
    ASSERTION_UNKNOWN = "assertion-unknown"
    QUERY_INVALID = "query-invalid"
    HOLD_UNKNOWN = "hold-unknown"
    HOLD_RELEASED = "hold-released"
    REQUEST_UNKNOWN = "request-unknown"
    REQUEST_STATE = "request-state"
    REQUEST_OVER_CAP = "request-over-cap"
    CONSENT_UNKNOWN = "consent-unknown"
    PARENT_UNKNOWN = "parent-unknown"
    REDACTION_REQUIRED = "redaction-required"
    ACKNOWLEDGEMENT_REQUIRED = "acknowledgement-required"
    # Destruction.
    OBJECT_HELD = "object-held"
    OBJECT_PROTECTED = "object-protected"
    NO_AUTHORITY = "no-authority"
    RETENTION_UNKNOWN = "retention-unknown"
    NOT_DUE = "not-due"
    PURGE_STARTED = "purge-started"
    PURGE_UNFINISHED = "purge-unfinished"
    PLAN_UNKNOWN = "plan-unknown"
    PLAN_STATE = "plan-state"
    PLAN_ALTERED = "plan-altered"
    PLAN_STALE = "plan-stale"
    PLAN_NOT_APPROVED = "plan-not-approved"
    PLAN_WAITING = "plan-waiting"
    APPROVER_PROPOSED = "approver-proposed"
    APPROVED_ALREADY = "approved-already"
    WITHHELD_BY_STORAGE = "withheld-by-storage"
    NOT_DESTROYED = "not-destroyed"
    CLOCK_UNCONFIRMED = "clock-unconfirmed"
    PURGE_UNPROVEN = "purge-unproven"
    PURGED_BYTES_PRESENT = "purged-bytes-present"
    CERTIFICATE_INVALID = "certificate-invalid"
    CERTIFICATE_FOREIGN = "certificate-foreign"
    # Annexes, state rows, catalog.
    ANNEX_MISSING = "annex-missing"
    ANNEX_DIGEST = "annex-digest"
    ANNEX_ORPHAN = "annex-orphan"
    STATE_ROOT = "state-root"
    CATALOG_STALE = "catalog-stale"
    CATALOG_INVALID = "catalog-invalid"
    # Concurrency and time.
    RACE_LOST = "race-lost"
    CLOCK_BEHIND = "clock-behind"
    CLOCK_AHEAD = "clock-ahead"
    DEFECT = "defect"


class BwcStoreError(Exception):
    """Root of every error this library raises on purpose.

    Attributes:
        kind: the precise cause; stable across versions.
        message: one line: what, which (an id or a name, never content), expected and got.
    """

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} [{self.kind}]"


class IntegrityError(BwcStoreError):
    """Stored bytes, a chain, a proof or a signature do not verify. Stop; preserve; escalate."""


class EquivocationError(IntegrityError):
    """Two signed statements exist that cannot both be true."""


class FormatError(BwcStoreError):
    """Not a thing this library can read: malformed, or written by a newer version."""


class NotFoundError(BwcStoreError, KeyError):
    """The named thing does not exist."""

    __str__ = BwcStoreError.__str__


class AlreadyExistsError(BwcStoreError):
    """Write-once: the name is taken."""


class AuthorizationError(BwcStoreError):
    """This actor may not do this to this object for this reason. The refusal is logged."""


class RetentionError(BwcStoreError):
    """The law or a hold forbids it."""


class ConflictError(BwcStoreError):
    """A race was lost; reloading and deciding again is safe."""


class StorageError(BwcStoreError):
    """The backend failed, or cannot do what the store needs."""


class OutcomeUnknownError(StorageError):
    """A write may or may not have landed, and reading back did not settle it."""


class KeyVaultError(BwcStoreError):
    """Keys are missing, wrong, or kept in a way the library refuses."""


class InvalidInputError(BwcStoreError, ValueError):
    """The caller's argument or source is at fault; nothing was changed."""


class InternalError(BwcStoreError):
    """A defect of this library; please report it."""
