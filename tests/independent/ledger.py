"""The batches and entries of a ledger, read in order and checked link by link (AUD-3 to AUD-14)."""

import dataclasses
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from canonical import Json, RefusedError, decode, encode, exact, is_hex, is_uuid, is_whole, unbase64
from findings import Report
from leaves import OPEN, read_leaf, signature_holds
from merkle import leaf_hash, root
from notes import VerifierKey
from rows import state_root
from state import State

Leaf = dict[str, Json]

ZERO = "0" * 64
PAYLOAD = b'{"payload"'
HEADER = {
    "batch", "first_index", "format", "generation", "nonce", "prev_batch_sha256", "store",
    "writer",
}  # fmt: skip
FORMAT = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\Z")
BATCH_BYTES = 16_777_216


@dataclasses.dataclass
class Generation:
    """What a generation holds as far as it could be read; not whole behind a gap."""

    hashes: list[bytes] = dataclasses.field(default_factory=list)
    leaves: list[bytes] = dataclasses.field(default_factory=list)
    whole: bool = True


@dataclasses.dataclass
class Ledger:
    """The place that the reading has reached, and what it has gathered."""

    root: Path
    report: Report
    names: dict[int, dict[int, str | None]]
    generations: dict[int, Generation] = dataclasses.field(default_factory=dict)
    by_index: dict[int, tuple[bytes, Leaf | None]] = dataclasses.field(default_factory=dict)
    state: State = dataclasses.field(default_factory=State)
    genesis: Leaf | None = None
    store: str | None = None
    count: int = 0
    last: str | None = ZERO
    last_at: str = ""
    batch_digest: str | None = ZERO
    heads: dict[str, tuple[str, int, int]] = dataclasses.field(default_factory=dict)
    unread: set[str] = dataclasses.field(default_factory=set)
    gap: bool = False
    weak: bool = False
    annexes: dict[str, int] = dataclasses.field(default_factory=dict)
    closed: Leaf | None = None
    must_open: bool = False

    def read(self) -> None:
        """Read every batch of every generation."""
        expected = 0
        for number in sorted(self.names):
            if number != expected:
                self._missing(f"ledger/{expected}/batch/{0:012d}")
            self._generation(number)
            expected = number + 1
        if not self.names:
            self._missing(f"ledger/0/batch/{0:012d}")

    def _missing(self, name: str) -> None:
        """Report missing batches."""
        self.report.add("batch-missing", "AUD-3", name, "missing, and later batches are there")
        self._lose()

    def _lose(self) -> None:
        """From here on, links may reach into a gap."""
        self.last = self.batch_digest = None
        self.gap = self.weak = True
        for generation in self.generations.values():
            generation.whole = generation.whole and generation is not self._newest()

    def _newest(self) -> Generation:
        """The generation that is being read."""
        return self.generations[max(self.generations)]

    def _generation(self, number: int) -> None:
        """Read the batches of one generation."""
        if number and self.closed is None and not self.weak:
            self.report.add(
                "genesis-invalid", "AUD-14", f"ledger/{number}/batch/{0:012d}",
                "the generation before was not closed",
            )  # fmt: skip
        self.must_open = number > 0
        self.generations[number] = Generation()
        expected = 0
        for batch in sorted(self.names[number]):
            if batch != expected:
                self._missing(f"ledger/{number}/batch/{expected:012d}")
                self.must_open = False
                self._newest().whole = False
            name = self.names[number][batch]
            if name is None:
                self._lose()
                self.must_open = self._newest().whole = False
            else:
                self._batch(number, batch, name)
            expected = batch + 1

    def _batch(self, generation: int, number: int, name: str) -> None:
        """Read one batch: its header, then its lines."""
        with (self.root / name).open("rb") as file:
            raw = file.read(BATCH_BYTES + 1)
        lines = raw.split(b"\n")
        rest = lines.pop()
        if rest or len(raw) > BATCH_BYTES:
            self._bad(name, "it does not end with a line end, or is too long")
        if lines:
            self._header(lines[0], generation, number, name)
        kept = b"".join(line + b"\n" for line in lines if not line.startswith(PAYLOAD))
        if not rest.startswith(PAYLOAD):
            kept += rest
        self.batch_digest = hashlib.sha256(kept).hexdigest()
        entries = 0
        waiting: Leaf | None = None
        usable, missing = True, False
        for line in lines[1:]:
            if line.startswith(PAYLOAD):
                if waiting is not None or usable:
                    self._payload(line, waiting, name)
                waiting, usable = None, True
            else:
                missing = missing or waiting is not None
                waiting, usable = self._entry(line, generation, name)
                entries += 1
        if missing or waiting is not None:
            self.report.add(
                "payload-missing", "AUD-11", name, "payload lines were left out", severity="note"
            )
        if not 1 <= entries <= 65_536:
            self._bad(name, "it has no entry, or too many")
        if not entries or (rest and not rest.startswith(PAYLOAD)):
            self._lose()
            self._newest().whole = False

    def _bad(self, name: str, message: str) -> None:
        """Report a batch of another form."""
        self.report.add("batch-invalid", "AUD-4", name, message)

    def _header(self, line: bytes, generation: int, number: int, name: str) -> None:
        """Check the first line of a batch (AUD-5)."""
        try:
            header = exact(decode(line, 1024), HEADER)
            whole = (header["batch"], header["first_index"], header["generation"])
            version = FORMAT.match(header["format"]) if isinstance(header["format"], str) else None
            if not all(
                [
                    all(map(is_whole, whole)),
                    version,
                    is_hex(header["nonce"], 16),
                    is_hex(header["prev_batch_sha256"], 32),
                    is_uuid(header["store"]),
                    is_hex(header["writer"], 8),
                ]
            ):
                raise RefusedError("field-invalid", "a field of another form")
        except RefusedError as error:
            self._bad(name, f"header: {error.code}: {error}")
            return
        self._version(header["format"], name)
        self.store = self.store or header["store"]
        place = (header["store"], header["generation"], header["batch"])
        if place != (self.store, generation, number):
            self.report.add("batch-link", "AUD-5", name, "it names another place")
        if self.batch_digest not in (None, header["prev_batch_sha256"]):
            self.report.add("batch-link", "AUD-5", name, "it names another batch before it")
        if self.last is None:
            self.count = header["first_index"]
        elif header["first_index"] != self.count:
            self.report.add("index-broken", "AUD-5", name, "its first index is not the count")

    def _version(self, version: str, name: str) -> None:
        """Note a newer minor version and refuse another major one (LED-22)."""
        if version == "1.0":
            return
        same = version.startswith("1.")
        if same and not self.report.once("newer header"):
            return
        newer = same or version > "1"
        self.report.add(
            "format-newer" if newer else "format-unknown", "AUD-5", name, version,
            severity="note" if same else "error",
        )  # fmt: skip

    def _payload(self, line: bytes, leaf: Leaf | None, name: str) -> None:
        """Check a payload line against the leaf that it follows (AUD-11)."""
        if leaf is None:
            self.report.add(
                "batch-invalid", "AUD-11", name, "a payload line that follows no leaf that names it"
            )
            return
        try:
            raw = unbase64(exact(decode(line), {"payload"})["payload"])
        except RefusedError:
            raw = None
        if raw is None or hashlib.sha256(raw).hexdigest() != leaf["sealed"]["sha256"]:
            self.report.add(
                "payload-digest", "AUD-11", name, "not the payload that the leaf names",
                entry=leaf["index"],
            )  # fmt: skip

    def _entry(self, line: bytes, generation: int, name: str) -> tuple[Leaf | None, bool]:
        """Take in one leaf; give it back if it names a payload, and whether it was usable."""
        place, digest = self.count, leaf_hash(line)
        leaf: Leaf | None = None
        if self.last not in (None, line[10:74].decode("latin-1")):
            self.report.add(
                "chain-broken", "AUD-8", name, "it names another entry before it", entry=place
            )
            if self.weak:
                self.unread.add(line[10:74].decode("latin-1"))
        try:
            leaf = read_leaf(line)
        except RefusedError as error:
            self.report.add(error.code, "AUD-7", name, str(error), entry=place)
            self.weak = True
            self.must_open = False
            self.closed = None
        if leaf is not None:
            for code, clause, message in self._check(leaf, generation, digest.hex()):
                self.report.add(code, clause, name, message, entry=place)
        self.by_index[place] = (digest, leaf)
        held = self.generations[generation]
        held.hashes.append(digest)
        held.leaves.append(line)
        self.last, self.count = digest.hex(), place + 1
        return (leaf if leaf is not None and "sealed" in leaf else None), leaf is not None

    def _check(self, leaf: Leaf, generation: int, digest: str) -> Iterator[tuple[str, str, str]]:
        """Check everything about a leaf that depends on what stands before it."""
        if leaf["index"] != self.count:
            yield "index-broken", "AUD-8", "its index is not its place"
        if leaf["at"] < self.last_at:
            yield "time-order", "AUD-8", "it is older than the entry before"
        self.last_at = leaf["at"]
        yield from self._scopes(leaf)
        yield from self._generations(leaf, generation)
        self._opaque(leaf)
        if self.genesis is None and self.count == 0:
            yield from self._first(leaf)
        elif leaf["kind"] == "store.created":
            yield "genesis-invalid", "AUD-6", "a second first entry"
        if leaf["auth"]["method"] == "ed25519" and not signature_holds(leaf, self.store or ""):
            yield "signature-invalid", "AUD-10", "the signature does not verify"
        for code, message in self.state.signature(leaf):
            if not self.weak:
                yield code, "AUD-10", message
        self.state.clock(leaf)
        if leaf["kind"] in OPEN:
            yield from self._committed(leaf)
            for name in [name for name in leaf["body"] if name.endswith("_annex")]:
                self.annexes.setdefault(leaf["body"][name], self.count)
            for code, message in self.state.judge(leaf):
                if self.weak:
                    self._weak(code, leaf, message)
                else:
                    yield code, "AUD-12", message
        self.heads[leaf["scope"]["id"]] = (digest, leaf["scope"]["seq"], self.count)

    def _committed(self, leaf: Leaf) -> Iterator[tuple[str, str, str]]:
        """Compare what an entry commits to with the state that it names (AUD-35)."""
        if leaf["kind"] != "state.committed" or self.weak or not self.report.clear("opaque "):
            return
        size, state, heads = leaf["body"]["size"], self.state, self.heads
        if size < self.count:
            state, heads = State(), {}
            for index in range(size):
                digest, known = self.by_index[index]
                if known is not None:
                    list(state.judge(known))
                    scope = known["scope"]
                    heads[scope["id"]] = (digest.hex(), scope["seq"], index)
        stated = (leaf["body"]["rows"], leaf["body"]["root"])
        if size > self.count or state_root(state, heads) != stated:
            yield "state-root", "AUD-35", "not the state of so many entries"

    def _weak(self, code: str, leaf: Leaf, message: str) -> None:
        """Report what a gap may explain, once for each code, kind and actor (AUD-12)."""
        if self.report.once(f"weak {code} {leaf['kind']} {leaf['by']}"):
            self.report.add(code, "AUD-12", "", message, severity="warning", entry=self.count)

    def _opaque(self, leaf: Leaf) -> None:
        """Note a scope that has an entry of an unknown kind (AUD-13)."""
        scope = leaf["scope"]["id"]
        if leaf["kind"] not in OPEN and self.report.once(f"opaque {scope}"):
            code = "store-opaque" if scope == "store" else "scope-opaque"
            self.report.add(code, "AUD-13", scope, leaf["kind"], severity="note", entry=self.count)

    def _scopes(self, leaf: Leaf) -> Iterator[tuple[str, str, str]]:
        """Check the entry's own chain, and what it was decided on (AUD-9)."""
        scope, decided = leaf["scope"], leaf["decided"]
        head = self.heads.get(scope["id"])
        right = (ZERO, 0, self.count) if head is None else (head[0], head[1] + 1, head[2])
        stated = (scope["prev"], scope["seq"], scope["prev_index"])
        if stated != right and scope["prev"] not in self.unread and not self._in_gap(scope["prev"]):
            yield "scope-broken", "AUD-9", "it does not continue its scope"
        store = self.heads.get("store")
        base = (ZERO, 0) if store is None else (store[0], store[1])
        claimed = (decided["store_head"], decided["store_seq"])
        explained = claimed[0] in self.unread or self._in_gap(claimed[0])
        if claimed != base and not explained and self.report.once(f"decided {claimed}"):
            yield "scope-broken", "AUD-9", "it was decided on another entry of the store"

    def _in_gap(self, digest: str) -> bool:
        """Tell whether a link may reach into a gap: no entry that was read has this hash."""
        return self.gap and all(digest != known.hex() for known, _ in self.by_index.values())

    def _first(self, leaf: Leaf) -> Iterator[tuple[str, str, str]]:
        """Check the first entry of a store (AUD-6, LED-40)."""
        body = leaf["body"]
        if leaf["kind"] != "store.created":
            yield "genesis-invalid", "AUD-6", "the first entry is of another kind"
            return
        if body["format"] != "1.0":
            known = FORMAT.match(body["format"])
            yield ("format-newer" if known else "format-unknown"), "AUD-6", "format"
        self.genesis = leaf
        length = body["chunk_bytes"]
        try:
            named = VerifierKey.parse(body["verifier_key"]).name
        except RefusedError:
            named = ""
        if not all([
            body["store"] == (self.store or body["store"]),
            65_536 <= length <= 8_388_608 and length & (length - 1) == 0,
            1 <= body["segment_chunks"] <= 4096, named == body["origin"],
        ]):  # fmt: skip
            yield "genesis-invalid", "AUD-6", "parameters that no store has"

    def _generations(self, leaf: Leaf, generation: int) -> Iterator[tuple[str, str, str]]:
        """Check how generations end and begin (AUD-14)."""
        kind, body = leaf["kind"], leaf["body"]
        if self.must_open:
            self.must_open = False
            if kind != "generation.opened":
                yield "genesis-invalid", "AUD-14", "a generation begins with another entry"
            else:
                yield from self._opened(body, generation)
        elif kind == "generation.opened":
            yield "genesis-invalid", "AUD-14", "it opens a generation in the middle of one"
        elif self.closed is not None:
            yield "genesis-invalid", "AUD-14", "an entry after the generation was closed"
        self.closed = leaf if kind == "generation.closed" else None
        if kind == "generation.closed" and not self.weak:
            rows = [
                encode({"head": head, "id": scope, "seq": seq})
                for scope, (head, seq, _) in sorted(self.heads.items())
            ]
            if (body["heads_count"], body["heads_root"]) != (
                len(rows), root([leaf_hash(row) for row in rows]).hex(),
            ):  # fmt: skip
                yield "state-invalid", "AUD-14", "not the heads of all scopes"

    def _opened(self, body: Leaf, generation: int) -> Iterator[tuple[str, str, str]]:
        """Check what the first entry of a generation says of the one before."""
        before = self.generations.get(generation - 1)
        if before is None or not before.whole:
            return
        stated = (body["generation"], body["previous_size"], body["previous_root"])
        if stated != (generation, len(before.hashes), root(before.hashes).hex()):
            yield "genesis-invalid", "AUD-14", "not the generation before"
        closed = self.closed["body"] if self.closed is not None else None
        if closed not in (None, {n: body[n] for n in ("heads_count", "heads_root")}):
            yield "state-invalid", "AUD-14", "not the heads of the generation before"
