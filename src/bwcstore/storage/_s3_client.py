"""Calls to an S3 service: one retry policy, one total deadline, one translation of failures.

Rules kept here (spec chapter `buckets`):

- arguments are checked against the service's own description: the client library drops those that
  it does not know, and an object whose lock was misspelt is an object without a lock;
- an operation is tried again until its deadline, never longer, and whether an attempt went without
  an answer is told to the caller;
- the storage's clock is taken from every answer.
"""

import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, TypeVar, cast

import attrs

from bwcstore._ports import Clock, Entropy
from bwcstore._values import ByteRange, Instant
from bwcstore.errors import ErrorKind, InternalError, InvalidInputError
from bwcstore.storage._s3_errors import Refusal, refusal_of
from bwcstore.storage._s3_options import S3Options, S3Place

T = TypeVar("T")
Arguments = Mapping[str, Any]

_BACKOFF_FIRST_SECONDS: Final = 0.05
_BACKOFF_LAST_SECONDS: Final = 5.0
_SLOWEST_BYTES_PER_SECOND: Final = 1 << 20
_READ_STEP_BYTES: Final = 1 << 20


class RefusedError(Exception):
    """An operation that was refused, or was given up at its deadline.

    Attributes:
        refusal: the last refusal.
        doubt: an attempt may have taken effect without an answer.
    """

    def __init__(self, refusal: Refusal, *, doubt: bool) -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.doubt = doubt


@attrs.frozen(kw_only=True)
class Answer:
    """What the service answered.

    Attributes:
        fields: as the client library gives them.
        doubt: an attempt before this one went without an answer.
    """

    fields: Arguments
    doubt: bool

    @property
    def headers(self) -> Mapping[str, str]:
        """The HTTP headers, in lower case."""
        return cast("Mapping[str, str]", self.fields["ResponseMetadata"]["HTTPHeaders"])


class _Body(Protocol):
    """The part of a streamed body that is used."""

    async def read(self, amount: int) -> bytes:
        """At most `amount` bytes, none at the end."""

    def close(self) -> None:
        """Give the connection up."""


class S3Client:
    """One service, seen from one process. Safe to use from several threads."""

    def __init__(
        self, place: S3Place, options: S3Options, *, clock: Clock, entropy: Entropy
    ) -> None:
        """Connect lazily: nothing is sent before the first call.

        Raises:
            InvalidInputError: the client library is not installed (`EXTRA_MISSING`).
        """
        self.place = place
        self.options = options
        self.clock = clock
        self._entropy = entropy
        self._time_lock = threading.Lock()
        self._seen: tuple[Instant, float] | None = None
        self._filesystem = _make_filesystem(options)
        self._models: dict[str, frozenset[str]] = {}

    def call(self, operation: str, *, length_bytes: int = 0, **arguments: Any) -> Answer:
        """Ask for one operation, again where that may help, until the deadline.

        Args:
            operation: its name in the client library, such as `put_object`.
            length_bytes: how much travels, which makes an attempt's time longer.
            arguments: its arguments, without the bucket.

        Raises:
            RefusedError: it was refused, or never answered.
        """
        checked = self._checked(operation, arguments)
        return self._retried(lambda: self._ask(operation, checked), length_bytes=length_bytes)

    def begin(self, operation: str, **arguments: Any) -> "Future[Answer]":
        """Ask once, without waiting; the future fails with `RefusedError`.

        Raises:
            InternalError: the operation does not know an argument.
        """
        import asyncio  # noqa: PLC0415 - loaded with the client library

        checked = self._checked(operation, arguments)
        seconds = self._attempt_seconds(len(arguments.get("Body", b"")))

        async def ask() -> Answer:
            try:
                fields = await asyncio.wait_for(self._ask(operation, checked), seconds)
            except Exception as exc:
                refusal = refusal_of(exc)
                raise RefusedError(refusal, doubt=refusal.doubtful) from exc
            return self._answer(fields, doubt=False)

        return asyncio.run_coroutine_threadsafe(ask(), self._filesystem.loop)

    def read_into(self, buffer: memoryview, *, offset_bytes: int, **arguments: Any) -> int:
        """Fill a buffer with an object's bytes from an offset; how many there were.

        Raises:
            RefusedError: it was refused, or never answered in full.
        """
        target = buffer.cast("B")
        if not target.nbytes:
            return 0
        last = offset_bytes + target.nbytes - 1
        checked = self._checked(
            "get_object", {**arguments, "Range": f"bytes={offset_bytes}-{last}"}
        )

        async def fetch() -> Arguments:
            fields = await self._ask("get_object", checked)
            return {**fields, "Filled": await _drain(fields, target)}

        try:
            return int(self._retried(fetch, length_bytes=target.nbytes).fields["Filled"])
        except RefusedError as exc:
            if exc.refusal.status == 416:
                return 0
            raise

    def read(self, key: str, byte_range: ByteRange | None, **version: str) -> bytes:
        """An object's bytes, or a range of them, short only at the end.

        Raises:
            RefusedError: it was refused, or never answered in full.
        """
        arguments = self._checked("get_object", {"Key": key, **version})
        expected = 0
        if byte_range is not None:
            if not byte_range.length_bytes:
                self._retried(lambda: self._ask("head_object", arguments), length_bytes=0)
                return b""
            expected = byte_range.length_bytes
            last = byte_range.offset_bytes + expected - 1
            arguments = {**arguments, "Range": f"bytes={byte_range.offset_bytes}-{last}"}

        async def fetch() -> Arguments:
            fields = await self._ask("get_object", arguments)
            buffer = bytearray(int(fields["ContentLength"]))
            await _drain(fields, memoryview(buffer))
            return {**fields, "Read": bytes(buffer)}

        try:
            return cast("bytes", self._retried(fetch, length_bytes=expected).fields["Read"])
        except RefusedError as exc:
            if exc.refusal.status == 416:
                return b""
            raise

    def server_time(self) -> Instant | None:
        """The service's time by its last answer, carried on by this machine's intervals."""
        with self._time_lock:
            if self._seen is None:
                return None
            at, since = self._seen
            return at.plus_seconds(self.clock.monotonic() - since)

    def wait(self, attempt: int) -> None:
        """Let a little time go by before another attempt, longer each time, never twice alike."""
        longest = min(_BACKOFF_LAST_SECONDS, _BACKOFF_FIRST_SECONDS * 2**attempt)
        share = int.from_bytes(self._entropy.take(2), "big") / 0xFFFF
        threading.Event().wait(longest * (0.5 + share / 2))

    def _checked(self, operation: str, arguments: Arguments) -> Arguments:
        full = {"Bucket": self.place.bucket, **arguments}
        known = self._models.get(operation)
        if known is None:
            known = self._models[operation] = self._known_arguments(operation)
        if unknown := sorted(full.keys() - known):
            raise InternalError(ErrorKind.DEFECT, f"{operation} does not know {unknown}")
        return full

    def _known_arguments(self, operation: str) -> frozenset[str]:
        service = self._run(self._service, seconds=self.options.attempt_seconds)
        meta = service.meta
        name = meta.method_to_api_mapping[operation]
        return frozenset(meta.service_model.operation_model(name).input_shape.members)

    async def _service(self) -> Any:
        await self._filesystem.set_session()
        return await self._filesystem.get_s3(self.place.bucket)

    async def _ask(self, operation: str, arguments: Arguments) -> Arguments:
        return cast("Arguments", await self._filesystem._call_s3(operation, **arguments))  # noqa: SLF001 - its synchronous form cannot stream

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]], *, seconds: float) -> T:
        from fsspec.asyn import sync  # noqa: PLC0415 - loaded with the client library

        try:
            return cast("T", sync(self._filesystem.loop, work, timeout=seconds))
        except Exception as exc:
            refusal = refusal_of(exc)
            raise RefusedError(refusal, doubt=refusal.doubtful) from exc

    def _retried(
        self, work: Callable[[], Coroutine[Any, Any, Arguments]], *, length_bytes: int
    ) -> Answer:
        limit = self.clock.monotonic() + self.options.deadline_seconds
        doubt = False
        attempt = 0
        while True:
            left = limit - self.clock.monotonic()
            try:
                fields = self._run(
                    work, seconds=min(self._attempt_seconds(length_bytes), max(left, 1.0))
                )
            except RefusedError as exc:
                doubt = doubt or exc.doubt
                if not exc.refusal.retry or self.clock.monotonic() >= limit:
                    raise RefusedError(exc.refusal, doubt=doubt) from exc
                self.wait(attempt)
                attempt += 1
            else:
                return self._answer(fields, doubt=doubt)

    def _attempt_seconds(self, length_bytes: int) -> float:
        return self.options.attempt_seconds + length_bytes / _SLOWEST_BYTES_PER_SECOND

    def _answer(self, fields: Arguments, *, doubt: bool) -> Answer:
        answer = Answer(fields=fields, doubt=doubt)
        date = answer.headers.get("date")
        if date is not None:
            moment = Instant.from_datetime(parsedate_to_datetime(date).astimezone(UTC))
            with self._time_lock:
                self._seen = (moment, self.clock.monotonic())
        return answer

    def close(self) -> None:
        """Give the connections up."""
        service = self._filesystem._s3  # noqa: SLF001 - the library closes it only at garbage collection
        if service is not None:
            self._filesystem.close_session(self._filesystem.loop, service)


async def _drain(fields: Arguments, target: memoryview) -> int:
    """Fill a buffer from a streamed answer.

    Raises:
        EOFError: the answer ended early.
    """
    body = cast("_Body", fields["Body"])
    expected = int(fields["ContentLength"])
    filled = 0
    try:
        while filled < expected:
            piece = await body.read(min(_READ_STEP_BYTES, expected - filled))
            if not piece:
                raise EOFError(f"{filled} of {expected} bytes")
            target[filled : filled + len(piece)] = piece
            filled += len(piece)
    finally:
        body.close()
    return filled


def _make_filesystem(options: S3Options) -> Any:
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - an extra, and half a second to load
    except ImportError as exc:
        raise InvalidInputError(
            ErrorKind.EXTRA_MISSING, "object storage needs: pip install 'bwcstore[s3]'"
        ) from exc
    extra: dict[str, object] = {}
    if options.profile is not None:
        extra["profile"] = options.profile
    client: dict[str, object] = {}
    if options.region is not None:
        client["region_name"] = options.region
    found = S3FileSystem(
        key=options.access_key_id,
        secret=options.secret_access_key,
        token=options.session_token,
        endpoint_url=options.endpoint_url,
        client_kwargs=client,
        config_kwargs={
            "connect_timeout": min(5.0, options.attempt_seconds),
            "read_timeout": options.attempt_seconds,
            "retries": {"mode": "standard", "total_max_attempts": 1},
            "max_pool_connections": 32,
            # Digests are sent by us, and everything is verified above the transport.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        },
        use_listings_cache=False,
        skip_instance_cache=True,
        **extra,
    )
    # One policy of retrying is enough, and it must know of every attempt.
    found.retries = 1
    return found
