"""The program as one user of a machine runs it, with a home of their own."""

import io
import json
import os
import uuid
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

import attrs

from bwcstore.cli._app import run
from tests.integration.s3_service import S3Service

VIDEO: Final = bytes(range(256)) * 1200
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Done:
    """How one command ended."""

    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


@attrs.frozen(kw_only=True)
class Bench:
    """A user's home, and the variables that every command finds."""

    root: Path
    variables: dict[str, str]

    def run(
        self, *arguments: str, variables: Mapping[str, str] = NOTHING, expected: int = 0
    ) -> Done:
        """Run one command in this process and check its exit code."""
        kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            patch.dict(os.environ, {**kept, **self.variables, **variables}, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run(arguments)
        out.flush()

        assert expected == code, err.getvalue()
        return Done(out=out.buffer.getvalue().decode(errors="replace"), err=err.getvalue())

    def ingest(self) -> str:
        """Take a recording in that was not there before; returns its id."""
        clip = self.root / "clip.mp4"
        clip.write_bytes(VIDEO)
        source = ("--source-id", uuid.uuid4().hex)
        return str(self.run("ingest", str(clip), *source, "--json").document["object"])

    def init(self, *arguments: str) -> Any:
        """Make the store; returns what the program says of it."""
        small = ("--chunk-bytes", "64K", "--segment-chunks", "2")
        return self.run("init", *small, *arguments, "--json").document


def bench_for(service: S3Service, folder: Path, store: str, **variables: str) -> Bench:
    """A bench for a store at the serial endpoint, where nothing is waited for long."""
    home = folder / "home"
    home.mkdir()
    return Bench(
        root=folder,
        variables={
            "HOME": str(home),
            "AWS_ACCESS_KEY_ID": service.key_id,
            "AWS_SECRET_ACCESS_KEY": service.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": service.serial,
            "BWCSTORE_S3_TRY_SECONDS": "20",
            "BWCSTORE_STORE": store,
            "BWCSTORE_VAULTS": f"{folder}/vault",
            "BWCSTORE_ACTOR": "rivera",
            "BWCSTORE_REASON": "a test",
            **variables,
        },
    )
