"""The manifests and segments that the entries name (AUD-21 to AUD-25)."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from canonical import Json, RefusedError
from custody import Custody
from findings import Report
from manifests import Manifest, read_manifest
from merkle import leaf_hash, root

Leaf = dict[str, Json]

MANIFEST_BYTES = 64 << 20


@dataclasses.dataclass
class Objects:
    """Everything below `objects/`, and what the ledger says must be there."""

    root: Path
    report: Report
    genesis: Leaf | None
    store: str | None
    state: Custody
    segments: dict[str, dict[int, str]]
    manifests: dict[str, dict[str, str]]

    @property
    def ingested(self) -> dict[str, Leaf]:
        """What the ledger says there is, or was."""
        return self.state.ingested

    def check(self) -> None:
        """Check every object, and count what no entry names."""
        for identifier in sorted(self.ingested):
            self._object(identifier, self.ingested[identifier])
        for identifier in sorted(set(self.segments) | set(self.manifests)):
            if identifier not in self.ingested:
                for name in self.segments.get(identifier, {}).values():
                    self._orphan("segment-orphan", name)
            named = self.ingested.get(identifier, {}).get("body", {}).get("manifest_sha256")
            for digest, name in self.manifests.get(identifier, {}).items():
                if digest != named:
                    self._orphan("manifest-orphan", name)

    def _orphan(self, code: str, name: str, severity: str = "note") -> None:
        """Say that no entry names something."""
        self.report.add(code, "AUD-25", name, "no entry names it", severity=severity)

    def _object(self, identifier: str, leaf: Leaf) -> None:
        """Check one object."""
        digest = leaf["body"]["manifest_sha256"]
        name = f"objects/{identifier}/manifest-{digest}"
        stored = self.segments.get(identifier, {})
        where = {"object": identifier, "entry": leaf["index"]}
        status = self.state.said_of(identifier).status
        if status == "purging":
            self.report.add(
                "purge-unfinished", "AUD-37", name, "not reported as done", severity="warning",
                **where,
            )  # fmt: skip
        elif status == "purged" and any(n < leaf["body"]["segment_count"] for n in stored):
            self.report.add("purged-bytes-present", "AUD-37", name, "segments are there", **where)
        try:
            raw = self._read(identifier, digest, name)
            manifest = read_manifest(raw, digest)
        except RefusedError as error:
            self.report.add(error.code, "AUD-21", name, str(error), **where)
            if status == "present":
                self._without_manifest(identifier, leaf, stored)
            return
        for code, message in self._agreement(manifest, identifier, leaf):
            self.report.add(code, "AUD-22", name, message, **where)
        chunk = 0
        gone = {"present": set(), "purging": set(range(len(manifest.segments))) - set(stored)}
        for number in range(len(manifest.segments)):
            if number in gone.get(status, {number}):
                chunk += len(manifest.segments[number].leaves)
                continue
            self._segment(manifest, number, chunk, stored, where)
            chunk += len(manifest.segments[number].leaves)
        for number in sorted(stored):
            if number >= len(manifest.segments):
                self._orphan("segment-orphan", stored[number], "error")

    def _read(self, identifier: str, digest: str, name: str) -> bytes:
        """The bytes of a manifest."""
        if digest not in self.manifests.get(identifier, {}):
            raise RefusedError("manifest-missing", "the manifest is not there")
        with (self.root / name).open("rb") as file:
            return file.read(MANIFEST_BYTES + 1)

    def _agreement(
        self, manifest: Manifest, identifier: str, leaf: Leaf
    ) -> Iterator[tuple[str, str]]:
        """Where the manifest says another thing than the entries (AUD-22)."""
        body = leaf["body"]
        if manifest.object != identifier:
            yield "manifest-invalid", "it is of another object"
        if manifest.header.hex() != body["header"]:
            yield "header-invalid", "not the header in the entry"
        if len(manifest.segments) != body["segment_count"]:
            yield "manifest-invalid", "not the number of segments in the entry"
        if manifest.root != body["ciphertext_root"]:
            yield "ciphertext-root", "not the root in the entry"
        if manifest.store != self.store:
            yield "manifest-invalid", "it is of another store"
        if self.genesis is None:
            return
        first = self.genesis["body"]
        full = len(manifest.segments[0].leaves)
        several = len(manifest.segments) > 1
        right = full == first["segment_chunks"] if several else full <= first["segment_chunks"]
        if manifest.chunk_bytes != first["chunk_bytes"] or not right:
            yield "chunk-shape", "not the geometry of the store"

    def _segment(
        self, manifest: Manifest, number: int, chunk: int, stored: dict[int, str],
        where: dict[str, Any],
    ) -> None:  # fmt: skip
        """Check one segment chunk by chunk (AUD-23, AUD-24)."""
        listed = manifest.segments[number]
        name = f"objects/{where['object']}/{number:08d}"
        where = where | {"segment": number}
        if number not in stored:
            self.report.add("segment-missing", "AUD-23", name, "it is not there", **where)
            return
        path = self.root / name
        if path.stat().st_size != listed.length_bytes:
            self.report.add("segment-length", "AUD-23", name, "of another length", **where)
        with path.open("rb") as file:
            for at, leaf in enumerate(listed.leaves):
                length = manifest.sealed_bytes(number, at)
                raw = file.read(length)
                first = at * manifest.chunk_bytes
                place = where | {"chunk": chunk + at, "range": [first, first + length]}
                last = chunk + at == manifest.chunks - 1
                if leaf_hash(raw) != leaf:
                    self.report.add("chunk-digest", "AUD-24", name, "changed", **place)
                elif raw[:4] != (length.to_bytes(4, "big") if last else b"\xff" * 4):
                    self.report.add("chunk-shape", "AUD-24", name, "length word", **place)

    def _without_manifest(self, identifier: str, leaf: Leaf, stored: dict[int, str]) -> None:
        """Compare stored segments with the root in the entry (AUD-21)."""
        if self.genesis is None:
            return
        length = self.genesis["body"]["chunk_bytes"]
        name = f"objects/{identifier}/manifest-{leaf['body']['manifest_sha256']}"
        leaves: list[bytes] = []
        for number in range(leaf["body"]["segment_count"]):
            if number not in stored:
                missing = f"objects/{identifier}/{number:08d}"
                self.report.add("segment-missing", "AUD-23", missing, "it is not there")
                return
            with (self.root / stored[number]).open("rb") as file:
                while raw := file.read(length):
                    leaves.append(leaf_hash(raw))
        if root(leaves).hex() != leaf["body"]["ciphertext_root"]:
            self.report.add(
                "ciphertext-root", "AUD-21", name, "the segments have another root",
                object=identifier, entry=leaf["index"],
            )  # fmt: skip
