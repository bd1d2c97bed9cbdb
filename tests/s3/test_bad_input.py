"""Places that cannot be used as they are: each is a coded error that says what to do."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import bwcstore
from bwcstore._system import SystemClock, SystemEntropy
from bwcstore._values import Locking, LockMode
from bwcstore.errors import BwcStoreError, ErrorKind, InvalidInputError, StorageError
from bwcstore.storage._keysource import KeyFile
from bwcstore.storage._s3 import S3Backend
from bwcstore.storage._s3_options import S3Options
from tests.integration.s3_service import S3Service
from tests.s3 import fault_proxy as faults
from tests.s3.fault_proxy import EVER, FaultProxy
from tests.s3.places import open_bucket, options


@pytest.fixture
def proxy(s3_server: S3Service) -> Iterator[FaultProxy]:
    """A proxy before the endpoint that takes one request at a time."""
    with FaultProxy(s3_server.serial, key_id=s3_server.key_id, secret=s3_server.secret) as found:
        yield found


def _refused(bucket: str, reach: S3Options) -> BwcStoreError:
    """Why a bucket cannot be opened, told in time."""
    since = time.monotonic()
    with pytest.raises(BwcStoreError) as caught:
        S3Backend(f"s3://{bucket}/x", clock=SystemClock(), entropy=SystemEntropy(), options=reach)
    assert time.monotonic() - since < reach.deadline_seconds + 4.0
    return caught.value


def _hasty(service: S3Service, endpoint: str) -> S3Options:
    return attrs.evolve(options(service, endpoint, deadline_seconds=0.5), attempt_seconds=2.0)


def test_no_bucket(s3_server: S3Service) -> None:
    """A bucket that is not there is named, with what to check."""
    error = _refused("bwc-no-such-bucket", _hasty(s3_server, s3_server.serial))

    assert ErrorKind.BUCKET_MISSING is error.kind
    assert "check the bucket's name" in error.message


def test_no_credentials(
    s3_server: S3Service, plain_bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where none can be found it says where they are looked for, and nothing is in doubt."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    reach = attrs.evolve(
        _hasty(s3_server, s3_server.serial), access_key_id=None, secret_access_key=None
    )

    error = _refused(plain_bucket, reach)

    assert ErrorKind.CREDENTIALS_MISSING is error.kind
    assert "AWS_PROFILE" in error.message


def test_a_wrong_secret(s3_server: S3Service, plain_bucket: str) -> None:
    """Refused credentials are not tried again."""
    reach = attrs.evolve(_hasty(s3_server, s3_server.serial), secret_access_key="wrong")

    error = _refused(plain_bucket, reach)

    assert ErrorKind.CREDENTIALS_REFUSED is error.kind


@pytest.mark.parametrize(
    ("status", "code", "kind", "advice"),
    [
        (301, "PermanentRedirect", ErrorKind.BUCKET_MISSING, "region"),
        (400, "AuthorizationHeaderMalformed", ErrorKind.BUCKET_MISSING, "region"),
        (403, "InvalidAccessKeyId", ErrorKind.CREDENTIALS_REFUSED, "clock"),
        (400, "ExpiredToken", ErrorKind.CREDENTIALS_REFUSED, "renew"),
        (503, "SlowDown", ErrorKind.STORAGE_BUSY, "try again later"),
        (503, "ServiceUnavailable", ErrorKind.STORAGE_BUSY, "try again later"),
        (409, "OperationAborted", ErrorKind.STORAGE_BUSY, "try again later"),
    ],
)
def test_what_a_service_answers(  # noqa: PLR0917 - one table
    s3_server: S3Service,
    plain_bucket: str,
    proxy: FaultProxy,
    status: int,
    code: str,
    kind: ErrorKind,
    advice: str,
) -> None:
    """Wrong region, wrong or expired keys, throttling without end: told, with advice."""
    proxy.rule(faults.say(status, code), times=EVER)

    error = _refused(plain_bucket, _hasty(s3_server, proxy.endpoint))

    assert kind is error.kind
    assert advice in error.message


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ExpiredToken", ErrorKind.CREDENTIALS_REFUSED),
        (403, "InvalidAccessKeyId", ErrorKind.CREDENTIALS_REFUSED),
        (403, "AccessDenied", ErrorKind.STORAGE_DENIED),
    ],
)
def test_a_look_without_a_reason_is_explained(  # noqa: PLR0917 - one table
    s3_server: S3Service,
    plain_bucket: str,
    proxy: FaultProxy,
    status: int,
    code: str,
    kind: ErrorKind,
) -> None:
    """The answer to a look has no body that could say why; the reason is found all the same."""
    backend = open_bucket(s3_server, plain_bucket, proxy.endpoint)
    proxy.rule(faults.say(status, code), times=EVER)

    with pytest.raises(BwcStoreError) as caught:
        backend.stat("one")

    assert kind is caught.value.kind
    backend.close()


@pytest.mark.parametrize("endpoint", ["localhost:9000", "s3.example.org", "ftp://x", "https://"])
def test_an_endpoint_that_is_no_address(endpoint: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(InvalidInputError) as caught:
        S3Options(endpoint_url=endpoint)

    assert "https://host" in caught.value.message


@pytest.mark.parametrize("where", ["refused", "unresolvable"])
def test_an_endpoint_where_nothing_is(s3_server: S3Service, plain_bucket: str, where: str) -> None:
    """It is tried until the deadline, and then said."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = f"http://127.0.0.1:{port}" if where == "refused" else "http://nothing.invalid"
        error = _refused(plain_bucket, _hasty(s3_server, url))

    assert ErrorKind.STORAGE_UNREACHABLE is error.kind
    assert "check the endpoint" in error.message


@pytest.mark.spec("BKT-16")
def test_an_endpoint_that_is_no_storage(
    s3_server: S3Service, plain_bucket: str, proxy: FaultProxy
) -> None:
    """A web server that says "200" to everything stores nothing, and is not believed."""
    backend = open_bucket(s3_server, plain_bucket, proxy.endpoint, deadline_seconds=0.5)
    proxy.rule(faults.say_page, times=EVER)

    with pytest.raises(BwcStoreError) as stored:
        backend.create("one", b"1")
    with pytest.raises(BwcStoreError) as listed:
        [*backend.list("")]

    assert ErrorKind.OUTCOME_UNKNOWN is stored.value.kind
    assert "does not speak S3" in listed.value.message
    backend.close()


def test_a_plain_port_asked_for_tls(s3_server: S3Service, plain_bucket: str) -> None:
    """It never becomes a TLS port: there is nothing to wait for."""
    reach = attrs.evolve(
        _hasty(s3_server, s3_server.serial.replace("http:", "https:")), deadline_seconds=30.0
    )
    since = time.monotonic()

    error = _refused(plain_bucket, reach)

    assert ErrorKind.STORAGE_UNREACHABLE is error.kind
    assert time.monotonic() - since < 10.0


def test_a_certificate_of_nobody(s3_server: S3Service, plain_bucket: str, tmp_path: Path) -> None:
    """A certificate that cannot be checked is refused at once, and named as the reason."""
    with _tls_server(tmp_path) as port:
        reach = attrs.evolve(_hasty(s3_server, f"https://127.0.0.1:{port}"), deadline_seconds=30.0)
        since = time.monotonic()
        error = _refused(plain_bucket, reach)
        took = time.monotonic() - since

    assert ErrorKind.STORAGE_UNREACHABLE is error.kind
    assert "certificate" in error.message
    assert took < 10.0


class _tls_server:  # noqa: N801 - used as a function
    """A port that speaks TLS with a certificate that it signed itself."""

    def __init__(self, folder: Path) -> None:
        path = _self_signed(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(path)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                taken, _ = self._listener.accept()
            except TimeoutError:
                continue
            taken.settimeout(2.0)
            try:
                self._context.wrap_socket(taken, server_side=True).close()
            except OSError:
                taken.close()

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "self.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.spec("BKT-14")
def test_a_bucket_that_locks_by_itself(
    s3_server: S3Service, s3_client: Any, plain_bucket: str, tmp_path: Path
) -> None:
    """A default retention would keep what the law wants gone: no store begins there."""
    bucket = s3_server.make_locked_bucket()
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3_client.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    KeyFile.generate(tmp_path / "key", SystemEntropy())

    with pytest.raises(BwcStoreError) as caught:
        bwcstore.Store.create(
            f"s3://{bucket}/e",
            key=KeyFile(tmp_path / "key"),
            actor="chief",
            vaults=[f"s3://{plain_bucket}/keys"],
            locking=Locking(mode=LockMode.GOVERNANCE),
            s3=options(s3_server, s3_server.serial),
        )

    assert ErrorKind.STORAGE_UNFIT is caught.value.kind
    assert "remove that rule" in caught.value.message
    assert "Contents" not in s3_client.list_objects_v2(Bucket=bucket)


def test_a_listing_that_never_ends(
    s3_server: S3Service, plain_bucket: str, proxy: FaultProxy
) -> None:
    """A service that says "more" for ever, and not from where, is an error."""
    backend = open_bucket(s3_server, plain_bucket, proxy.endpoint)
    page = b"<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>"
    reply = faults.Reply(status=200, headers=[("Content-Type", "application/xml")], body=page)
    proxy.rule(lambda exchange: exchange.answer(reply), times=EVER)

    with pytest.raises(BwcStoreError) as caught:
        [*backend.list("")]

    assert ErrorKind.STORAGE_IO is caught.value.kind
    backend.close()


def test_what_others_keep_below_the_prefix(
    s3_server: S3Service, s3_client: Any, locked_bucket: str
) -> None:
    """Names outside our alphabet, however odd, are passed over and never an exception; whoever
    asks for them is told.
    """
    backend = open_bucket(s3_server, locked_bucket, s3_server.parallel)
    odd = ["Upper", "with space", "tab\tline\n", "ü/é", "%41", "&<>\"'", "x" * 500]
    odd += ["a//b", "../c"]
    odd += ["a+b", "bell\x07"]
    for name in odd:
        s3_client.put_object(Bucket=locked_bucket, Key=backend.place.key(name), Body=b"x")
    s3_client.create_multipart_upload(Bucket=locked_bucket, Key=backend.place.key("Other \t"))
    backend.create("ours", b"1")

    assert ["ours"] == [one.name for one in backend.list("")]
    assert ["ours"] == [one.name for one in backend.all_versions("")]
    assert sorted(odd) == sorted(backend.foreign(""))
    assert ["a//b"] == [*backend.foreign("a/")]
    assert 0 == backend.discard_leftovers()
    backend.close()


@pytest.mark.spec("BKT-1", "BKT-6")
def test_uploads_of_odd_keys_are_found(
    s3_server: S3Service, s3_client: Any, plain_bucket: str
) -> None:
    """Keys that XML would alter, and those that look encoded, are aborted by what they are."""
    backend = open_bucket(s3_server, plain_bucket, s3_server.parallel, upload_seconds_max=-60.0)
    for name in ("return\r", "a+b c", "%2B", "ü\t"):
        s3_client.create_multipart_upload(Bucket=plain_bucket, Key=backend.place.key(name))

    assert 4 == backend.discard_leftovers()
    assert [] == s3_client.list_multipart_uploads(Bucket=plain_bucket).get("Uploads", [])
    backend.close()


@pytest.mark.spec("STO-15", "SHD-7")
def test_many_versions_are_not_gathered(
    s3_server: S3Service, s3_client: Any, locked_bucket: str, proxy: FaultProxy
) -> None:
    """However many versions somebody gave a name, a listing holds one page of them."""
    backend = open_bucket(s3_server, locked_bucket, proxy.endpoint)
    for number in range(6):
        s3_client.put_object(Bucket=locked_bucket, Key=backend.place.key("a"), Body=bytes(number))
    proxy.rule(faults.page_by(2), query="versions", times=EVER)
    before = len(proxy.seen)
    first = next(backend.all_versions(""))
    asked = len(proxy.seen) - before
    lengths = [one.length_bytes for one in backend.all_versions("")]
    backend.close()

    assert (5, 1) == (first.length_bytes, asked)
    assert [5, 4, 3, 2, 1, 0] == lengths


@pytest.mark.spec("STO-25", "BKT-12")
def test_a_refused_deletion_in_other_words(
    s3_server: S3Service, locked_bucket: str, proxy: FaultProxy
) -> None:
    """Some services refuse to delete what is locked as others say that there is no such version:
    it is gone only if it is listed no more.
    """
    backend = open_bucket(s3_server, locked_bucket, proxy.endpoint)
    backend.create("free", b"one")
    backend.lock_new(Locking(mode=LockMode.GOVERNANCE, record_days=1))
    backend.create("locked", b"two")
    free, locked = backend.versions("free")[0], backend.versions("locked")[0]
    proxy.rule(faults.say(400, "InvalidRequest"), method="DELETE", times=EVER)

    with pytest.raises(StorageError) as refused:
        backend.delete_version("free", free.version_id)
    with pytest.raises(StorageError) as kept:
        backend.delete_version("locked", locked.version_id)
    backend.delete_version("free", locked.version_id)
    backend.close()

    assert ErrorKind.STORAGE_IO is refused.value.kind
    assert ErrorKind.WITHHELD_BY_STORAGE is kept.value.kind
