"""Where bytes and keys are kept: the local disk, the key vault, key sources and signers."""

from bwcstore.storage._iam import (
    StorageAreas,
    StorageRole,
    bucket_policies,
    identity_policy,
)
from bwcstore.storage._keysource import KeyFile, KeySource, Passphrase, PassphraseKdf
from bwcstore.storage._local import DirectIO, LocalBackend
from bwcstore.storage._probe import Report
from bwcstore.storage._probe_result import (
    Check,
    Outcome,
    PlaceKind,
    ProbeResult,
    Protocol,
    Verdict,
)
from bwcstore.storage._signer import (
    PemSigner,
    StoredSigner,
    generate_actor_key,
    load_actor_key,
)
from bwcstore.storage._staging import Publication
from bwcstore.storage._vault import DirectoryVault
from bwcstore.storage._vault_health import DrillResult, VaultFinding

__all__ = [
    "Check",
    "DirectIO",
    "DirectoryVault",
    "DrillResult",
    "KeyFile",
    "KeySource",
    "LocalBackend",
    "Outcome",
    "Passphrase",
    "PassphraseKdf",
    "PemSigner",
    "PlaceKind",
    "ProbeResult",
    "Protocol",
    "Publication",
    "Report",
    "StorageAreas",
    "StorageRole",
    "StoredSigner",
    "VaultFinding",
    "Verdict",
    "bucket_policies",
    "generate_actor_key",
    "identity_policy",
    "load_actor_key",
]
