"""Keep a recording in a bucket with Object Lock, read it, and see what the storage will not delete.

Say where, and how the storage is reached; credentials are found as the AWS tools find them:

    BWCSTORE_STORE=s3://evidence-bucket/store
    BWCSTORE_CLAIMS=s3://claims-bucket/store      # only where the evidence bucket needs claims
    BWCSTORE_S3_ENDPOINT_URL=https://s3.example.gov   # for storage that is not Amazon's

The recording is locked for a day. Nobody can make that shorter.
"""

import os
from pathlib import Path

from bwcstore import KeyFile, Locking, S3Options, Store, SystemEntropy

camera = Path("A123-0001.mp4")
camera.write_bytes(bytes(range(256)) * 20_000)

# Keys lie apart from the evidence, where what is deleted is gone: here on two disks.
key = KeyFile.generate(Path("store.key"), SystemEntropy())
vaults = ["vault-a", "vault-b"]
location = os.environ["BWCSTORE_STORE"]
claims = os.environ.get("BWCSTORE_CLAIMS") or None
reach = S3Options(endpoint_url=os.environ.get("BWCSTORE_S3_ENDPOINT_URL"))

# For good: compliance mode, records a day at a time, and a day while no law was adopted.
locking = Locking(record_days=1, max_days=1, unruled_days=1)

with Store.create(
    location, key=key, vaults=vaults, claims=claims, s3=reach, actor="rivera", locking=locking
) as store:
    print(store.properties.location, store.parameters.protocol)

    with store.session(actor="rivera", reason="end of shift, dock 3") as session:
        ingested = session.ingest(camera)
    Path("receipt.txt").write_bytes(ingested.receipt)

    with store.session(actor="rivera", reason="complaint C-9", purpose="review") as session:
        session.authorize("rivera", purposes=["review"], object_id=ingested.object_id)
        with session.read(ingested.object_id) as recording:
            assert recording.read() == camera.read_bytes()

    # What holds a recording in the ledger becomes a legal hold of the storage.
    with store.session(actor="rivera", reason="letter of 3 March") as session:
        session.place_hold("litigation", objects=[ingested.object_id])
        synced = session.sync_locks()
    print("locks changed:", synced.objects, "problems:", *synced.problems)

with Store.open(location, key=key, vaults=vaults, claims=claims, s3=reach) as store:
    versions = store.stored_versions(ingested.object_id)
    for version in versions:
        held = "held" if version.legal_hold else ""
        print(version.name, version.length_bytes, version.locked_until, held)

    with store.session(actor="rivera", reason="monthly audit") as session:
        report = session.audit(expect=[ingested.receipt])

assert synced.objects == 1
assert not synced.problems
assert all(version.locked_until for version in versions)
assert any(version.legal_hold for version in versions)
assert report.ok
