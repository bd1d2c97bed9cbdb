"""The page on costs says what its script computes."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
SCRIPT: Final = ROOT / "examples/s3_costs.py"
PAGE: Final = ROOT / "docs/guides/s3-costs.md"


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
