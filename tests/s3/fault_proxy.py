"""A proxy between the library and a real service that does to requests what networks do.

Requests pass unchanged, `Host` and signature included, until a rule takes one: what becomes of it
is the rule's action. Every request is remembered.
"""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

import attrs
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

EVER: Final = 1 << 30
_ERROR: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
    "<Message>{code}, says the test</Message><RequestId>1</RequestId></Error>"
)
_HOPS: Final = frozenset({"connection", "expect", "keep-alive", "transfer-encoding"})


@attrs.frozen(kw_only=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    at: float

    @property
    def what(self) -> str:
        """A short word for what was asked."""
        names = [name for name, _ in parse_qsl(self.query, keep_blank_values=True)]
        return f"{self.method} {'&'.join(names)}".strip()


@attrs.frozen(kw_only=True)
class Reply:
    """An answer of the service."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange:
    """One request under way, in the hands of an action."""

    def __init__(self, proxy: "FaultProxy", handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        self.proxy = proxy
        self.seen = seen
        self._handler = handler
        self._length = int(seen.headers.get("content-length", 0))
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The bytes that came with it."""
        if self._body is None:
            self._body = self._handler.rfile.read(self._length)
        return self._body

    def forward(self, headers: dict[str, str] | None = None, *, more: str = "") -> Reply:
        """Send it on, with `more` at the end of its query, and take the answer."""
        body = self.body
        with self._connected() as upstream:
            self._send_head(upstream, headers or self.seen.headers, more)
            upstream.send(body)
            found = upstream.getresponse()
            kept = [(k, v) for k, v in found.getheaders() if k.lower() not in _HOPS]
            return Reply(status=found.status, headers=kept, body=found.read())

    def forward_half(self) -> None:
        """Send half of its bytes on, and hang up on both sides."""
        half = self._handler.rfile.read(self._length // 2)
        with self._connected() as upstream:
            self._send_head(upstream, self.seen.headers)
            upstream.send(half)
        self.drop()

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        upstream = http.client.HTTPConnection(self.proxy.host, self.proxy.port, timeout=20)
        try:
            yield upstream
        finally:
            upstream.close()

    def _send_head(
        self, upstream: http.client.HTTPConnection, headers: dict[str, str], more: str = ""
    ) -> None:
        upstream.putrequest(
            self.seen.method, self._handler.path + more, skip_host=True, skip_accept_encoding=True
        )
        for name, value in headers.items():
            if name not in _HOPS:
                upstream.putheader(name, value)
        upstream.endheaders()

    def answer(self, reply: Reply, *, cut_bytes: int | None = None, per_second: int = 0) -> None:
        """Give an answer: all of it, or `cut_bytes`, or only so many bytes each second."""
        head = reply.body if self.seen.method != "HEAD" else b""
        handler = self._handler
        handler.send_response_only(reply.status)
        named = {name.lower() for name, _ in reply.headers}
        for name, value in reply.headers:
            handler.send_header(name, value)
        if "content-length" not in named and reply.status not in (204, 304):
            handler.send_header("Content-Length", str(len(reply.body)))
        if cut_bytes is not None and not head:
            # There is no body to cut: the head itself breaks off.
            handler.wfile.write(b"HTTP/1.1 2")
            self.drop()
            return
        handler.end_headers()
        sent = head if cut_bytes is None else head[:cut_bytes]
        step = max(1, per_second // 10) if per_second else max(1, len(sent))
        for start in range(0, len(sent), step):
            handler.wfile.write(sent[start : start + step])
            if per_second and self.proxy.closing.wait(0.1):
                break
        if cut_bytes is not None:
            self.drop()

    def say(self, status: int, code: str, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer an error of the service's form without asking it."""
        _ = self.body
        body = b"" if self.seen.method == "HEAD" else _ERROR.format(code=code).encode()
        date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        given = [("Date", date), ("Content-Type", "application/xml"), *headers]
        self.answer(Reply(status=status, headers=given, body=body))

    def drop(self) -> None:
        """Hang up."""
        self._handler.close_connection = True
        try:
            self._handler.wfile.flush()
            self._handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def signed_without(self, *names: str, more: str = "") -> dict[str, str]:
        """Its headers without some, signed again by the key of the tests, for `more` query."""
        gone = {*names, "authorization", "x-amz-content-sha256", "x-amz-date", *_HOPS}
        headers = {k: v for k, v in self.seen.headers.items() if k not in gone}
        url = f"http://{headers['host']}{self._handler.path}{more}"
        request = AWSRequest(method=self.seen.method, url=url, data=self.body, headers=headers)
        S3SigV4Auth(self.proxy.credentials, "s3", "us-east-1").add_auth(request)
        return {k.lower(): v for k, v in request.headers.items()}


Action = Callable[[Exchange], None]


def lose_request(exchange: Exchange) -> None:
    """The request never arrives."""
    _ = exchange.body
    exchange.drop()


def lose_answer(exchange: Exchange) -> None:
    """The service does it, and nobody hears of it."""
    exchange.forward()
    exchange.drop()


def say(status: int, code: str, *, headers: tuple[tuple[str, str], ...] = ()) -> Action:
    """An error, without asking the service."""
    return lambda exchange: exchange.say(status, code, headers=headers)


def say_page(exchange: Exchange) -> None:
    """What a web server that knows nothing of S3 says to everything."""
    _ = exchange.body
    page = b"<html><body><p>Welcome</p></body></html>"
    exchange.answer(Reply(status=200, headers=[("Content-Type", "text/html")], body=page))


def truncate(exchange: Exchange) -> None:
    """The answer breaks off."""
    reply = exchange.forward()
    exchange.answer(reply, cut_bytes=len(reply.body) // 2)


def cut(exchange: Exchange) -> None:
    """The connection breaks in the middle of the request."""
    exchange.forward_half()


def flip(exchange: Exchange) -> None:
    """One bit of the answer's body is turned over."""
    reply = exchange.forward()
    body = bytearray(reply.body)
    if body:
        body[len(body) // 2] ^= 1
    exchange.answer(attrs.evolve(reply, body=bytes(body)))


def slowly(per_second: int) -> Action:
    """The answer comes at so many bytes each second."""
    return lambda exchange: exchange.answer(exchange.forward(), per_second=per_second)


def delay(seconds: float) -> Action:
    """The request waits before it is sent on."""

    def act(exchange: Exchange) -> None:
        _ = exchange.body
        exchange.proxy.closing.wait(seconds)
        exchange.answer(exchange.forward())

    return act


def land_late(seconds: float) -> Action:
    """The connection breaks, and the request takes effect some time later."""

    def act(exchange: Exchange) -> None:
        _ = exchange.body
        exchange.drop()
        exchange.proxy.closing.wait(seconds)
        exchange.forward()

    return act


def rewrite(**headers: str) -> Action:
    """The answer has other headers."""

    def act(exchange: Exchange) -> None:
        reply = exchange.forward()
        kept = [(k, v) for k, v in reply.headers if k.lower() not in headers]
        exchange.answer(attrs.evolve(reply, headers=[*kept, *headers.items()]))

    return act


def page_by(
    count: int, change: Callable[[bytes], bytes] = bytes, *, what: str = "max-keys"
) -> Action:
    """Listings come in pages of so many lines, each page changed."""
    more = f"&{what}={count}"

    def act(exchange: Exchange) -> None:
        reply = exchange.forward(exchange.signed_without(more=more), more=more)
        kept = [(k, v) for k, v in reply.headers if k.lower() != "content-length"]
        exchange.answer(Reply(status=reply.status, headers=kept, body=change(reply.body)))

    return act


def unlock(exchange: Exchange) -> None:
    """The service never learns that a lock was asked for."""
    names = ("x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date")
    exchange.answer(exchange.forward(exchange.signed_without(*names)))


@attrs.define(kw_only=True)
class Rule:
    """Which requests an action takes: those from the `first` that match, for `times` of them."""

    action: Action
    first: int = 1
    times: int = 1
    method: str = ""
    query: str | None = None
    path: str = ""
    matched: int = 0

    def takes(self, seen: Seen) -> bool:
        """Whether this request is one of them."""
        if self.method and seen.method not in self.method.split("|"):
            return False
        if self.query is not None and self.query not in seen.query:
            return False
        if self.path not in seen.path:
            return False
        self.matched += 1
        return self.first <= self.matched < self.first + self.times


class FaultProxy:
    """A proxy on a loopback port, in threads of its own."""

    def __init__(self, upstream: str, *, key_id: str = "", secret: str = "") -> None:
        found = urlsplit(upstream)
        self.host, self.port = str(found.hostname), int(found.port or 80)
        self.credentials = Credentials(key_id, secret)
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._seen: list[Seen] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def rule(self, action: Action, **more: Any) -> Rule:
        """From now on do this to the requests that match; older rules come first."""
        made = Rule(action=action, **more)
        with self._lock:
            self._rules.append(made)
        return made

    def heal(self) -> None:
        """Let everything pass, and forget what was seen."""
        with self._lock:
            self._rules.clear()
            self._seen.clear()

    @property
    def seen(self) -> list[Seen]:
        """The requests since the start, or since it was healed."""
        with self._lock:
            return [*self._seen]

    def take(self, exchange: Exchange) -> None:
        """Do to a request what the rules say."""
        with self._lock:
            self._seen.append(exchange.seen)
            # Every rule counts every request that it matches.
            taken = [rule for rule in self._rules if rule.takes(exchange.seen)]
        if taken:
            taken[0].action(exchange)
        else:
            exchange.answer(exchange.forward())


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            path, _, query = self.path.partition("?")
            headers: Message = self.headers
            seen = Seen(
                method=self.command,
                path=path,
                query=query,
                headers={name.lower(): value for name, value in headers.items()},
                at=time.monotonic(),
            )
            exchange = Exchange(proxy, self, seen)
            try:
                proxy.take(exchange)
            except OSError:
                # One of the two sides has hung up; so does this one.
                exchange.drop()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    for method in ("DELETE", "GET", "HEAD", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler._do)
    return Handler
