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
from bwcstore.errors import BwcStoreError, ErrorKind, InternalError
from bwcstore.storage._s3_errors import (
    Refusal,
    UnexpectedAnswerError,
    check_answer,
    refusal_of,
)
from bwcstore.storage._s3_filesystem import make_filesystem
from bwcstore.storage._s3_options import S3Options, S3Place

T = TypeVar("T")
Arguments = Mapping[str, Any]

_BACKOFF_FIRST_SECONDS: Final = 0.05
_BACKOFF_LAST_SECONDS: Final = 5.0
_SLOWEST_BYTES_PER_SECOND: Final = 1 << 20
_READ_STEP_BYTES: Final = 1 << 20
_LAST_ATTEMPT_SECONDS: Final = 1.0


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
        self._filesystem = make_filesystem(options)
        self._models: dict[str, frozenset[str]] = {}

    def call(
        self,
        operation: str,
        *,
        length_bytes: int = 0,
        within_seconds: float | None = None,
        **arguments: Any,
    ) -> Answer:
        """Ask for one operation, again where that may help, until the deadline.

        Args:
            operation: its name in the client library, such as `put_object`.
            length_bytes: how much travels, which makes an attempt's time longer.
            within_seconds: another deadline than that of the options.
            arguments: its arguments, without the bucket.

        Raises:
            RefusedError: it was refused, or never answered.
        """
        checked = self._checked(operation, arguments)
        return self._retried(
            lambda: self._ask(operation, checked),
            length_bytes=length_bytes,
            within_seconds=within_seconds,
        )

    def begin(self, operation: str, *, length_bytes: int = 0, **arguments: Any) -> "Future[Answer]":
        """Ask once, without waiting; the future fails with `RefusedError`.

        Args:
            operation: its name in the client library, such as `upload_part`.
            length_bytes: how much travels, which makes the attempt's time longer.
            arguments: its arguments, without the bucket.

        Raises:
            InternalError: the operation does not know an argument.
            RefusedError: the service cannot be described.
        """
        import asyncio  # noqa: PLC0415 - loaded with the client library

        checked = self._checked(operation, arguments)
        seconds = self.attempt_seconds(length_bytes)

        async def ask() -> Answer:
            try:
                fields = await asyncio.wait_for(self._ask(operation, checked), seconds)
            except Exception as exc:
                refusal = refusal_of(exc, now=self.clock.now())
                raise RefusedError(refusal, doubt=refusal.doubtful) from exc
            return self._answer(fields, doubt=False)

        return asyncio.run_coroutine_threadsafe(ask(), self._filesystem.loop)

    def signed_url(self, operation: str, *, seconds: int, **arguments: Any) -> str:
        """An address that lets anybody ask for one operation, for some seconds. Nothing is sent.

        Raises:
            RefusedError: there are no credentials to sign it with.
        """
        checked = dict(self._checked(operation, arguments))

        async def sign() -> str:
            service = await self._service()
            url = await service.generate_presigned_url(operation, checked, seconds)
            return cast("str", url)

        return self._run(sign, seconds=self.options.attempt_seconds)

    def certificates(self) -> str | bool:
        """The file of authorities that the client library trusts; True for those it comes with."""
        return self._filesystem.session.get_config_variable("ca_bundle") or True

    def read_into(
        self,
        buffer: memoryview,
        *,
        offset_bytes: int,
        spent_seconds: float = 0.0,
        **arguments: Any,
    ) -> int:
        """Fill a buffer with an object's bytes from an offset; how many there were.

        Args:
            buffer: receives them.
            offset_bytes: where the first of them lies.
            spent_seconds: how much of the deadline has gone by.
            arguments: of `get_object`, without the bucket and the range.

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
            answer = self._retried(fetch, length_bytes=target.nbytes, spent_seconds=spent_seconds)
            return int(answer.fields["Filled"])
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
        most: int | None = None
        if byte_range is not None:
            if not byte_range.length_bytes:
                self._retried(lambda: self._ask("head_object", arguments), length_bytes=0)
                return b""
            expected = byte_range.length_bytes
            most = expected
            last = byte_range.offset_bytes + expected - 1
            arguments = {**arguments, "Range": f"bytes={byte_range.offset_bytes}-{last}"}

        async def fetch() -> Arguments:
            fields = await self._ask("get_object", arguments)
            length = int(fields["ContentLength"])
            buffer = bytearray(length if most is None else min(length, most))
            await _drain(fields, memoryview(buffer))
            return {**fields, "Read": bytes(buffer)}

        try:
            # A range is mostly the limit of something shorter, which needs no time of its own.
            answer = self._retried(
                fetch, length_bytes=expected, within_seconds=self.options.deadline_seconds
            )
            return cast("bytes", answer.fields["Read"])
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

    def _wait(self, attempt: int, *, left_seconds: float) -> None:
        """Let a little time go by before another attempt, longer each time, never twice alike."""
        longest = min(_BACKOFF_LAST_SECONDS, _BACKOFF_FIRST_SECONDS * 2 ** min(attempt, 16))
        share = int.from_bytes(self._entropy.take(2), "big") / 0xFFFF
        threading.Event().wait(min(left_seconds, longest * (0.5 + share / 2)))

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
        fields = await self._filesystem._call_s3(operation, **arguments)  # noqa: SLF001 - its synchronous form cannot stream
        try:
            check_answer(operation, fields)
        except UnexpectedAnswerError:
            # Nobody will read what is left of it, and whoever holds the error would hold it.
            if "Body" in fields:
                cast("_Body", fields["Body"]).close()
            raise
        return cast("Arguments", fields)

    def _run(self, work: Callable[[], Coroutine[Any, Any, T]], *, seconds: float) -> T:
        import asyncio  # noqa: PLC0415 - loaded with the client library

        async def limited() -> T:
            return await asyncio.wait_for(work(), seconds)

        # Waited for without a limit of its own: what still runs could fill a buffer in use again.
        future = asyncio.run_coroutine_threadsafe(limited(), self._filesystem.loop)
        try:
            return future.result()
        except Exception as exc:
            refusal = refusal_of(exc, now=self.clock.now())
            raise RefusedError(refusal, doubt=refusal.doubtful) from exc
        except BaseException:
            future.cancel()
            raise

    def _retried(
        self,
        work: Callable[[], Coroutine[Any, Any, Arguments]],
        *,
        length_bytes: int,
        within_seconds: float | None = None,
        spent_seconds: float = 0.0,
    ) -> Answer:
        if within_seconds is None:
            within_seconds = self.deadline_seconds(length_bytes)
        limit = self.clock.monotonic() + within_seconds - spent_seconds
        doubt = False
        attempt = 0
        while True:
            left = max(limit - self.clock.monotonic(), _LAST_ATTEMPT_SECONDS)
            try:
                fields = self._run(work, seconds=min(self.attempt_seconds(length_bytes), left))
            except RefusedError as exc:
                doubt = doubt or exc.doubt
                left = limit - self.clock.monotonic()
                if not exc.refusal.retry or left <= 0:
                    raise RefusedError(exc.refusal, doubt=doubt) from exc
                self._wait(attempt, left_seconds=left)
                attempt += 1
            else:
                return self._answer(fields, doubt=doubt)

    def deadline_seconds(self, length_bytes: int) -> float:
        """How long an operation with so many bytes may take, all attempts together."""
        return self.options.deadline_seconds + length_bytes / _SLOWEST_BYTES_PER_SECOND

    def attempt_seconds(self, length_bytes: int) -> float:
        """How long one attempt with so many bytes may take."""
        return self.options.attempt_seconds + length_bytes / _SLOWEST_BYTES_PER_SECOND

    def _answer(self, fields: Arguments, *, doubt: bool) -> Answer:
        answer = Answer(fields=fields, doubt=doubt)
        self.note_date(answer.headers.get("date", ""))
        return answer

    def note_date(self, date: str) -> None:
        """Take the service's time from the date of an answer."""
        moment = _told(date)
        if moment is not None:
            with self._time_lock:
                self._seen = (moment, self.clock.monotonic())

    def close(self) -> None:
        """Give the connections up."""
        service = self._filesystem._s3  # noqa: SLF001 - the library closes it only at garbage collection
        if service is not None:
            self._filesystem.close_session(self._filesystem.loop, service)


def _told(date: str) -> Instant | None:
    """The time in a header, where it is one."""
    try:
        return Instant.from_datetime(parsedate_to_datetime(date).astimezone(UTC))
    except (ValueError, OverflowError, BwcStoreError):
        return None


async def _drain(fields: Arguments, target: memoryview) -> int:
    """Fill a buffer from a streamed answer.

    Raises:
        EOFError: the answer ended early.
        UnexpectedAnswerError: it is longer than the buffer.
    """
    body = cast("_Body", fields["Body"])
    expected = int(fields["ContentLength"])
    filled = 0
    try:
        if expected > target.nbytes:
            raise UnexpectedAnswerError(f"{expected} bytes where {target.nbytes} were asked for")
        while filled < expected:
            piece = await body.read(min(_READ_STEP_BYTES, expected - filled))
            if not piece:
                raise EOFError(f"{filled} of {expected} bytes")
            target[filled : filled + len(piece)] = piece
            filled += len(piece)
    finally:
        body.close()
    return filled
