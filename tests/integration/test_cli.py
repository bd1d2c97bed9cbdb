"""The program as it is run: evidence goes in, is read, and is verified, in real processes."""

import hashlib
import json
import os
import shutil

import pytest

from tests.integration.cli_desk import VIDEO, Desk, ingest


def test_the_life_of_a_recording(desk: Desk) -> None:
    """Ingest, list, refuse, authorize, read, export and log: each says what it must."""
    ingested = ingest(desk)
    object_id = str(ingested[0]["object"])

    assert ["dock/a.mp4", "dock/b.mp4"] == [one["source"] for one in ingested]
    assert hashlib.sha256(VIDEO).hexdigest() == ingested[0]["sha256"]
    assert {one["object"] for one in ingested} == {
        one["object"] for one in desk.run("ls", "--json").lines
    }
    refused = desk.run("cat", object_id, "--json", expected=5)
    assert (b"", "not-authorized") == (
        refused.out,
        json.loads(refused.err.splitlines()[-1])["error"]["kind"],
    )
    desk.run("authorize", "rivera", "--for", "records")
    assert desk.run("cat", object_id).out == VIDEO
    assert desk.run("cat", object_id, "--range", "65530-65545").out == VIDEO[65530:65546]
    exported = desk.run("export", object_id, "copy.mp4").out.decode()
    assert f"{hashlib.sha256(VIDEO).hexdigest()}  copy.mp4\n" == exported
    assert (desk.root / "copy.mp4").read_bytes() == VIDEO
    assert "target-exists" in desk.run("export", object_id, "copy.mp4", expected=10).err
    kinds = [one["leaf"]["kind"] for one in desk.run("log", object_id, "--json").lines]
    assert ["object.ingested", "access.refused", "object.accessed", "access.ended"] == kinds[:4]


def test_a_dock_folder_is_ingested_once(desk: Desk) -> None:
    """The same folder again changes nothing, and a new file in it is taken alone."""
    first = ingest(desk)
    (desk.root / "dock/c.mp4").write_bytes(b"new")
    second = ingest(desk)

    assert ["present", "present", "ingested"] == [one["outcome"] for one in second]
    assert [one["receipt"] for one in first] == [one["receipt"] for one in second[:2]]
    assert 3 == len(list((desk.root / "evidence.receipts").iterdir()))


def test_a_proof_is_kept_beside_the_receipt_when_asked_for(desk: Desk) -> None:
    """The proof names the entry of the receipt, and the folder still serves as expectation."""
    desk.run("ingest", "dock", "--wait-checkpoint")
    desk.run("ingest", "dock", "--wait-checkpoint")
    kept = sorted((desk.root / "evidence.receipts").iterdir())
    proof = next(path for path in kept if path.name.endswith(".tlog-proof"))
    receipt = json.loads(proof.with_suffix("").read_text().splitlines()[0])

    assert [".receipt", ".tlog-proof"] * 2 == [path.suffix for path in kept]
    assert f"index {receipt['index']}" == proof.read_text().splitlines()[1]
    assert desk.run("verify", "--json", "--expect", "evidence.receipts").document["ok"]


def test_one_bad_file_does_not_stop_the_others(desk: Desk) -> None:
    """What cannot be read is told, the rest is taken, and the exit code says so."""
    done = desk.run("ingest", "dock", "missing.mp4", "/dev/null", "--json", expected=3)
    outcomes = {one["source"]: one.get("error", {}).get("kind") for one in done.lines}

    assert {
        "dock/a.mp4": None,
        "dock/b.mp4": None,
        "missing.mp4": "source-not-found",
        "/dev/null": "source-not-regular",
    } == outcomes


@pytest.mark.parametrize(
    "name", [b"two\nlines.mp4", b"\xff\xfe.mp4", b"-rf", b"\x1b[31m.mp4", "é ü.mp4".encode()]
)
def test_names_may_hold_any_bytes(desk: Desk, name: bytes) -> None:
    """Whatever a file is called, it is ingested, known again, and shown harmlessly."""
    (desk.root / os.fsdecode(name)).write_bytes(VIDEO[:100])
    first = desk.run("ingest", "--", name)
    again = desk.run("ingest", "--", name)

    assert first.out.startswith(b"ingested")
    assert again.out.startswith(b"present")
    assert first.out.count(b"\n") == 1
    assert first.out.decode().rstrip("\n").isprintable()


def test_standard_input_is_a_source(desk: Desk) -> None:
    """A stream is ingested and may be required to have a digest and a length."""
    right = hashlib.sha256(VIDEO).hexdigest()
    done = desk.run("ingest", "-", "--json", "--name", "camera", "--sha256", right, stdin=VIDEO)
    wrong = desk.run("ingest", "-", "--sha256", "0" * 64, stdin=VIDEO, expected=3)
    short = desk.run("ingest", "-", "--length", "5", stdin=b"1234", expected=3)

    assert ("camera", right) == (done.document["source"], done.document["sha256"])
    assert "digest-mismatch" in wrong.err
    assert "source-short" in short.err
    assert 1 == len(desk.run("ls", "--json").lines)


def test_metadata_is_kept_and_sealed(desk: Desk) -> None:
    """What is said of a recording comes back from `show`, and names lie nowhere in the clear."""
    done = desk.run(
        *("ingest", "dock/a.mp4", "--json", "--officer", "Officer Quine", "--case", "26-1042"),
        *("--device", "X60A0001", "--label", "use-of-force", "--trigger", "evidence"),
        *("--collected-at", "2026-03-14T16:07:00-05:00", "--field", "shift=evening"),
    )
    shown = desk.run("show", str(done.document["object"]), "--json").document

    assert "Officer Quine" == shown["record"]["officer"]
    assert {"name": "shift", "value": "evening"} in shown["content"]["fields"]["items"]
    assert "2026-03-14T21:07:00.000000Z" == shown["collected"][0]["at"]
    stored = b"".join(p.read_bytes() for p in (desk.root / "evidence").rglob("*") if p.is_file())
    for secret in (b"Quine", b"26-1042", b"X60A0001", b"evening", b"a.mp4", b"a test"):
        assert secret not in stored


def test_verify_needs_no_key(desk: Desk) -> None:
    """A copy of the store alone, without keys, actor or vault, can be verified."""
    ingest(desk)
    shutil.copytree(desk.root / "evidence", desk.root / "copy")
    bare = {"BWCSTORE_STORE": "copy", "BWCSTORE_ACTOR": "", "BWCSTORE_REASON": ""}
    alone = desk.run("verify", "--json", variables=bare).document
    receipts = desk.run(
        "verify", "--json", "--expect", "evidence.receipts", variables=bare
    ).document
    at_home = desk.run("verify", "--json").document

    assert (True, "cannot-be-excluded") == (alone["ok"], alone["rollback"])
    assert (True, "extended") == (at_home["ok"], at_home["rollback"])
    assert (True, 2) == (receipts["ok"], receipts["extends_count"])


def test_verify_names_what_is_wrong(desk: Desk) -> None:
    """A flipped bit is found, with its place, and the exit code says so; keys change nothing."""
    object_id = str(ingest(desk)[0]["object"])
    segment = desk.root / f"evidence/objects/{object_id}/00000001"
    data = bytearray(segment.read_bytes())
    data[70_000] ^= 1
    segment.chmod(0o600)
    segment.write_bytes(data)
    people = desk.run("verify", expected=1).out.decode()
    found = desk.run("verify", "--json", expected=1).document["findings"]
    with_keys = desk.run("verify", "--with-keys", "--json", expected=1).document["findings"]

    assert "chunk-digest" in people
    first = next(one for one in found if one["code"] == "chunk-digest")
    assert (object_id, 1, 3) == (first["object"], first["segment"], first["chunk"])
    assert "chunk-digest" in {one["code"] for one in with_keys}
    assert "chunk-" in desk.run("export", _authorized(desk, object_id), "x", expected=6).err
    assert not (desk.root / "x").exists()


def _authorized(desk: Desk, object_id: str) -> str:
    desk.run("authorize", "rivera", "--for", "records")
    return object_id


def test_a_rolled_back_store_is_recognised(desk: Desk) -> None:
    """An older copy of the store is told by the vault's note, by receipts, and not without."""
    ingest(desk)
    shutil.copytree(desk.root / "evidence", desk.root / "old")
    (desk.root / "dock/c.mp4").write_bytes(b"later")
    later = ingest(desk)[2]
    shutil.rmtree(desk.root / "evidence")
    (desk.root / "old").rename(desk.root / "evidence")
    by_vault = desk.run("verify", "--json", expected=1).document
    no_vault = ("verify", "--json", "--vault", "nowhere")
    alone = desk.run(*no_vault).document
    by_receipt = desk.run(*no_vault, "--expect", str(later["receipt"]), expected=1).document

    assert "rolled-back" == by_vault["rollback"]
    assert "cannot-be-excluded" == alone["rollback"]
    assert "receipt-not-honoured" in {one["code"] for one in by_receipt["findings"]}
    refused = desk.run("ingest", "dock", expected=6)
    assert "rolled-back" in refused.err


def test_a_budget_goes_round(desk: Desk) -> None:
    """Runs with a budget and a cursor together read everything."""
    ingest(desk)
    read = 0
    for _ in range(10):
        report = desk.run("verify", "--json", "--bytes", "64K", "--cursor", "cursor").document
        read += report["coverage"]["bytes_checked"]

    assert report["coverage"]["bytes_total"] < read
    assert (desk.root / "cursor").is_file()


def test_receipts_can_be_checked_without_the_store(desk: Desk) -> None:
    """With the verifier key a receipt is checked, and refused when it was changed."""
    kept = ingest(desk)[0]
    receipt = desk.root / str(kept["receipt"])
    vkey = str(desk.run("doctor", "--json", expected=1).document["verifier_key"])
    said = desk.run("receipt", "verify", str(receipt), "--vkey", vkey, "--json").document
    desk.run("receipt", "verify", str(receipt), "--vkey", vkey, "--recording", "dock/a.mp4")
    desk.run(
        *("receipt", "verify", str(receipt), "--vkey", vkey, "--recording", "dock/b.mp4"),
        expected=1,
    )
    receipt.write_bytes(receipt.read_bytes().replace(b'"index":', b'"index":1'))
    changed = desk.run("receipt", "verify", str(receipt), "--vkey", vkey, expected=6)

    assert kept["object"] == said["object"]
    assert "signature-invalid" in changed.err


def test_proofs_and_checkpoints_are_printed(desk: Desk) -> None:
    """A proof is printed or written once; a checkpoint can be given back to `verify`."""
    object_id = str(ingest(desk)[0]["object"])
    (desk.root / "c.note").write_bytes(desk.run("checkpoint").out)
    printed = desk.run("prove", object_id).out
    desk.run("prove", object_id, "--output", "p.tlog-proof")
    desk.run("prove", object_id, "--output", "p.tlog-proof", expected=10)
    desk.run("prove", expected=2)
    ingest(desk)
    report = desk.run("verify", "--json", "--vault", "nowhere", "--expect", "c.note").document

    assert printed.startswith(b"c2sp.org/tlog-proof@v1\n")
    assert printed == (desk.root / "p.tlog-proof").read_bytes()
    assert "extended" == report["rollback"]
    assert b"\n" in desk.run("prove", "--since", "c.note").out
