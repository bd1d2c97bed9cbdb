"""A service that keeps its promises badly: requests pass through here and lose what they ask for.

It stands before the real service and signs anew what it changed. What it does wrong is what real
services and what stands before them have done wrong: headers dropped, answers given too early.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import attrs
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.integration.s3_service import REGION, S3Service

_OWN = ("authorization", "x-amz-date", "x-amz-content-sha256", "host", "connection", "expect")
_PASSED = ("if-", "range", "x-amz-", "content-md5", "content-type")


@attrs.frozen(kw_only=True)
class Faults:
    """What goes wrong.

    Attributes:
        loses: headers that are lost, by how they begin.
        weakens: locks are made in the weaker mode.
        pretends: requests to change this sub-resource are answered, and not carried out.
        takes_any_retention: whatever a lock is changed to is said to be so.
        replaces: storing or deleting a name destroys the versions before.
        forbids: methods that these credentials may not use.
    """

    loses: tuple[str, ...] = ()
    weakens: bool = False
    pretends: str = ""
    takes_any_retention: bool = False
    replaces: bool = False
    forbids: str = ""


@contextmanager
def lossy(service: S3Service, faults: Faults) -> Iterator[str]:
    """The address of a service with these faults, in front of the serial endpoint."""
    server = _Server(service, faults)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, service: S3Service, faults: Faults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.faults = faults
        self.retentions: dict[str, bytes] = {}
        self.versions: dict[str, list[str]] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        faults = self.server.faults
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query, keep_blank_values=True))
        if self.command == faults.forbids and "versionId" in asked:
            self._answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
        elif faults.pretends and faults.pretends in asked and self.command == "PUT":
            self._answer(200, {}, b"")
        elif faults.takes_any_retention and "retention" in asked and self.command == "PUT":
            self.server.retentions[self.path] = body
            self._answer(200, {}, b"")
        elif "retention" in asked and self.path in self.server.retentions:
            self._answer(200, {}, self.server.retentions[self.path])
        else:
            if faults.replaces and not url.query and self.command in ("PUT", "DELETE"):
                for version in self.server.versions.pop(url.path, []):
                    self._ask("DELETE", f"{url.path}?versionId={version}", {}, b"")
            status, headers, found = self._ask(self.command, self.path, self._kept(), body)
            made = headers.get("x-amz-version-id")
            if self.command == "PUT" and made:
                self.server.versions.setdefault(url.path, []).append(made)
            self._answer(status, headers, found)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815 - the library's

    def _kept(self) -> dict[str, str]:
        faults = self.server.faults
        kept = {
            name: value
            for name, value in self.headers.items()
            if (lower := name.lower()).startswith(_PASSED)
            and lower not in _OWN
            and not (faults.loses and lower.startswith(faults.loses))
        }
        if faults.weakens:
            kept = {
                name: "GOVERNANCE" if name.lower() == "x-amz-object-lock-mode" else value
                for name, value in kept.items()
            }
        return kept

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        service = self.server.service
        request = AWSRequest(
            method=method, url=f"{service.serial}{path}", data=body, headers=headers
        )
        credentials = Credentials(service.key_id, service.secret)
        S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
        connection = http.client.HTTPConnection(urlsplit(service.serial).netloc, timeout=30)
        try:
            connection.request(method, path, body=body, headers=dict(request.headers))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = headers.get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Say nothing."""
