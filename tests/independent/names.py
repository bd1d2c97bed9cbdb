"""The names of the format, and what a directory holds under them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
PATH = r"((?:x\d{3}/)*\d{3})"
PLAIN = r"(0|[1-9]\d*)"
PATTERNS = {
    "segment": re.compile(rf"objects/({UUID})/(\d{{8}})\Z", re.ASCII),
    "manifest": re.compile(rf"objects/({UUID})/manifest-([0-9a-f]{{64}})\Z", re.ASCII),
    "batch": re.compile(rf"ledger/{PLAIN}/batch/(\d{{12}})\Z", re.ASCII),
    "candidate": re.compile(rf"ledger/{PLAIN}/batch/(\d{{12}})-([0-9a-f]{{64}})\Z", re.ASCII),
    "tile": re.compile(rf"ledger/{PLAIN}/tile/{PLAIN}/{PATH}\Z", re.ASCII),
    "bundle": re.compile(rf"ledger/{PLAIN}/tile/entries/{PATH}\Z", re.ASCII),
    "checkpoint": re.compile(rf"checkpoint/{PLAIN}/(\d{{12}})\Z", re.ASCII),
    "annex": re.compile(r"annex/([0-9a-f]{64})\Z", re.ASCII),
}


def tile_number(path: str) -> int | None:
    """The number in a tile's path; None for a path that no number gives (NAM-7)."""
    digits = path.replace("x", "").replace("/", "")
    number = int(digits)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    if len(groups) > 1 and groups[0] == "000":
        return None
    return number


def kind_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """What a stored name is the name of, with its parts; None for a name of nothing (NAM-9)."""
    if len(name) > 512:
        return None
    for kind, pattern in PATTERNS.items():
        match = pattern.match(name)
        if match:
            if kind in ("tile", "bundle") and tile_number(match.groups()[-1]) is None:
                return None
            return kind, match.groups()
    return None


def is_canary(name: str) -> bool:
    """Tell whether a name is one under which a probe tries the storage out (PRB-1)."""
    return name.startswith("probe/")


def walk(root: Path) -> Iterator[str]:
    """The names of all regular files below a directory; links are not followed (STO-3)."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for file in sorted(files):
            path = Path(folder, file)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()
