"""The page on costs says what its script computes."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[1]
SCRIPT: Final = ROOT / "examples/s3_costs.py"
PAGE: Final = ROOT / "docs/guides/s3-costs.md"


ROWS: Final = {
    "ingest of the recording": "ingest",
    "one entry, such as a fact or a hold": "one entry",
    "reading the recording in full": "one full read",
    "auditing the recording without keys": "one audit",
    "a longer lock of the recording": "longer lock",
    "legal hold on or off": "legal hold",
    "purge of the recording": "purge",
}


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("s3_costs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def _printed(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_page_has_what_the_script_prints() -> None:
    """The table of the page is the output of the script without arguments."""
    shown = PAGE.read_text("utf-8").partition("$ python examples/s3_costs.py\n")[2]

    assert _printed() == shown.partition("```\n")[0]


@pytest.mark.parametrize(
    ("arguments", "more"),
    [(["--claimed"], 0.005 / 1000), (["--megabytes", "1200"], 54 * 0.005 / 1000)],
)
def test_the_script_counts_requests(arguments: list[str], more: float) -> None:
    """A claim is stored; twice the length is 36 parts more, and 9 segments,
    each of which is begun and completed.
    """
    ingests = [
        float(_printed(*given).splitlines()[1].split()[1].replace(",", ""))
        for given in ([], arguments)
    ]

    assert round(more * 1e6, 2) == round(ingests[1] - ingests[0], 2)


@pytest.mark.parametrize("row", ROWS)
def test_the_page_counts_as_the_script_does(row: str) -> None:
    """The requests of each act in the page's first table are those that the script multiplies."""
    found = re.search(
        rf"^\| {re.escape(row)} \| (\d+) \| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    counted = _script().counts(600e6, claimed=False)[ROWS[row]].asked

    assert found is not None
    assert counted == (int(found[1]), int(found[2]))


def test_what_fits_a_part_is_one_request() -> None:
    """A short recording is stored with its manifest and its batch in three."""
    assert (3, 0) == _script().counts(1000, claimed=False)["ingest"].asked
