"""The documentation tells the truth: its code runs, its links lead somewhere, nothing lacks."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from bwcstore import KeyFile, Store
from bwcstore._system import SystemEntropy
from bwcstore.errors import ErrorKind
from bwcstore.statute import Verification, agency_ids, load_agency, load_pack, pack_ids
from bwcstore.statute._files._case_files import check_files, load_cases
from bwcstore.statute._files._cases import run_case

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = tuple(
    path
    for path in (
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "benchmarks").rglob("*.md")),
    )
    if path.name != "CHANGELOG.md"
)
RECORDING: Final = bytes(range(256)) * 1000
OFFLINE: Final = ROOT / "docs/guides/verify-offline.md"
_FENCE: Final = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_FILE: Final = re.compile(r"^```\w+ title=\"([^\"]+)\"\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _blocks(path: Path, language: str) -> list[str]:
    return [code for _, word, code in _FENCE.findall(path.read_text("utf-8")) if word == language]


def _write_files(page: Path, folder: Path) -> list[Path]:
    """Write the files that the blocks with a title are, and return their paths."""
    parts: dict[Path, list[str]] = {}
    for name, part in _FILE.findall(page.read_text("utf-8")):
        parts.setdefault(folder / name, []).append(part)
    for path, found in parts.items():
        path.write_text("".join(found), encoding="utf-8")
    return list(parts)


def _with_python() -> list[Path]:
    return [path for path in PAGES if any("--8<--" not in code for code in _blocks(path, "python"))]


def _with_files() -> list[Path]:
    return [page for page in PAGES if _FILE.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", _with_python(), ids=_name)
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of a page runs from top to bottom where there are one recording and a key file.

    A block with a title is a file that is there too; several with one title are its parts.
    """
    monkeypatch.chdir(tmp_path)
    Path("camera.mp4").write_bytes(RECORDING)
    KeyFile.generate(Path("store.key"), SystemEntropy())
    _write_files(page, tmp_path)
    namespace: dict[str, object] = {"__name__": "__page__"}
    ran = 0

    for code in _blocks(page, "python"):
        if "--8<--" in code:
            continue
        exec(compile(code, _name(page), "exec"), namespace)  # noqa: S102 -- that is the test
        ran += 1

    assert ran > 0


@pytest.mark.parametrize("page", _with_files(), ids=_name)
def test_files_of_law_are_accepted(page: Path, tmp_path: Path) -> None:
    """The packs, agency files, fact files and cases of a page are right, and the cases hold."""
    paths = [path for path in _write_files(page, tmp_path) if path.suffix == ".toml"]
    cases = [path for path in paths if "bwcstore-cases/" in path.read_text("utf-8")]
    files = load_cases(cases) if cases else ()
    results = [run_case(case) for file in files for case in file.cases]

    assert paths
    assert [] == [str(problem) for checked in check_files(paths) for problem in checked.problems]
    assert [] == [(one.id, one.differences) for one in results if not one.passed]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    broken = [
        target
        for target in _LINK.findall(text)
        if "://" not in target
        and not target.startswith("mailto:")
        and not (page.parent / target).exists()
    ]

    assert [] == broken


@pytest.fixture
def written_store(tmp_path: Path) -> Path:
    """A small store on disk: two recordings, one of them in several segments, one access."""
    KeyFile.generate(tmp_path / "store.key", SystemEntropy())
    with (
        Store.create(
            tmp_path / "store",
            key=KeyFile(tmp_path / "store.key"),
            vaults=[tmp_path / "vault"],
            actor="rivera",
            chunk_bytes=64 * 1024,
            segment_chunks=2,
        ) as store,
        store.session(actor="rivera", reason="Überprüfung") as session,
    ):
        session.authorize("rivera", purposes=["records"])
        for number, content in enumerate((RECORDING, b"")):
            path = tmp_path / f"{number}.mp4"
            path.write_bytes(content)
            ingested = session.ingest(path)
        session.read(ingested.object_id).close()
    return tmp_path / "store"


def _verify_offline(store: Path) -> "subprocess.CompletedProcess[str]":
    """Run the commands of the guide on a store, as an auditor would paste them."""
    for tool in ("bash", "jq", "openssl", "sha256sum"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    script = "\n".join(["set -euo pipefail", *_blocks(OFFLINE, "bash")])
    return subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "STORE": str(store)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_offline_guide_accepts_a_store(written_store: Path) -> None:
    """The guide's commands accept a store that nobody touched."""
    done = _verify_offline(written_store)

    assert (0, "Signature Verified Successfully") == (
        done.returncode,
        next((line for line in done.stdout.splitlines() if "Sig" in line), done.stderr),
    )


@pytest.mark.parametrize(
    ("pattern", "offset"),
    [
        ("objects/*/00000001", 70_000),
        ("objects/*/manifest-*", 100),
        ("ledger/0/batch/000000000000", 300),
        ("ledger/0/batch/000000000001", 150),
        ("checkpoint/0/*", 30),
    ],
)
def test_offline_guide_finds_a_changed_byte(written_store: Path, pattern: str, offset: int) -> None:
    """The guide's commands refuse a store in which one byte differs."""
    target = max(written_store.glob(pattern))
    target.chmod(0o600)
    changed = bytearray(target.read_bytes())
    changed[offset] ^= 1
    target.write_bytes(changed)

    assert _verify_offline(written_store).returncode != 0


def _script(name: str) -> ModuleType:
    """A script that writes a part of the reference."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _reference() -> ModuleType:
    """The script that writes the reference of the command line."""
    pytest.importorskip("typer")
    return _script("make_reference")


def test_command_line_reference_is_current() -> None:
    """The reference of the command line is what `make reference` writes."""
    reference = _reference()

    assert reference.page() == reference.PAGE.read_text("utf-8")


def test_pack_pages_are_current() -> None:
    """The pages of the packs are what `make reference` writes, and there are no others."""
    packs = _script("make_packs")
    written = {path: path.read_text("utf-8") for path in packs.FOLDER.glob("*.md")}

    assert packs.pages() == written


def test_pack_pages_are_in_the_navigation() -> None:
    """Every page of a pack is found from the navigation."""
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")

    assert [] == [
        path.name
        for path in _script("make_packs").pages()
        if f"reference/packs/{path.name}\n" not in navigation
    ]


@pytest.mark.parametrize("identifier", pack_ids())
def test_unchecked_rules_are_marked(identifier: str) -> None:
    """Each version, rule and schedule entry that nobody has checked is marked on its page."""
    packs = _script("make_packs")
    entries = [
        entry
        for agency in map(load_agency, agency_ids())
        if agency.pack == identifier
        for entry in agency.schedule
    ]
    pack = load_pack(identifier)
    rules = [*pack.versions, *packs.all_rules(pack), *entries]
    rows = (packs.FOLDER / f"{identifier}.md").read_text("utf-8").splitlines()
    unchecked = [rule for rule in rules if rule.verified is Verification.UNVERIFIED]

    assert len(unchecked) == sum(
        row.startswith("| `") and "⚠\u00a0**unverified**" in row for row in rows
    )


def test_documented_commands_exist() -> None:
    """Every command line in the documentation begins with a command that exists."""
    known = {name.removeprefix("bwcstore ") for name, _ in _reference().all_commands()}
    groups = {name.split()[0] for name in known if " " in name}
    unknown = []
    for page in PAGES:
        for words in re.findall(
            r"^\s*bwcstore ((?:[a-z-]+ ?)+)", page.read_text("utf-8"), re.MULTILINE
        ):
            first, *rest = words.split()
            name = f"{first} {rest[0]}" if first in groups and rest else first
            if name not in known:
                unknown.append(f"{_name(page)}: {name}")

    assert [] == unknown


def test_every_error_code_is_described() -> None:
    """The page of error codes describes every code, and none that does not exist."""
    text = (ROOT / "docs/reference/error-codes.md").read_text("utf-8")
    described = re.findall(r"^\| `([a-z0-9-]+)` \| \S", text, re.MULTILINE)

    assert sorted(ErrorKind) == sorted(described)
