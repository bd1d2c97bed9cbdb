"""The law is data: no program text knows whose law it is."""

import re
from pathlib import Path
from typing import Final

from bwcstore.statute import agency_ids, load_agency, load_pack, pack_ids

SOURCES: Final = Path(__file__).parents[3] / "src/bwcstore"
# Its examples are for people to type.
WORDS_FOR_PEOPLE: Final = {"cli/_help.py"}


def test_no_code_mentions_a_jurisdiction() -> None:
    """No module names a jurisdiction, a shipped pack or a shipped agency."""
    words = set(pack_ids()) | set(agency_ids())
    for pack in map(load_pack, pack_ids()):
        words |= set(re.findall(r"[A-Z]\w{4,}", pack.jurisdiction))
    for agency in map(load_agency, agency_ids()):
        words.add(agency.title.split()[0])
    words -= {"State", "District"}
    pattern = re.compile("|".join(map(re.escape, sorted(words))), re.IGNORECASE)
    found = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if pattern.search(path.read_text("utf-8"))
    }

    assert words
    assert set() == found - WORDS_FOR_PEOPLE
