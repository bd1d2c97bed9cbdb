"""The example of a store in a bucket is one story that runs."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.integration.s3_service import S3Service

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples/store_on_s3.py"
LINES_MAX: Final = 80
SECONDS_MAX: Final = 60


@pytest.mark.parametrize("protocol", ["numbered", "claimed"])
def test_it_runs(
    s3_server: S3Service, locked_bucket: str, plain_bucket: str, tmp_path: Path, protocol: str
) -> None:
    """The example runs against either kind of bucket, and the recording is locked and held."""
    claimed = protocol == "claimed"
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": s3_server.key_id,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "BWCSTORE_S3_ENDPOINT_URL": s3_server.parallel if claimed else s3_server.serial,
        "BWCSTORE_STORE": f"s3://{locked_bucket}/example",
        "BWCSTORE_CLAIMS": f"s3://{plain_bucket}/claims" if claimed else "",
        "PYTHONPATH": str(ROOT / "src"),
    }
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert f"{protocol}\n" in done.stdout


def test_it_is_short_and_public() -> None:
    """The example is short, and uses public names only."""
    text = EXAMPLE.read_text("utf-8")
    modules = [
        node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    ]

    assert len(text.splitlines()) <= LINES_MAX
    assert {"pathlib", "bwcstore"} == set(modules)
