"""A real S3 service for tests: the one that the environment names, or one that is started here.

A service that is started here has a folder and ports of its own, so several runs of the tests do
not meet; the processes of one run share it. It ends with its last user, even if that is killed.
Mocks are no substitute: they let locks be shortened that no service lets go.
"""

import fcntl
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlencode

import attrs
import botocore.session
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

SCRIPT: Final = Path(__file__).with_name("s3_server.sh")
REGION: Final = "us-east-1"
_UNAVAILABLE: Final = 3
_PORTS: Final = range(9300, 9900, 10)


class UnavailableError(Exception):
    """No service can be had on this machine; the text says why."""


@attrs.frozen(kw_only=True)
class Daemons:
    """The daemons of a service that was started here.

    Attributes:
        folder: their data and their logs.
        port: the first of the three that they listen on.
    """

    folder: Path
    port: int

    def start(self) -> Mapping[str, str]:
        """Bring up whatever does not run; returns the environment that reaches the service.

        Raises:
            UnavailableError: its programs cannot be had here.
            RuntimeError: it does not start.
        """
        done = self._do("start")
        if done.returncode == _UNAVAILABLE:
            raise UnavailableError(done.stderr.strip())
        if done.returncode:
            raise RuntimeError(f"the S3 server does not start:\n{done.stderr}")
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    def kill_gateways(self) -> None:
        """Kill what answers requests; what was acknowledged stays in the daemons behind it."""
        self._do("kill9").check_returncode()

    def kill_all(self) -> None:
        """Kill every daemon at once, as a loss of power would."""
        self._do("kill9all").check_returncode()

    def wipe(self) -> None:
        """End the daemons and remove the data."""
        self._do("wipe").check_returncode()

    def _do(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", SCRIPT, verb],
            env=os.environ | {"BWC_S3_DIR": str(self.folder), "BWC_S3_PORT": str(self.port)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@attrs.frozen(kw_only=True)
class S3Service:
    """Where a service is reached, and with what key.

    Attributes:
        parallel: endpoint; racing conditional writes to a bucket with versions may all succeed.
        serial: endpoint of the same buckets; of racing conditional writes one succeeds.
        key_id: the access key.
        secret: its secret.
        daemons: what runs it, if it was started here.
    """

    parallel: str
    serial: str
    key_id: str
    secret: str = attrs.field(repr=False)
    daemons: Daemons | None = None

    @classmethod
    def of(cls, values: Mapping[str, str], *, daemons: Daemons | None = None) -> "S3Service":
        """The service that an environment names; without a serial endpoint there is but one.

        Raises:
            KeyError: a value is missing.
        """
        parallel = values["BWC_S3_ENDPOINT"]
        return cls(
            parallel=parallel,
            serial=values.get("BWC_S3_ENDPOINT_SERIAL", parallel),
            key_id=values["AWS_ACCESS_KEY_ID"],
            secret=values["AWS_SECRET_ACCESS_KEY"],
            daemons=daemons,
        )

    def client(self, endpoint: str | None = None) -> Any:
        """A botocore client that tries once; for the parallel endpoint unless told otherwise."""
        return botocore.session.Session().create_client(
            "s3",
            region_name=REGION,
            endpoint_url=endpoint or self.parallel,
            aws_access_key_id=self.key_id,
            aws_secret_access_key=self.secret,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": 1},
                connect_timeout=5,
                read_timeout=60,
                max_pool_connections=32,
                s3={"addressing_style": "path"},
            ),
        )

    def as_new_user(self) -> "S3Service":
        """The same service for a new user of it, who may do nothing yet.

        Raises:
            UnavailableError: whoever runs the tests may make no users here.
        """
        key_id, secret = uuid.uuid4().hex, uuid.uuid4().hex
        query = urlencode(
            {"uid": key_id, "display-name": key_id, "access-key": key_id, "secret-key": secret}
        )
        request = AWSRequest("PUT", f"{self.parallel}/admin/user?{query}")
        S3SigV4Auth(Credentials(self.key_id, self.secret), "s3", REGION).add_auth(request)
        answer = URLLib3Session().send(request.prepare())
        if answer.status_code != HTTPStatus.OK:
            raise UnavailableError(f"no user can be made here: {answer.status_code}")
        return attrs.evolve(self, key_id=key_id, secret=secret)

    @property
    def arn(self) -> str:
        """How a policy names a user that was made here."""
        return f"arn:aws:iam:::user/{self.key_id}"

    def make_plain_bucket(self) -> str:
        """A new bucket without versions."""
        return self._make_bucket("plain", {})

    def make_locked_bucket(self) -> str:
        """A new bucket with versions and Object Lock; nothing in it is locked by default."""
        return self._make_bucket("locked", {"ObjectLockEnabledForBucket": True})

    def _make_bucket(self, kind: str, arguments: Mapping[str, object]) -> str:
        name = f"bwc-{kind}-{uuid.uuid4().hex}"
        with closing(self.client()) as client:
            client.create_bucket(Bucket=name, **arguments)
        return name


@contextmanager
def running_service(folder: Path) -> Iterator[S3Service]:
    """The service that the environment names, else one that runs in a new folder until the end.

    Raises:
        UnavailableError: neither can be had.
        RuntimeError: it does not start.
    """
    if os.environ.get("BWC_S3_ENDPOINT"):
        yield S3Service.of(os.environ)
        return
    with own_service(folder) as service:
        yield service


@contextmanager
def own_service(folder: Path) -> Iterator[S3Service]:
    """A service in a folder of its own, which may be killed meanwhile, until its last user leaves.

    The first process to come starts it; whoever names the same folder meanwhile shares it.

    Raises:
        UnavailableError: its programs cannot be had here.
        RuntimeError: it does not start.
    """
    with ExitStack() as stack:
        users = stack.enter_context(folder.with_suffix(".users").open("w"))
        with _turn(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            daemons, values = _join(folder, stack)
        stack.callback(_leave, daemons, users)
        yield S3Service.of(values, daemons=daemons)


def _join(folder: Path, stack: ExitStack) -> tuple[Daemons, Mapping[str, str]]:
    note = folder.with_suffix(".port")
    if note.exists() and folder.exists():
        daemons = Daemons(folder=folder, port=int(note.read_text(encoding="ascii")))
        return daemons, daemons.start()
    daemons = Daemons(folder=folder, port=_reserve_ports(stack))
    _watch(daemons)
    try:
        values = daemons.start()
    except BaseException:
        daemons.wipe()
        raise
    note.write_text(str(daemons.port), encoding="ascii")
    return daemons, values


def _watch(daemons: Daemons) -> None:
    # The lock is free when its holders are gone, even if they were killed and could not clean up.
    subprocess.Popen(
        ["flock", daemons.folder.with_suffix(".users"), "bash", SCRIPT, "wipe"],
        env=os.environ | {"BWC_S3_DIR": str(daemons.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # It outlives this process, which never waits for it.


def _leave(daemons: Daemons, users: IO[str]) -> None:
    with _turn(daemons.folder), suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        daemons.wipe()


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    with folder.with_suffix(".turn").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _reserve_ports(stack: ExitStack) -> int:
    """The first of three free ports in a row, which no other run of the tests will choose."""
    for first in _PORTS:
        with ExitStack() as attempt:
            try:
                # Daemons listen only after a while; until the end, the fourth port says "taken".
                _bound(attempt, first + 3)
                for port in range(first, first + 3):
                    _bound(attempt, port).close()
            except OSError:
                continue
            stack.enter_context(attempt.pop_all())
            return first
    raise RuntimeError("no ports in a row are free")


def _bound(stack: ExitStack, port: int) -> socket.socket:
    listener = stack.enter_context(closing(socket.socket()))
    listener.bind(("127.0.0.1", port))
    return listener
