"""Evidence that stays what it was: write-once objects, a hash-chained ledger, provable custody.

`Store.create` and `Store.open` give a store; `Store.session` gives a `Session`, bound to an actor
and a reason, with every verb that touches evidence. Everything stored is described in the
specification, and any stranger can check it without keys.

Reading old evidence is for ever: a later version of this library reads every format that a
released version wrote.
"""

from bwcstore._ports import (
    Backend,
    Capability,
    Clock,
    Entropy,
    Environment,
    Pending,
    Progress,
    ProgressEvent,
    Properties,
    Signer,
    Source,
    Stat,
    StoredVersion,
    Upload,
    Workers,
)
from bwcstore._session._actors import Enrolment
from bwcstore._session._begin import Settings
from bwcstore._session._history import ActorLine, Description, LogLine
from bwcstore._session._holds import HoldLine
from bwcstore._session._ingest import Ingested
from bwcstore._session._keys import Rotation
from bwcstore._session._leftovers import Discarded, Leftover
from bwcstore._session._locks import LocksSyncedReport
from bwcstore._session._many import Failed, Item
from bwcstore._session._purge import PurgeStatus
from bwcstore._session._purge_run import PurgeRun
from bwcstore._session._read import Exported
from bwcstore._session._releases import Released, ReleaseLine
from bwcstore._session._requests import RequestLine
from bwcstore._session._session import Session
from bwcstore._session._shadow_find import Shadow
from bwcstore._session._shadow_repair import ShadowsRepairedReport, Uncovered
from bwcstore._store import Store
from bwcstore._store_rules import ClockStep
from bwcstore._system import SystemEntropy, system_environment
from bwcstore._values import (
    ActId,
    ActorId,
    ByteRange,
    Digest,
    Instant,
    Locking,
    LockMode,
    ObjectId,
    StoreId,
    Tag,
)
from bwcstore._vault_port import KeyVault, WrappedKey
from bwcstore.custody import (
    Claim,
    LawAdopted,
    ObjectState,
    Parameters,
    Policy,
    Recording,
    Role,
    SourceId,
)
from bwcstore.custody._deriving import Region
from bwcstore.custody._duty import Duty
from bwcstore.custody._explaining import ObjectExplanation
from bwcstore.custody._records import LocksSynced, Probed
from bwcstore.custody._requesting import Advice
from bwcstore.custody._selection import Selection
from bwcstore.errors import (
    AlreadyExistsError,
    AuthorizationError,
    BwcStoreError,
    ConflictError,
    EquivocationError,
    ErrorKind,
    FormatError,
    IntegrityError,
    InternalError,
    InvalidInputError,
    KeyVaultError,
    NotFoundError,
    OutcomeUnknownError,
    RetentionError,
    StorageError,
)
from bwcstore.ledger import Receipt, VerifierKey, verify_receipt
from bwcstore.purge import CertificateState, VerifiedCertificate, verify_certificate
from bwcstore.storage import KeyFile, Passphrase, generate_actor_key, load_actor_key
from bwcstore.storage._s3_options import S3Options

__version__ = "0.1.0"

__all__ = [
    "ActId",
    "ActorId",
    "ActorLine",
    "Advice",
    "AlreadyExistsError",
    "AuthorizationError",
    "Backend",
    "BwcStoreError",
    "ByteRange",
    "Capability",
    "CertificateState",
    "Claim",
    "Clock",
    "ClockStep",
    "ConflictError",
    "Description",
    "Digest",
    "Discarded",
    "Duty",
    "Enrolment",
    "Entropy",
    "Environment",
    "EquivocationError",
    "ErrorKind",
    "Exported",
    "Failed",
    "FormatError",
    "HoldLine",
    "Ingested",
    "Instant",
    "IntegrityError",
    "InternalError",
    "InvalidInputError",
    "Item",
    "KeyFile",
    "KeyVault",
    "KeyVaultError",
    "LawAdopted",
    "Leftover",
    "LockMode",
    "Locking",
    "LocksSynced",
    "LocksSyncedReport",
    "LogLine",
    "NotFoundError",
    "ObjectExplanation",
    "ObjectId",
    "ObjectState",
    "OutcomeUnknownError",
    "Parameters",
    "Passphrase",
    "Pending",
    "Policy",
    "Probed",
    "Progress",
    "ProgressEvent",
    "Properties",
    "PurgeRun",
    "PurgeStatus",
    "Receipt",
    "Recording",
    "Region",
    "ReleaseLine",
    "Released",
    "RequestLine",
    "RetentionError",
    "Role",
    "Rotation",
    "S3Options",
    "Selection",
    "Session",
    "Settings",
    "Shadow",
    "ShadowsRepairedReport",
    "Signer",
    "Source",
    "SourceId",
    "Stat",
    "StorageError",
    "Store",
    "StoreId",
    "StoredVersion",
    "SystemEntropy",
    "Tag",
    "Uncovered",
    "Upload",
    "VerifiedCertificate",
    "VerifierKey",
    "Workers",
    "WrappedKey",
    "__version__",
    "generate_actor_key",
    "load_actor_key",
    "system_environment",
    "verify_certificate",
    "verify_receipt",
]
