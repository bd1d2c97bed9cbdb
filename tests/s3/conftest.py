"""What the tests with a real S3 service share: the service, and fresh buckets.

Buckets have names of their own and are left behind: what is locked could not be removed, and a
service that was started here is wiped as a whole.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.s3_service import S3Service, UnavailableError, running_service

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.s3)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    """A real service, for all tests of the run, in however many processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "s3-server"
    try:
        with running_service(folder) as service:
            yield service
    except UnavailableError as exc:
        if os.environ.get("BWC_S3_REQUIRED") == "1":
            pytest.fail(f"a real S3 server is required: {exc}", pytrace=False)
        pytest.skip(f"no real S3 server: {exc}")


@pytest.fixture
def s3_client(s3_server: S3Service) -> Iterator[Any]:
    """A plain client of the parallel endpoint, for looking at what the store did."""
    with closing(s3_server.client()) as client:
        yield client


@pytest.fixture
def plain_bucket(s3_server: S3Service) -> str:
    """The name of a new bucket without versions."""
    return s3_server.make_plain_bucket()


@pytest.fixture
def locked_bucket(s3_server: S3Service) -> str:
    """The name of a new bucket with versions and Object Lock."""
    return s3_server.make_locked_bucket()
