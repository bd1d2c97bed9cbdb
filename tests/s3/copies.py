"""A bucket copied to a disk with plain requests, and what two verifiers say of the copy."""

import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import attrs

from bwcstore.cli._app import run
from tests.independent.test_independent import independent


@attrs.frozen(kw_only=True)
class Copy:
    """A copy of the evidence and of the claims, as an auditor has them.

    Attributes:
        evidence: the copy of the store.
        claims: that of its claims; None where there are none.
        kept: the checkpoint that the auditor kept.
        vkey: the store's key as the auditor knows it.
        held: a recording that is there.
        gone: one that was destroyed.
    """

    evidence: Path
    claims: Path | None
    kept: Path
    vkey: str
    held: str
    gone: str

    @property
    def options(self) -> list[str]:
        """What a verifier has to know of the claims."""
        return [] if self.claims is None else ["--claims", str(self.claims)]

    def to(self, folder: Path) -> "Copy":
        """The same once more, to be altered."""
        claims = self.claims and shutil.copytree(self.claims, folder / "claims")
        evidence = shutil.copytree(self.evidence, folder / "evidence")
        return attrs.evolve(self, evidence=evidence, claims=claims)

    def batch(self, number: int) -> Path:
        """The file of a batch; a number below 0 counts from the end."""
        return sorted((self.evidence / "ledger/0/batch").iterdir())[number]

    def batch_with(self, text: bytes) -> Path:
        """The file of the batch in which something stands."""
        folder = self.evidence / "ledger/0/batch"
        (found,) = (path for path in folder.iterdir() if text in path.read_bytes())
        return found

    def claim(self, number: int) -> Path:
        """The claim of a batch, likewise."""
        assert self.claims is not None
        return sorted((self.claims / "ledger/0/batch").iterdir())[number]

    def segment(self, object_id: str) -> Path:
        """The first segment of a recording."""
        return self.evidence / f"objects/{object_id}/00000000"

    def codes(self, *options: object) -> set[str]:
        """What both verifiers call wrong, which must be the same."""
        code, findings = self.verify(*options)
        ours = {one["code"] for one in findings if one["severity"] == "error"}
        _, others = independent(self.evidence, *self.options, *options)

        assert (others, bool(others)) == (ours, bool(code))
        return ours

    def verify(self, *options: object) -> tuple[int, list[dict[str, str]]]:
        """What our program says: its exit code and its findings."""
        where = ["--store", str(self.evidence), "--vault", str(self.kept.parent / "nowhere")]
        out = io.StringIO()
        with redirect_stdout(out):
            code = run(["verify", *where, *self.options, *map(str, options), "--json"])
        return code, json.loads(out.getvalue())["findings"]


@attrs.frozen(kw_only=True)
class Copies:
    """What was copied.

    Attributes:
        sound: before anybody did anything to the bucket.
        shown: after names were covered, what the bucket shows.
        first: the oldest version of each name, then.
        covered: the names.
    """

    sound: Copy
    shown: Copy
    first: Copy
    covered: set[str]


def copy_newest(client: Any, bucket: str, prefix: str, target: Path) -> None:
    """Copy what a bucket shows below a prefix."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", []):
            data = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            _write(target / one["Key"].removeprefix(prefix), data)


def copy_oldest(client: Any, bucket: str, prefix: str, target: Path) -> None:
    """Copy the oldest version of every name below a prefix, whatever lies over it."""
    oldest: dict[str, str] = {}
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        oldest |= {one["Key"]: one["VersionId"] for one in page.get("Versions", [])}
    for key, version in oldest.items():
        found = client.get_object(Bucket=bucket, Key=key, VersionId=version)
        _write(target / key.removeprefix(prefix), found["Body"].read())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
