"""The program on stores in buckets, as its users run it: what is kept, locked, told and refused."""

import json
import stat
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.s3_service import S3Service
from tests.s3.bench import VIDEO, Bench, bench_for

UNUSED_PORT: Final = "http://127.0.0.1:9"


@pytest.fixture
def bench(s3_server: S3Service, locked_bucket: str, plain_bucket: str, tmp_path: Path) -> Bench:
    """A bench whose store is to have claims, so that `init` tries no races out."""
    return bench_for(
        s3_server,
        tmp_path,
        f"s3://{locked_bucket}/agency/evidence",
        AWS_ENDPOINT_URL=s3_server.parallel,
        BWCSTORE_CLAIMS=f"s3://{plain_bucket}/claims",
    )


@pytest.fixture(scope="module")
def office(s3_server: S3Service, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A store that tests share, each with recordings of its own; they can undo its locks."""
    folder, plain = tmp_path_factory.mktemp("office"), f"s3://{s3_server.make_plain_bucket()}"
    made = bench_for(
        s3_server,
        folder,
        f"s3://{s3_server.make_locked_bucket()}/agency/evidence",
        AWS_ENDPOINT_URL=s3_server.parallel,
        BWCSTORE_CLAIMS=f"{plain}/claims",
        BWCSTORE_VAULTS=f"{plain}/keys:{folder}/vault",
    )
    made.init("--lock", "governance")
    return made


def _bucket(bench: Bench) -> str:
    return bench.variables["BWCSTORE_STORE"].split("/")[2]


def test_a_life_by_numbers(s3_server: S3Service, locked_bucket: str, tmp_path: Path) -> None:
    """Where creating is for one alone, a store needs no claims: all of its life works."""
    bench = bench_for(s3_server, tmp_path, f"s3://{locked_bucket}/evidence")
    made = bench.init("--unruled-lock-days", "3")
    clip = bench.ingest()
    (line,) = bench.run("ls", "--json").out.splitlines()
    bench.run("authorize", "rivera", "--for", "records")
    bench.run("export", clip, str(bench.root / "out.mp4"))
    verified = bench.run("verify", "--with-keys", "--json").document
    days = {"record_days": 365, "max_days": 3650, "unruled_days": 3}

    assert ("numbered", None) == (made["protocol"], made["claims"])
    assert {"mode": "compliance", **days} == made["locking"]
    assert clip == json.loads(line)["object"]
    assert VIDEO == (bench.root / "out.mp4").read_bytes()
    assert not [one for one in verified["findings"] if one["severity"] == "error"]
    assert "extended" == verified["rollback"]


def test_a_life_by_claims(office: Bench) -> None:
    """Where several writers can create one name, claims do it, and a store without them is not
    found; vaults are taken from a variable with a bucket and a directory in it, and what the
    bucket remembers excludes a rollback.
    """
    clip = office.ingest()
    told = office.run("locks", "show", "--json").document
    healthy = office.run("key", "health")
    kept = {"BWCSTORE_VAULTS": office.variables["BWCSTORE_VAULTS"].rpartition(":")[0]}
    verified = office.run("verify", "--json", "--object", clip, variables=kept).document
    without = office.run("ls", expected=7, variables={"BWCSTORE_CLAIMS": ""})
    unclaimed = office.run("verify", expected=1, variables={**kept, "BWCSTORE_CLAIMS": ""})

    assert ("claimed", office.variables["BWCSTORE_CLAIMS"], "governance") == (
        told["protocol"],
        told["claims"],
        told["locking"]["mode"],
    )
    assert "every replica is whole" in healthy.err
    assert not [one for one in verified["findings"] if one["severity"] == "error"]
    assert "extended" == verified["rollback"]
    assert "one that has claims is found with their place only" in without.err
    assert "its last batch is not read" in unclaimed.err
    assert "its last batch" not in office.run("verify", "--object", clip, variables=kept).err


def test_keys_lie_in_a_folder_of_the_user(office: Bench) -> None:
    """Key, signing key and receipts lie in the user's configuration, and only they can look."""
    clip = office.ingest()
    folder = office.root / "home/.config/bwcstore"
    name = f"{_bucket(office)}.agency.evidence"
    keys = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert {f"{name}.key", f"{name}.rivera.pem", f"{name}.receipts"} == keys.keys()
    assert 0o600 == keys[f"{name}.key"] == keys[f"{name}.rivera.pem"]
    assert (folder / f"{name}.receipts/{clip}.receipt").is_file()


def test_locks_are_synced_and_shown(office: Bench) -> None:
    """What the ledger holds the storage holds after a sync, version by version."""
    clip = office.ingest()
    office.run("locks", "sync")
    before = office.run("locks", "show", clip, "--json").document
    office.run("hold", "place", "litigation", "--object", clip, "--authority", "court")
    synced = office.run("locks", "sync", "--json", "--progress")
    again = office.run("locks", "sync", "--json").document
    after = office.run("locks", "show", clip, "--json").document
    whole = office.run("locks", "show", "--json").document
    (listed,) = (one for one in whole["objects"] if clip == one["object"])
    _, *segments = after["versions"]

    assert ("present", True) == (before["status"], before["can_lock"])
    assert not before["recorded"]["legal_hold"]
    assert {"objects": 1, "withheld": 0, "problems": []} == {
        name: synced.document[name] for name in ("objects", "withheld", "problems")
    }
    assert "lock 1 of 1" in synced.err.splitlines()
    assert 0 == again["objects"]
    assert 3 == len(segments)
    assert {(True, after["recorded"]["locked_until"], False)} == {
        (one["legal_hold"], one["locked_until"], one["marker"]) for one in segments
    }
    assert synced.document["records_until"] == whole["synced"]["records_until"]
    assert {"object": clip, "status": "present", **after["recorded"]} == listed
    assert after["recorded"]["legal_hold"]


def test_markers_are_shown(office: Bench, s3_client: Any) -> None:
    """A delete marker over a segment is shown as one, above the version that it does not hide."""
    clip = office.ingest()
    name = f"objects/{clip}/00000000"
    s3_client.delete_object(Bucket=_bucket(office), Key=f"agency/evidence/{name}")
    versions = office.run("locks", "show", clip, "--json").document["versions"]
    text = office.run("locks", "show", clip).out

    assert [True, False] == [one["marker"] for one in versions if one["name"] == name]
    assert "4 versions of 4 names, 1 delete marker\n" in text


def test_what_cannot_be_locked_has_an_exit_code(office: Bench, s3_client: Any) -> None:
    """A recording whose segment is gone is told of, with exit code 15, and does not stop the
    others; once the segment is back, the next run locks it.
    """
    lost, kept = office.ingest(), office.ingest()
    office.run("locks", "sync")
    where = {"Bucket": _bucket(office), "Key": f"agency/evidence/objects/{lost}/00000001"}
    stored = s3_client.get_object(**where)
    data = stored["Body"].read()
    version = {"VersionId": stored["VersionId"], "BypassGovernanceRetention": True}
    s3_client.delete_object(**where, **version)
    both = ("--object", lost, "--object", kept)
    office.run("hold", "place", "litigation", *both, "--authority", "court")
    failed = office.run("locks", "sync", "--json", expected=15)
    s3_client.put_object(**where, Body=data)
    mended = office.run("locks", "sync", "--json").document

    assert (1, 1) == (failed.document["objects"], failed.document["withheld"])
    assert f"objects/{lost}/00000001 is missing" in failed.err
    assert (1, 0) == (mended["objects"], mended["withheld"])


def test_a_bucket_without_locks_is_refused_until_asked_for(bench: Bench, plain_bucket: str) -> None:
    """Without Object Lock, `init` says how to do without, takes its keys back, and then warns."""
    plain = {"BWCSTORE_STORE": f"s3://{plain_bucket}/evidence"}
    refused = bench.run("init", expected=7, variables=plain)
    left = [path for path in bench.root.rglob("*") if path.is_file()]
    made = bench.run("init", "--lock", "none", variables=plain)
    synced = bench.run("locks", "sync", expected=7, variables=plain)

    assert "no Object Lock" in refused.err
    assert [] == left
    assert "none: this store was created to do without" in made.out
    assert "Nothing in this bucket is locked" in made.err
    assert "storage-unfit" in synced.err


def test_keys_can_be_kept_and_proven_in_a_bucket(office: Bench, plain_bucket: str) -> None:
    """A replica and a backup of the keys can be put into a bucket, and the backup is drilled."""
    third, backup = f"s3://{plain_bucket}/third", f"s3://{plain_bucket}/backup"
    added = office.run("key", "add-replica", third)
    all_three = f"{office.variables['BWCSTORE_VAULTS']}:{third}"
    healthy = office.run("key", "health", variables={"BWCSTORE_VAULTS": all_three})
    office.run("key", "backup", backup)
    drilled = office.run("key", "drill", "--backup-vault", backup, "--json").document

    assert f"--vault {office.root}/vault --vault {third}\n" in added.err
    assert "every replica is whole" in healthy.err
    assert (True, drilled["key_count"]) == (drilled["passed"], drilled["opened_count"])


def test_a_catalog_of_a_bucket_is_in_the_cache(office: Bench) -> None:
    """`query` works, and keeps its tables in the user's cache."""
    clip = office.ingest()
    rows = office.run("query", "objects", "--json").out
    folder = office.root / "home/.cache/bwcstore"

    assert clip in rows
    assert [f"{_bucket(office)}.agency.evidence.catalog"] == [one.name for one in folder.iterdir()]


_MISTAKES: Final[dict[str, tuple[dict[str, str], str]]] = {
    "bucket": (
        {},
        "check the bucket's name, the region and the endpoint [bucket-missing]",
    ),
    "secret": (
        {"AWS_SECRET_ACCESS_KEY": "another"},
        "renew the credentials, and check this machine's clock [credentials-refused]",
    ),
    "access key": (
        {"AWS_ACCESS_KEY_ID": "nobody"},
        "renew the credentials, and check this machine's clock [credentials-refused]",
    ),
    "no credentials": (
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret [credentials-missing]",
    ),
    "profile": (
        {"BWCSTORE_S3_PROFILE": "nobody"},
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret [credentials-missing]",
    ),
    "endpoint": (
        {"BWCSTORE_S3_ENDPOINT_URL": UNUSED_PORT, "BWCSTORE_S3_TRY_SECONDS": "0.5"},
        "check the endpoint, the network and the certificates [storage-unreachable]",
    ),
}


@pytest.mark.parametrize("mistake", _MISTAKES)
@pytest.mark.parametrize("command", ["init", "verify", "ls"])
def test_what_is_wrong_is_said(
    s3_server: S3Service, tmp_path: Path, command: str, mistake: str
) -> None:
    """Each mistake has exit code 7, its kind, and what to do; no key is left behind."""
    bench = bench_for(s3_server, tmp_path, "s3://no-such-bucket-anywhere/evidence")
    variables, advice = _MISTAKES[mistake]
    vaults = {"BWCSTORE_VAULTS": "s3://no-such-bucket-anywhere/keys"}
    failed = bench.run(command, expected=7, variables={**vaults, **variables})

    assert failed.err.rstrip().endswith(advice)
    assert [] == [path for path in bench.root.rglob("*") if path.is_file()]


def test_a_store_in_a_bucket_needs_a_vault(s3_server: S3Service, tmp_path: Path) -> None:
    """Keys of a store in a bucket cannot lie beside it: the program says what is missing."""
    bench = bench_for(s3_server, tmp_path, "s3://no-such-bucket-anywhere/evidence")
    failed = bench.run("init", expected=2, variables={"BWCSTORE_VAULTS": ""})

    assert "--vault is needed, or the variable BWCSTORE_VAULTS" in failed.err


def test_the_missing_extra_is_named(
    s3_server: S3Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the client library the program says what to install."""
    bench = bench_for(s3_server, tmp_path, "s3://no-such-bucket-anywhere/evidence")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    failed = bench.run("ls", expected=3)

    assert "object storage needs: pip install 'bwcstore[s3]' [extra-missing]" in failed.err
