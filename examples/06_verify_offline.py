"""Check a copy of a store without keys, and without trusting whoever made the copy.

The auditor has what was handed over when nobody had a reason to lie: the store's verifier key, a
receipt, and a checkpoint. From the store's keeper comes a copy of the store, and no key.
"""

import shutil
from pathlib import Path

from bwcstore import KeyFile, SourceId, Store, SystemEntropy, VerifierKey, verify_receipt
from bwcstore.audit import audit_store
from bwcstore.storage import LocalBackend

# The keeper's side: a store with two recordings. What is handed over is kept elsewhere.
key = KeyFile.generate(Path("store.key"), SystemEntropy())
with Store.create("store", key=key, vaults=["vault-a", "vault-b"], actor="rivera") as store:
    with store.session(actor="rivera", reason="end of shift") as session:
        first = Path("0001.mp4")
        first.write_bytes(bytes(range(256)) * 10_000)
        session.ingest(first, source_id=SourceId(scope="A123", text="0001.mp4"))
        store.checkpoint()
        shutil.copytree("store", "yesterday")
        second = Path("0002.mp4")
        second.write_bytes(bytes(range(255, -1, -1)) * 10_000)
        ingested = session.ingest(second, source_id=SourceId(scope="A123", text="0002.mp4"))
    verifier_key = store.verifier_key
    checkpoint = store.checkpoint()
receipt = ingested.receipt

# The auditor's side. The receipt alone says what the store promised to keep.
promised = verify_receipt(receipt, VerifierKey.parse(verifier_key))
assert promised.object_id == ingested.object_id
assert promised.length_bytes == second.stat().st_size


def audit(copy: str, *kept: bytes) -> set[str]:
    """Every code that the audit of a copy finds, the checks that could not be made included."""
    report = audit_store(LocalBackend(Path(copy)), verifier_key=verifier_key, expect=kept)
    print(f"{copy}: {'in order' if report.ok else 'NOT IN ORDER'}")
    for finding in report.findings:
        print(f"  {finding.code} ({finding.clause}) {finding.message}")
    return {finding.code.value for finding in report.findings}


# An honest copy: every chunk, every link and every signature is as it must be.
shutil.copytree("store", "copy")
assert audit("copy", checkpoint, receipt) == set()

# One bit of one recording differs: its place is named.
target = max(Path("copy/objects").rglob("00000000"))
target.chmod(0o600)
damaged = bytearray(target.read_bytes())
damaged[1_000_000] ^= 1
target.write_bytes(damaged)
assert "chunk-digest" in audit("copy", checkpoint, receipt)

# An old copy is in order in itself. Only what was kept elsewhere shows that the end is missing.
assert "rolled-back" in audit("yesterday", checkpoint)
assert "receipt-not-honoured" in audit("yesterday", receipt)
assert audit("yesterday") == {"rollback-not-excluded"}
