"""What the tests of the program share."""

from pathlib import Path

import pytest

from tests.integration.cli_desk import VIDEO, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a store and a dock folder of two recordings."""
    made = Desk(root=tmp_path)
    made.run("init", "--chunk-bytes", "64K", "--segment-chunks", "2")
    dock = tmp_path / "dock"
    dock.mkdir()
    (dock / "a.mp4").write_bytes(VIDEO)
    (dock / "b.mp4").write_bytes(VIDEO[:1000])
    return made
