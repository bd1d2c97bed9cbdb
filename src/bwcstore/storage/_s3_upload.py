"""A large object on its way into a bucket, part by part.

Rules kept here:

- what fits into one part is stored by one request;
- at most a few parts are in memory at once, and each travels with its SHA-256;
- the name is taken when the parts are put together, if it is free then (STO-10).
"""

import base64
import contextlib
import hashlib
import io
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final, Protocol

import attrs

from bwcstore._ports import ONLY_VERSION, Stat, Upload
from bwcstore.errors import ErrorKind, StorageError
from bwcstore.storage._s3_client import Answer, RefusedError, S3Client
from bwcstore.storage._s3_under_way import UnderWay

MARK: Final = "bwc-write"


def version_of(answer: Answer) -> str:
    """The version that an answer is about; the only one where there are no versions."""
    return str(answer.fields.get("VersionId") or ONLY_VERSION)


class Landing(Protocol):
    """What an upload needs of the bucket that it goes to."""

    client: S3Client
    under_way: UnderWay

    def fresh_mark(self) -> str:
        """A random mark for one writer of one name."""

    def put(self, name: str, data: bytes, *, lock: Mapping[str, Any], kind: str) -> Stat:
        """Store something in one request."""

    def settle(self, name: str, mark: str, refused: RefusedError, *, what: str) -> Answer:
        """Find out what became of a request to store."""

    @property
    def check_lock(self) -> Callable[[str, str, str, Mapping[str, Any]], None]:
        """Look at the first of its kind that was stored with a lock."""


@attrs.define
class _Part:
    """A part under way: its number, its bytes until they have arrived, the answer to come, and
    since when.
    """

    number: int
    data: io.BytesIO
    length_bytes: int
    digest: str
    answer: "Future[Answer]"
    since: float


class S3Upload(Upload):
    """See `Upload`."""

    def __init__(self, landing: Landing, name: str, *, lock: Mapping[str, Any]) -> None:
        self._landing = landing
        self._client = landing.client
        self._name = name
        self._key: Final = landing.client.place.key(name)
        self._lock = lock
        self._mark = landing.fresh_mark()
        self._part_bytes = landing.client.options.part_bytes
        self._filling: io.BytesIO | None = None
        self._upload_id = ""
        self._under_way: deque[_Part] = deque()
        self._arrived: list[dict[str, Any]] = []
        self._length = 0
        self._ended = False

    def write(self, data: memoryview) -> None:
        """See `Upload.write`."""
        self._check_open()
        try:
            view = data.cast("B")
            while view.nbytes:
                part = self._part()
                count = min(view.nbytes, self._part_bytes - part.tell())
                part.write(view[:count])
                view = view[count:]
                self._length += count
                # What fits into one part is stored without parts: the first waits for more.
                full = part.tell() == self._part_bytes
                if full and (view.nbytes or self._upload_id):
                    self._send()
        except BaseException:
            self.abort()
            raise

    def commit(self) -> Stat:
        """See `Upload.commit`."""
        self._check_open()
        try:
            if not self._upload_id:
                stat = self._landing.put(
                    self._name, self._filled(), lock=self._lock, kind="evidence"
                )
            else:
                if self._filling is not None:
                    self._send()
                while self._under_way:
                    self._await_one()
                stat = self._complete()
        except BaseException:
            self.abort()
            raise
        self._end()
        return stat

    def abort(self) -> None:
        """See `Upload.abort`."""
        if self._ended:
            return
        for part in self._under_way:
            part.answer.cancel()
        if self._upload_id:
            # What stays behind is found and aborted later.
            with contextlib.suppress(RefusedError):
                self._client.call(
                    "abort_multipart_upload",
                    within_seconds=self._client.options.afterwards_seconds,
                    Key=self._key,
                    UploadId=self._upload_id,
                )
        self._end()

    def _part(self) -> io.BytesIO:
        """The part that is being filled. None is there between two, so that none is idle."""
        if self._filling is None:
            self._filling = self._landing.under_way.take_part()
        return self._filling

    def _filled(self) -> bytes:
        part = self._part()
        part.truncate()
        return part.getvalue()

    def _check_open(self) -> None:
        if self._ended:
            raise StorageError(ErrorKind.CLOSED, f"the upload of {self._name} has ended")

    def _end(self) -> None:
        self._ended = True
        if self._filling is not None:
            self._landing.under_way.give_part(self._filling)
            self._filling = None
        self._landing.under_way.end(self._upload_id)
        self._under_way.clear()

    def _send(self) -> None:
        """Begin to send the part that is filled; wait for the oldest where too many travel."""
        begun = None if self._upload_id else self._begin()
        data, self._filling = self._part(), None
        length = data.tell()
        data.truncate()
        # Hashed while the service begins the upload, or earlier parts travel.
        with data.getbuffer() as view:
            digest = base64.b64encode(hashlib.sha256(view).digest()).decode()
        if begun is not None:
            self._await_begun(begun)
        while len(self._under_way) >= self._client.options.parts_at_once or self._has_arrived():
            self._await_one()
        number = len(self._arrived) + len(self._under_way) + 1
        since = self._client.clock.monotonic()
        # The client library copies bytes before it sends them; what is a file it reads.
        data.seek(0)
        arguments = self._part_arguments(number, data, digest)
        try:
            answer = self._client.begin("upload_part", length_bytes=length, **arguments)
        except RefusedError as exc:
            raise exc.refusal.error(f"storing part {number} of {self._name}") from exc
        self._under_way.append(_Part(number, data, length, digest, answer, since))

    def _has_arrived(self) -> bool:
        """Whether the oldest part has arrived, so that its memory can be used again."""
        return bool(self._under_way) and self._under_way[0].answer.done()

    def _begin(self) -> "Future[Answer]":
        try:
            return self._client.begin("create_multipart_upload", **self._begin_arguments())
        except RefusedError as exc:
            raise exc.refusal.error(f"beginning to store {self._name}") from exc

    def _await_begun(self, begun: "Future[Answer]") -> None:
        try:
            answer = self._begun(begun)
        except RefusedError as exc:
            raise exc.refusal.error(f"beginning to store {self._name}") from exc
        self._upload_id = str(answer.fields["UploadId"])
        self._landing.under_way.begin(self._upload_id)

    def _begun(self, begun: "Future[Answer]") -> Answer:
        try:
            return begun.result()
        except RefusedError as exc:
            if not exc.refusal.retry:
                raise
        # What was begun without an answer is found and aborted later.
        return self._client.call("create_multipart_upload", **self._begin_arguments())

    def _begin_arguments(self) -> dict[str, Any]:
        return {
            "Key": self._key,
            "ChecksumAlgorithm": "SHA256",
            "Metadata": {MARK: self._mark},
            **self._lock,
        }

    def _part_arguments(self, number: int, data: io.BytesIO | bytes, digest: str) -> dict[str, Any]:
        return {
            "Key": self._key,
            "UploadId": self._upload_id,
            "PartNumber": number,
            "Body": data,
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": digest,
        }

    def _await_one(self) -> None:
        part = self._under_way.popleft()
        try:
            answer = self._answer(part)
        except RefusedError as exc:
            raise exc.refusal.error(f"storing part {part.number} of {self._name}") from exc
        self._arrived.append(
            {
                "PartNumber": part.number,
                "ETag": answer.fields["ETag"],
                "ChecksumSHA256": part.digest,
            }
        )
        self._landing.under_way.give_part(part.data)

    def _answer(self, part: _Part) -> Answer:
        try:
            return part.answer.result()
        except RefusedError as exc:
            if not exc.refusal.retry:
                raise
        # A part may be sent again under its number: the last one counts, and all are equal.
        return self._client.call(
            "upload_part",
            length_bytes=part.length_bytes,
            within_seconds=part.since
            + self._client.deadline_seconds(part.length_bytes)
            - self._client.clock.monotonic(),
            **self._part_arguments(part.number, part.data.getvalue(), part.digest),
        )

    def _complete(self) -> Stat:
        what = f"storing {self._name}"
        try:
            answer = self._client.call(
                "complete_multipart_upload",
                Key=self._key,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._arrived},
                IfNoneMatch="*",
            )
        except RefusedError as exc:
            answer = self._landing.settle(self._name, self._mark, exc, what=what)
        self._landing.check_lock("evidence in parts", self._name, version_of(answer), self._lock)
        return Stat(name=self._name, length_bytes=self._length)
