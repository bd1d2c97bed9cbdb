"""Ingest a recording, read it back for a stated reason, and see what was written down.

A store is two things that are kept apart: the write-once area with evidence and ledger, and the
key vault. Everything is done by somebody, for a reason.
"""

from pathlib import Path

from bwcstore import (
    AuthorizationError,
    KeyFile,
    Recording,
    Role,
    SourceId,
    Store,
    SystemEntropy,
    generate_actor_key,
)

# What came from the camera.
camera = Path("A123-0001.mp4")
camera.write_bytes(bytes(range(256)) * 20_000)

# The root key opens the key vault, and the custodian's key signs what only they may do.
key = KeyFile.generate(Path("store.key"), SystemEntropy())
rivera = generate_actor_key(Path("rivera.pem"), entropy=SystemEntropy())

# Two places for the keys: with one, losing it would lose every recording.
vaults = ["vault-a", "vault-b"]

with Store.create(
    "store", key=key, vaults=vaults, actor="rivera", actor_key=rivera.public_key
) as store:
    with store.session(actor="rivera", reason="set up, order 26-11", signer=rivera) as session:
        session.enrol("dock-3", roles=[Role.IMPORTER])
        session.enrol("nowak", roles=[Role.READER])

    # The docking station ingests. The same source again would return the same receipt.
    with store.session(actor="dock-3", reason="end of shift") as session:
        ingested = session.ingest(
            camera,
            source_id=SourceId(scope="A123", text="0001.mp4"),
            recording=Recording(device="A123", officer="4711", case="26-118", label="traffic"),
        )
    Path("receipt.txt").write_bytes(ingested.receipt)
    print("ingested", ingested.object_id)

    # Nobody reads without a written authorization for the purpose, and a refusal is written too.
    with store.session(actor="nowak", reason="curious", purpose="review") as session:
        try:
            session.read(ingested.object_id)
        except AuthorizationError as refusal:
            print("refused:", refusal.kind)
        else:
            raise SystemExit("a recording was read without an authorization")

    with store.session(actor="rivera", reason="memo of 3 March", signer=rivera) as session:
        session.authorize("nowak", purposes=["review"], object_id=ingested.object_id)

    # The entry is durable before the first byte is returned.
    with store.session(actor="nowak", reason="complaint C-9", purpose="review") as session:
        with session.read(ingested.object_id) as recording:
            recording.seek(1_000_000)
            middle = recording.read(16)

    assert middle == camera.read_bytes()[1_000_000:1_000_016]

    # Who did what with it: names and reasons are opened with the record keys.
    with store.session(actor="rivera", reason="answer to the complainant") as session:
        kinds = [line.entry.kind for line in session.log(ingested.object_id)]
    print("history:", *kinds)

assert kinds == ["object.ingested", "access.refused", "object.accessed", "access.ended"]

# The store is found again, and every link of its ledger is checked when it is opened.
with Store.open("store", key=key, vaults=vaults) as store:
    assert store.object(ingested.object_id).object_id == ingested.object_id
