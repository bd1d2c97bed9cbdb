"""Destruction in a bucket as its users command it: told, withheld, and run again."""

import json
import time
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.s3_service import S3Service
from tests.s3.bench import Bench, bench_for
from tests.s3.desk import SHORTLY, Desk
from tests.s3.ground import Ground

WITHHELD: Final = 11
APPROVAL: Final = 12


@pytest.fixture
def desk(s3_server: S3Service, s3_client: Any, tmp_path: Path) -> Desk:
    """A place for a store with claims, before which no races are tried."""
    return Desk(Ground.lay(s3_server, tmp_path, "claimed"), s3_client)


@pytest.fixture
def bench(s3_server: S3Service, tmp_path: Path, desk: Desk) -> Bench:
    """The program on that store."""
    return bench_for(
        s3_server,
        tmp_path,
        desk.ground.url,
        AWS_ENDPOINT_URL=desk.ground.endpoint,
        BWCSTORE_CLAIMS=f"s3://{desk.ground.plain}/claims",
        BWCSTORE_VAULTS=f"s3://{desk.ground.plain}/keys",
        BWCSTORE_KEY_FILE=desk.ground.key_file,
        BWCSTORE_ACTOR="ann",
    )


@pytest.mark.spec("LCK-14", "PRG-12")
def test_what_is_locked_is_told_withheld_and_destroyed_later(desk: Desk, bench: Bench) -> None:
    """A plan tells what the storage still locks, as the library does; it is approved all the same,
    a run destroys the rest with exit code 11, and the same plan is run again when the lock is over.
    """
    desk.begin(2)
    locked, free = map(str, desk.made)
    desk.retain(SHORTLY, desk.made[1])
    ending = time.monotonic() + SHORTLY
    with desk.ground.open() as store, desk.act(store) as session:
        planned = {str(one): str(until) for one, until in session.plan_purge().locked.items()}
    text = bench.root / "plan.json"
    told = bench.run("purge", "plan", "--json", expected=APPROVAL).document
    proposed = bench.run("purge", "propose", "--write", str(text), "--json").document
    plan, digest = proposed["plan"], proposed["plan_sha256"]
    other = {"BWCSTORE_ACTOR": "bob"}
    bench.run("purge", "approve", plan, "--digest", digest, variables=other)
    time.sleep(max(0.0, ending - time.monotonic()))
    early = bench.run("purge", "run", plan, "--json", expected=WITHHELD).document
    desk.unlock(desk.made[0])
    late = bench.run("purge", "run", plan, "--json").document
    listed = bench.run("locks", "show").out.splitlines()

    assert {locked, free} == {one["object"] for one in told["due"]} == set(told["locked"])
    assert planned == told["locked"]
    assert "locked" not in json.loads(text.read_bytes())
    assert ([free], {locked: "withheld-by-storage"}) == (early["completed"], early["withheld"])
    assert ([locked], {}) == (late["completed"], late["withheld"])
    assert {f"{locked}  purged", f"{free}  purged"} == {one for one in listed if "purged" in one}
    assert [[], []] == [desk.left(one) for one in desk.made]
