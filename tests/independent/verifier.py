"""A verifier of a bwcstore store, written from the specification alone; standard library only.

    python verifier.py STORE_DIR [--claims CLAIMS_DIR] [--vkey VKEY] [--expect NOTE]...

The directory may be the copy of a bucket, and the claims, where the store has any, that of another.
It does not judge destructions once more by the law (AUD-34): that takes a calendar of holidays.

Prints one line of JSON for each finding. Exit code 0 when none of them is an error, else 1.
"""

import argparse
import dataclasses
import hashlib
import sys
from pathlib import Path

from canonical import RefusedError
from claims import Claims, Place
from findings import Report
from ledger import Ledger
from merkle import TILE, bundle, roots, tile
from names import is_canary, kind_of, tile_number, walk
from notes import Checkpoint, VerifierKey, is_receipt, read_checkpoint, read_receipt
from objects import Objects

NOTE_BYTES = 65_536
ANNEX_BYTES = 64 << 20


@dataclasses.dataclass
class Stored:
    """The stored names, by what they are names of."""

    batches: dict[int, dict[int, str | None]] = dataclasses.field(default_factory=dict)
    candidates: dict[Place, list[str]] = dataclasses.field(default_factory=dict)
    checkpoints: dict[tuple[int, int], str] = dataclasses.field(default_factory=dict)
    tiles: list[tuple[int, int | None, int, str]] = dataclasses.field(default_factory=list)
    segments: dict[str, dict[int, str]] = dataclasses.field(default_factory=dict)
    manifests: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    annexes: dict[str, str] = dataclasses.field(default_factory=dict)
    foreign: int = 0

    @classmethod
    def under(cls, root: Path) -> "Stored":
        """Sort all names below a directory."""
        stored = cls()
        for name in walk(root):
            known = kind_of(name)
            if known is None:
                stored.foreign += not is_canary(name)
            else:
                stored._take(name, *known)
        return stored

    def _take(self, name: str, kind: str, parts: tuple[str, ...]) -> None:
        """Take in one name of the format."""
        if kind == "batch":
            self.batches.setdefault(int(parts[0]), {})[int(parts[1])] = name
        elif kind == "candidate":
            self.candidates.setdefault((int(parts[0]), int(parts[1])), []).append(parts[2])
        elif kind == "checkpoint":
            self.checkpoints[int(parts[0]), int(parts[1])] = name
        elif kind == "annex":
            self.annexes[parts[0]] = name
        elif kind == "segment":
            self.segments.setdefault(parts[0], {})[int(parts[1])] = name
        elif kind == "manifest":
            self.manifests.setdefault(parts[0], {})[parts[1]] = name
        else:
            level = int(parts[1]) if kind == "tile" else None
            number = tile_number(parts[-1]) or 0
            self.tiles.append((int(parts[0]), level, number, name))


@dataclasses.dataclass
class Verifier:
    """One run over one store."""

    root: Path
    report: Report
    stored: Stored
    ledger: Ledger
    key: VerifierKey | None = None
    found_roots: dict[int, dict[int, bytes]] = dataclasses.field(default_factory=dict)

    @classmethod
    def over(cls, root: Path, claims: Path | None = None) -> "Verifier":
        """Get ready to verify the store in a directory, or a copy of one (CLM-11)."""
        report, stored = Report(), Stored.under(root)
        # What lies among candidates under a batch's own name is no batch (CLM-2).
        if claims is not None or not stored.batches or (0, 0) in stored.candidates:
            claimed = set() if claims is None else {
                (generation, number)
                for generation, numbers in Stored.under(claims).batches.items()
                for number in numbers
            }  # fmt: skip
            stored.batches = Claims(root, claims, stored.candidates, claimed).batches(report)
        return cls(root, report, stored, Ledger(root, report, stored.batches))

    def run(self, vkey: str | None, expect: list[tuple[str, bytes]]) -> Report:
        """Check everything, in the order of the audit chapter (AUD-2)."""
        self.ledger.read()
        self._annexes()
        self._locks()
        self._choose_key(vkey)
        self._tiles()
        stated = self._checkpoints()
        outside = [self._expected(name, raw) for name, raw in expect]
        self._compute_roots(stated, [point for point in outside if point is not None])
        self._compare(stated)
        for (name, _), point in zip(expect, outside, strict=True):
            if point is not None:
                self._extends(name, point, stated)
        if not expect:
            self.report.add(
                "rollback-not-excluded", "AUD-20", "", "nothing to compare with", severity="note"
            )
        Objects(
            self.root, self.report, self.ledger.genesis, self.ledger.store,
            self.ledger.state, self.stored.segments, self.stored.manifests,
        ).check()  # fmt: skip
        if self.stored.foreign:
            self.report.add(
                "name-invalid", "AUD-25", "", f"{self.stored.foreign} other names", severity="note"
            )
        return self.report

    def _locks(self) -> None:
        """Whether somebody has seen the storage refuse an early deletion (AUD-42)."""
        body = {} if self.ledger.genesis is None else self.ledger.genesis["body"]
        if "locking" not in body:
            return
        doubted = self.ledger.state.probed != "proven"
        if body["locking"]["mode"] == "none":
            doubted = "server-time" in body["storage"]
        if doubted:
            message = "nobody has seen it refuse an early deletion"
            self.report.add("unproven-worm", "AUD-42", "", message, severity="warning")

    def _annexes(self) -> None:
        """Compare annexes with their digests, and plans with what their entries say (AUD-36)."""
        named = self.ledger.annexes
        for digest, entry in sorted(named.items()):
            if digest not in self.stored.annexes:
                self.report.add("annex-missing", "AUD-36", f"annex/{digest}", "it is not there")
            elif self._annex(digest) is None:
                name = self.stored.annexes[digest]
                self.report.add("annex-digest", "AUD-36", name, "other bytes", entry=entry)
        orphans = [digest for digest in self.stored.annexes if digest not in named]
        if orphans:
            message = f"{len(orphans)} that no entry names"
            self.report.add("annex-orphan", "AUD-36", "annex/", message, severity="note")

    def _annex(self, digest: str) -> bytes | None:
        """The bytes of an annex, if they have its digest."""
        with (self.root / self.stored.annexes[digest]).open("rb") as file:
            raw = file.read(ANNEX_BYTES + 1)
        return raw if hashlib.sha256(raw).hexdigest() == digest else None

    def _choose_key(self, given: str | None) -> None:
        """Take the auditor's key, or else that of the first entry (AUD-15)."""
        genesis = self.ledger.genesis
        named = genesis["body"]["verifier_key"] if genesis is not None else None
        chosen = named if given is None else given
        try:
            if chosen is not None:
                self.key = VerifierKey.parse(chosen)
        except RefusedError as error:
            if given is not None:
                self.report.add("key-unknown", "AUD-15", "", str(error))
        if given is not None and named not in (None, given):
            name = self.stored.batches[0][0] or ""
            self.report.add("key-unknown", "AUD-15", name, "not the auditor's key", entry=0)

    def _tiles(self) -> None:
        """Compare stored tiles and bundles with the entries (AUD-17)."""
        for generation, level, number, name in self.stored.tiles:
            held = self.ledger.generations.get(generation)
            if held is not None and not held.whole:
                continue
            end = (number + 1) * TILE ** ((level or 0) + 1)
            if held is None or end > len(held.hashes):
                self.report.add("checkpoint-beyond", "AUD-17", name, "more entries than there are")
                continue
            right = bundle(held.leaves, number) if level is None else tile(
                held.hashes, level, number
            )  # fmt: skip
            if (self.root / name).read_bytes() != right:
                code = "bundle-differs" if level is None else "tile-differs"
                self.report.add(code, "AUD-17", name, "not what the entries give")

    def _checkpoints(self) -> dict[str, Checkpoint]:
        """Verify the stored checkpoints as notes (AUD-15)."""
        stated: dict[str, Checkpoint] = {}
        if self.key is None and self.stored.checkpoints:
            self.report.add("key-unknown", "AUD-15", "", "no key is known", severity="warning")
        for (generation, size), name in sorted(self.stored.checkpoints.items()):
            try:
                with (self.root / name).open("rb") as file:
                    point = read_checkpoint(file.read(NOTE_BYTES + 1), self.key)
                if (point.generation, point.size) != (generation, size):
                    raise RefusedError("note-invalid", "it states another generation or size")
                stated[name] = point
            except RefusedError as error:
                self.report.add(error.code, "AUD-15", name, str(error))
        return stated

    def _compute_roots(self, stated: dict[str, Checkpoint], outside: list[Checkpoint]) -> None:
        """Compute the root of every generation at every size that somebody states."""
        points = [*stated.values(), *outside]
        for number, held in self.ledger.generations.items():
            if held.whole:
                sizes = {point.size for point in points if point.generation == number}
                self.found_roots[number] = roots(held.hashes, sizes)

    def _compare(self, stated: dict[str, Checkpoint]) -> None:
        """Compare stored checkpoints with the entries (AUD-15, AUD-16)."""
        wrong: set[int] = set()
        newest = max(self.ledger.generations, default=0)
        covered = 0
        for name, point in stated.items():
            held = self.ledger.generations.get(point.generation)
            if held is not None and not held.whole:
                continue
            if held is None or point.size > len(held.hashes):
                self.report.add("checkpoint-beyond", "AUD-15", name, "more entries than there are")
            elif self.found_roots[point.generation][point.size] == point.root:
                covered = max(covered, point.size) if point.generation == newest else covered
            else:
                severity = "note" if point.generation in wrong else "error"
                wrong.add(point.generation)
                self.report.add(
                    "checkpoint-root", "AUD-15", name, "not the root of the entries",
                    severity=severity,
                )  # fmt: skip
        held = self.ledger.generations.get(newest)
        if held is not None and held.whole and covered < len(held.hashes):
            message = f"{len(held.hashes) - covered} entries under no stored checkpoint"
            self.report.add("checkpoint-behind", "AUD-16", "", message, severity="note")

    def _expected(self, name: str, raw: bytes) -> Checkpoint | None:
        """Read what was kept elsewhere; a receipt is compared at once (AUD-18, AUD-19)."""
        try:
            if not is_receipt(raw):
                return read_checkpoint(raw, self.key)
            self._honours(read_receipt(raw, self.key))
        except RefusedError as error:
            clause = "AUD-19" if error.code.startswith("receipt") else "AUD-18"
            severity = "error"
            if error.code == "receipt-not-honoured" and self.ledger.gap:
                severity = "warning"
            self.report.add(error.code, clause, name, str(error), severity=severity)
        return None

    def _honours(self, said: dict[str, object]) -> None:
        """Refuse a receipt that the ledger does not honour (RCT-5)."""
        index = said["index"]
        digest, leaf = self.ledger.by_index.get(
            index if isinstance(index, int) else -1, (b"", None)
        )
        if leaf is None or (
            digest.hex(), leaf["kind"], leaf["scope"]["id"],
            leaf["body"].get("manifest_sha256"),
        ) != (
            said["entry"], "object.ingested", f"object/{said['object']}", said["manifest_sha256"],
        ):  # fmt: skip
            raise RefusedError("receipt-not-honoured", "the ledger has another entry in its place")

    def _extends(self, name: str, point: Checkpoint, stated: dict[str, Checkpoint]) -> None:
        """Compare the ledger with a checkpoint that was kept elsewhere (AUD-18)."""
        held = self.ledger.generations.get(point.generation)
        if held is not None and not held.whole:
            self.report.add(
                "rollback-not-excluded", "AUD-18", name, "entries are missing", severity="warning"
            )
        elif held is None or point.size > len(held.hashes):
            self.report.add("rolled-back", "AUD-18", name, "the ledger does not reach it")
        elif self.found_roots[point.generation][point.size] != point.root:
            self.report.add("forked", "AUD-18", name, "the ledger has another root there")
            roots_here = self.found_roots[point.generation]
            if any(
                other.generation == point.generation and other.size >= point.size
                and roots_here[other.size] == other.root
                for other in stated.values()
            ):  # fmt: skip
                self.report.add(
                    "checkpoint-equivocation", "AUD-18", name, "the key signed two histories"
                )


def main() -> int:
    """Run the verifier as a program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("store", type=Path)
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--vkey")
    parser.add_argument("--expect", type=Path, action="append", default=[])
    options = parser.parse_args()
    expect = [(path.name, path.read_bytes()) for path in options.expect]
    report = Verifier.over(options.store, options.claims).run(options.vkey, expect)
    for line in report.lines():
        sys.stdout.write(f"{line}\n")
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())
