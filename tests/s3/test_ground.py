"""A secret is told to another process in a way that nobody else reads."""

from pathlib import Path

from tests.integration.s3_service import S3Service
from tests.s3.ground import Ground


def test_the_secret_is_not_shown(s3_server: S3Service, tmp_path: Path) -> None:
    """Neither in what is printed of the ground nor among the arguments of a process; the process
    knows it all the same.
    """
    ground = Ground.lay(s3_server, tmp_path)
    ground.begin()
    child = ground.start("work", "a", 1)
    arguments = [*map(str, child.args)] if isinstance(child.args, list) else []
    _, complaint = child.communicate(b"\n", timeout=60)

    assert arguments
    assert not any(ground.secret in one for one in arguments)
    assert ground.secret not in repr(ground)
    assert 0 == child.returncode, complaint.decode()
