"""The specification is enough: a verifier and a reader that share no code agree with ours."""

import dataclasses
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
from bwcstore.audit import Severity, audit_store
from bwcstore.storage import LocalBackend

HERE = Path(__file__).parent
CHUNK = 65_536
PLAIN = CHUNK - 32
LENGTHS = (0, 1, PLAIN, PLAIN + 1, 3 * PLAIN, 4 * PLAIN + 777)
FLIPS = 64


@dataclasses.dataclass(frozen=True)
class Built:
    """A store, its keys, what it was given and what was kept outside of it."""

    store: Path
    vault: Path
    key_file: Path
    recordings: dict[str, bytes]
    vkey: str
    kept: list[Path]


def made_up(length: int, seed: int) -> bytes:
    """A recording of a length."""
    return random.Random(seed).randbytes(length)


def build(base: Path) -> Built:
    """Make a store with everything in it that a small one can have."""
    entropy = SystemEntropy()
    store_path, key_file, vault = base / "store", base / "key", base / "vault"
    KeyFile.generate(key_file, entropy)
    signer = generate_actor_key(base / "rivera.pem", entropy=entropy)
    recordings: dict[str, bytes] = {}
    kept: list[Path] = []
    with Store.create(
        store_path, key=KeyFile(key_file), vaults=[vault], actor="rivera", actor_name="A. Rivera",
        actor_key=signer.public_key, origin="example.com/log", chunk_bytes=CHUNK, segment_chunks=2,
    ) as store:  # fmt: skip
        with store.session(actor="rivera", reason="docked\nZoë") as session:
            for number, length in enumerate((*LENGTHS, *range(2, 11))):
                source, data = base / f"{number}.bin", made_up(length, number)
                source.write_bytes(data)
                facts = Recording(case="26-1", device="A1", officer="Zoë", label="misc")
                name = SourceId(scope="A1", text=source.name) if number % 2 else None
                ingested = session.ingest(source, source_id=name, recording=facts)
                recordings[str(ingested.object_id)] = data
                kept.append(base / f"{number}.receipt")
                kept[-1].write_bytes(ingested.receipt)
            first = ingested.object_id
        with store.session(actor="rivera", reason="request 7", signer=signer) as session:
            with pytest.raises(AuthorizationError):
                session.read(first)
            session.authorize("rivera", purposes=["records"], statement="as ordered")
            with session.read(first) as recording:
                assert recordings[str(first)] == recording.read()
            session.enrol("lee", roles=[Role.RECORDS], name="Lee")
            session.close_generation()
            session.rotate_keys()
            session.revoke_actor("lee")
            assert session.audit().ok
        stranger = store.session(actor="nobody", reason="curious")
        with stranger, pytest.raises(AuthorizationError):
            stranger.ingest(base / "1.bin")
        kept.append(base / "kept.note")
        kept[-1].write_bytes(store.checkpoint())
        vkey = str(store.verifier_key)
    return Built(store_path, vault, key_file, recordings, vkey, kept)


@pytest.fixture(scope="module", name="built")
def built_fixture(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A store that no test changes."""
    return build(tmp_path_factory.mktemp("independent"))


@pytest.fixture(name="copy")
def copy_fixture(built: Built, tmp_path: Path) -> Path:
    """A copy of the store, to change."""
    return Path(shutil.copytree(built.store, tmp_path / "store"))


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run one of the two independent programs."""
    command = [sys.executable, "-I", "-c", STARTER, str(HERE), program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False)


STARTER = """
import runpy, sys
sys.dont_write_bytecode = True
folder, program = sys.argv[1:3]
sys.argv[:] = [program, *sys.argv[3:]]
sys.path.insert(0, folder)
runpy.run_path(folder + "/" + program, run_name="__main__")
"""
"""Runs a program without the project on its path, and leaves no files beside it."""


def independent(store: Path, *options: object) -> tuple[bool, set[str]]:
    """Whether the independent verifier finds the store sound, and the codes of its errors."""
    done = run("verifier.py", store, *options)
    assert b"" == done.stderr
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    errors = {finding["code"] for finding in findings if finding["severity"] == "error"}
    assert (1 if errors else 0) == done.returncode
    return not errors, errors


def command_line(store: Path, empty: Path) -> bool:
    """Whether `bwcstore verify` finds the store sound, with nothing to compare it with."""
    program = Path(sys.executable).with_name("bwcstore")
    environment = {n: v for n, v in os.environ.items() if not n.startswith("BWCSTORE")}
    command = [str(program), "verify", "--store", str(store), "--vault", str(empty), "--quiet"]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def ours(store: Path) -> bool:
    """Whether an audit without keys finds the store sound."""
    findings = audit_store(LocalBackend(store)).findings
    return not any(finding.severity is Severity.ERROR for finding in findings)


def batches(store: Path) -> list[Path]:
    """The batches in order."""
    return sorted((store / "ledger").rglob("batch/*"), key=lambda p: (p.parts[-3], p.name))


def rewrite(path: Path, data: bytes) -> None:
    """Replace stored bytes, as nobody should."""
    path.chmod(0o600)
    path.write_bytes(data)


def flip(path: Path, at: int, mask: int = 1) -> None:
    """Change some bits of one byte."""
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    rewrite(path, bytes(data))


def flip_segment(store: Path) -> str:
    """One bit in the middle of a segment."""
    path = max(store.glob("objects/*/00000000"), key=lambda path: path.stat().st_size)
    flip(path, CHUNK + 99)
    return "chunk-digest"


def flip_leaf(store: Path) -> str:
    """One digit of the hash that a leaf names before it."""
    path = batches(store)[3]
    flip(path, path.read_bytes().index(b"\n") + 20)
    return "chain-broken"


def flip_header(store: Path) -> str:
    """One digit of the digest that a header names."""
    path = batches(store)[3]
    flip(path, path.read_bytes().index(b"prev_batch_sha256") + 25)
    return "batch-link"


def flip_payload(store: Path) -> str:
    """One bit of a sealed payload."""
    path = batches(store)[3]
    flip(path, path.read_bytes().index(b'{"payload"') + 20)
    return "payload-digest"


def remove_batch(store: Path) -> str:
    """A batch in the middle."""
    batches(store)[5].unlink()
    return "batch-missing"


def remove_generation(store: Path) -> str:
    """The whole of the newest generation's ledger, but not its checkpoints."""
    shutil.rmtree(store / "ledger/1")
    return "checkpoint-beyond"


def swap_chunks(store: Path) -> str:
    """Two full chunks of one segment change places."""
    path = max(store.glob("objects/*/00000000"), key=lambda path: path.stat().st_size)
    data = path.read_bytes()
    rewrite(path, data[CHUNK:] + data[:CHUNK])
    return "chunk-digest"


def truncate_segment(store: Path) -> str:
    """A segment loses its last byte."""
    path = max(store.glob("objects/*/00000001"), key=lambda path: path.stat().st_size)
    rewrite(path, path.read_bytes()[:-1])
    return "segment-length"


def truncate_ledger(store: Path) -> str:
    """The last batches go, the checkpoints stay."""
    for path in batches(store)[-2:]:
        path.unlink()
    return "checkpoint-beyond"


def alter_checkpoint(store: Path) -> str:
    """A checkpoint says another root."""
    path = max(store.glob("checkpoint/0/*"))
    lines = path.read_bytes().split(b"\n")
    lines[2] = b"A" * 43 + b"="
    rewrite(path, b"\n".join(lines))
    return "signature-invalid"


def alter_manifest(store: Path) -> str:
    """A manifest gives another length."""
    path = next(iter(store.glob("objects/*/manifest-*")))
    rewrite(path, path.read_bytes().replace(b'"length_bytes":', b'"length_bytes":1'))
    return "manifest-digest"


def remove_manifest(store: Path) -> str:
    """A manifest goes."""
    next(iter(store.glob("objects/*/manifest-*"))).unlink()
    return "manifest-missing"


TAMPERINGS: list[Callable[[Path], str]] = [
    flip_segment, flip_leaf, flip_header, flip_payload, remove_batch, remove_generation,
    swap_chunks, truncate_segment, truncate_ledger, alter_checkpoint, alter_manifest,
    remove_manifest,
]  # fmt: skip


def test_a_sound_store_has_no_findings(built: Built, tmp_path: Path) -> None:
    """Neither verifier finds anything in a store that nobody touched."""
    expect = [option for path in built.kept for option in ("--expect", path)]
    done = run("verifier.py", built.store, "--vkey", built.vkey, *expect)
    assert (b"", b"", 0) == (done.stderr, done.stdout, done.returncode)
    assert command_line(built.store, tmp_path)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_both_find_every_tampering(
    copy: Path, tmp_path: Path, tamper: Callable[[Path], str]
) -> None:
    """What was done to a copy is found by both, and named as the specification names it."""
    code = tamper(copy)
    sound, codes = independent(copy)
    assert (False, False) == (sound, command_line(copy, tmp_path))
    assert code in codes


def test_what_was_kept_outside_finds_a_rollback(built: Built, copy: Path) -> None:
    """A store that was cut back as a whole is sound alone, and not beside a kept checkpoint."""
    for path in batches(copy)[-2:]:
        path.unlink()
    max(copy.glob("checkpoint/1/*")).unlink()
    assert (True, set()) == independent(copy)
    assert ours(copy)
    assert (False, {"rolled-back"}) == independent(copy, "--expect", built.kept[-1])


def flips(store: Path) -> Iterator[tuple[Path, int, int]]:
    """Bytes and bits to flip: as many in every kind of file as in any other."""
    chooser = random.Random(20_260_101)
    kinds = [
        batches(store),
        sorted(store.glob("checkpoint/*/*")),
        sorted(store.glob("objects/*/manifest-*")),
        sorted(store.glob("objects/*/0*")),
    ]
    for number in range(FLIPS):
        path = chooser.choice(kinds[number % len(kinds)])
        yield path, chooser.randrange(path.stat().st_size), 1 << chooser.randrange(8)


ANSWERER = """
import sys
from pathlib import Path
sys.dont_write_bytecode = True
folder, store = sys.argv[1:3]
sys.path.insert(0, folder)
from verifier import Verifier
for _ in sys.stdin:
    print(Verifier.over(Path(store)).run(None, []).sound, flush=True)
"""
"""Verifies one store each time that it is asked to: starting anew would take most of the time."""


def ask(answerer: subprocess.Popen[str]) -> bool:
    """Whether the independent verifier finds the store sound as it is now."""
    assert answerer.stdin is not None
    assert answerer.stdout is not None
    answerer.stdin.write("now\n")
    answerer.stdin.flush()
    return {"True\n": True, "False\n": False}[answerer.stdout.readline()]


@pytest.mark.slow
def test_both_agree_on_single_bits(copy: Path) -> None:
    """Whatever single bit is changed, both verifiers say the same: sound, or not."""
    command = [sys.executable, "-I", "-c", ANSWERER, str(HERE), str(copy)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as answerer:
        for path, at, mask in flips(copy):
            before = path.read_bytes()
            flip(path, at, mask)
            name = f"{path.relative_to(copy)} byte {at} bit {mask}"
            assert (name, ours(copy)) == (name, ask(answerer))
            rewrite(path, before)
        assert (True, True) == (ours(copy), ask(answerer))


def test_the_reader_gets_every_recording_back(built: Built, tmp_path: Path) -> None:
    """With the root key, every object is decrypted to the bytes that were received."""
    locators = {path.name[0] for path in (built.vault / "keys").rglob("*..*")}
    assert {"r", "t"} == locators
    for number, (identifier, data) in enumerate(built.recordings.items()):
        target = tmp_path / str(number)
        done = run(
            "reader.py", built.store, built.vault, built.key_file, identifier, "--output", target
        )
        assert 0 == done.returncode, done.stderr
        parts = json.loads(done.stderr)
        assert data == target.read_bytes()
        assert hashlib.sha256(data).hexdigest() == parts["record"]["plaintext_sha256"]
        assert f"{number}.bin" == parts["content"]["file"]["display"]


def test_the_reader_opens_every_payload(built: Built) -> None:
    """Every sealed payload opens to what its leaf commits to."""
    done = run("reader.py", built.store, built.vault, built.key_file, "--entries")
    assert (b"", 0) == (done.stderr, done.returncode)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    reasons = {tuple(line["fields"].get("reason", ())) for line in said}
    assert reasons >= {("docked", "Zoë"), ("request 7",), ("curious",)}
    stored = sum(path.read_bytes().count(b'{"payload"') for path in batches(built.store))
    assert stored == len(said)


def test_the_reader_refuses_another_key(built: Built, tmp_path: Path) -> None:
    """A root key that is not the vault's opens nothing."""
    wrong = tmp_path / "wrong"
    KeyFile.generate(wrong, SystemEntropy())
    done = run("reader.py", built.store, built.vault, wrong, "--entries")
    assert (1, b"", True) == (done.returncode, done.stdout, done.stderr.startswith(b"key-wrong"))


def test_tiles_and_bundles_are_what_the_entries_give(tmp_path: Path) -> None:
    """Full tiles and bundles are re-derived; one that was changed is found by both."""
    KeyFile.generate(tmp_path / "key", SystemEntropy())
    with (
        Store.create(
            tmp_path / "store", key=KeyFile(tmp_path / "key"), actor="rivera", chunk_bytes=CHUNK
        ) as store,
        store.session(actor="rivera", reason="many") as session,
    ):
        for _ in range(256):
            session.authorize("rivera", purposes=["records"])
    root = tmp_path / "store"
    assert (True, set()) == independent(root)
    for name, code in (("0/000", "tile-differs"), ("entries/000", "bundle-differs")):
        flip(root / "ledger/0/tile" / name, 77)
        sound, codes = independent(root)
        assert (False, False) == (sound, ours(root))
        assert code in codes
