"""What an S3 service, or the lack of its answer, means to a caller (spec: STO-20)."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import attrs

from bwcstore._values import Instant
from bwcstore.errors import ErrorKind, InvalidInputError, StorageError

_SKEWED: Final = "RequestTimeTooSkewed"
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload"})
_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "RequestExpired",
        _SKEWED,
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_ELSEWHERE: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)
_DAMAGED: Final = frozenset(
    {"BadDigest", "IncompleteBody", "InvalidDigest", "XAmzContentSHA256Mismatch"}
)
_FULL: Final = frozenset({"InsufficientCapacity", "InsufficientStorage", "QuotaExceeded"})
_LATER: Final = frozenset(
    {
        "ConcurrentModification",
        "ConditionalRequestConflict",
        "OperationAborted",
        "RequestTimeout",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
    }
)
# The service turned the request away before it did anything.
_THROTTLED: Final = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
    }
)
_NO_CREDENTIALS: Final = frozenset(
    {
        "ConfigNotFound",
        "ConfigParseError",
        "CredentialRetrievalError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
_NO_SERVICE: Final = frozenset(
    {"InvalidEndpointURLError", "InvalidRegionError", "NoRegionError", "ParamValidationError"}
)
_NOT_S3: Final = frozenset({"ResponseParserError", "UnexpectedAnswerError"})
# What two ends of a connection will disagree on for ever, in the words of OpenSSL.
_TLS_FOR_EVER: Final = (
    "CERTIFICATE_VERIFY_FAILED",
    "certificate verify failed",
    "HTTP_REQUEST",
    "NO_PROTOCOLS_AVAILABLE",
    "HANDSHAKE_FAILURE",
    "RECORD_LAYER_FAILURE",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
)


# What an answer must say before it is believed: something else may answer "200" to anything.
_SAID: Final[Mapping[str, frozenset[str]]] = {
    "put_object": frozenset({"ETag"}),
    "create_multipart_upload": frozenset({"UploadId"}),
    "upload_part": frozenset({"ETag"}),
    "complete_multipart_upload": frozenset({"ETag"}),
    "head_object": frozenset({"ContentLength", "ETag", "LastModified"}),
    "get_object": frozenset({"ContentLength", "ETag"}),
    "list_object_versions": frozenset({"IsTruncated"}),
    "list_multipart_uploads": frozenset({"IsTruncated"}),
}


class UnexpectedAnswerError(Exception):
    """An answer that lacks what every S3 service says."""


@attrs.frozen(kw_only=True)
class Refusal:
    """One attempt that did not do what was asked.

    Attributes:
        status: the HTTP status; 0 where there was no answer.
        code: the service's code, or the name of the failure.
        retry: whether another attempt may do better.
        marker: the answer said that a delete marker stands there.
        detail: for people; never content.
        ahead_seconds: how far this machine's clock is ahead of the storage's, or behind if
            negative, where that is why it refused.
    """

    status: int
    code: str
    retry: bool
    marker: bool = False
    detail: str = ""
    ahead_seconds: int | None = None

    @property
    def doubtful(self) -> bool:
        """Whether a change may have been made all the same."""
        # What is hopeless without an answer never left this machine.
        answered = self.status >= 500 and self.code not in _THROTTLED
        return self.retry and (self.status == 0 or answered)

    @property
    def absent(self) -> bool:
        """Whether there is no such thing, as opposed to no such bucket."""
        return self.code in _ABSENT or (self.status == 404 and self.code != "NoSuchBucket")

    @property
    def taken(self) -> bool:
        """Whether a condition of the request did not hold."""
        return self.status == 412 or self.code == "PreconditionFailed"

    @property
    def denied(self) -> bool:
        """Whether the storage forbids it, credentials being known and good."""
        return self.status == 403 and self.kind is ErrorKind.STORAGE_DENIED

    @property
    def withheld(self) -> bool:
        """Whether a version that may be there is not given to these credentials, whatever is
        asked of it: encrypted under a key of somebody's own, archived, or forbidden.
        """
        kinds = (ErrorKind.STORAGE_DENIED, ErrorKind.STORAGE_IO)
        return self.status in (400, 403) and self.kind in kinds

    @property
    def bare(self) -> bool:
        """Whether the answer gave no reason: a HEAD has none, and what is no S3 service."""
        return self.status != 0 and self.code == str(self.status)

    @property
    def kind(self) -> ErrorKind:
        """The kind of error that a caller sees."""
        if self.ahead_seconds is not None:
            return ErrorKind.CLOCK_AHEAD if self.ahead_seconds > 0 else ErrorKind.CLOCK_BEHIND
        for codes, kind in (
            ({"NoSuchBucket"} | _ELSEWHERE, ErrorKind.BUCKET_MISSING),
            (_CREDENTIALS, ErrorKind.CREDENTIALS_REFUSED),
            (_NO_CREDENTIALS, ErrorKind.CREDENTIALS_MISSING),
            (_NO_SERVICE, ErrorKind.STORAGE_UNREACHABLE),
            (_DAMAGED, ErrorKind.CHECKSUM_MISMATCH),
            (_FULL, ErrorKind.STORAGE_FULL),
            (_LATER, ErrorKind.STORAGE_BUSY),
        ):
            if self.code in codes:
                return kind
        if self.status == 0:
            return ErrorKind.STORAGE_UNREACHABLE
        if self.status in (301, 307) or (self.status == 404 and self.bare):
            return ErrorKind.BUCKET_MISSING
        if self.status == 403:
            return ErrorKind.STORAGE_DENIED
        if self.status in (429, 503):
            return ErrorKind.STORAGE_BUSY
        return ErrorKind.STORAGE_IO

    def error(self, what: str) -> StorageError:
        """What to raise for it."""
        answer = f"{self.status} {self.code}" if self.status else self.code
        advice = _ADVICE.get(self.kind, "")
        if self.code in _NOT_S3 or (self.bare and self.kind is ErrorKind.STORAGE_IO):
            advice = "; what answers there does not speak S3: check the endpoint"
        if self.ahead_seconds is not None:
            way = "ahead of" if self.ahead_seconds > 0 else "behind"
            advice = f"; this machine's clock is {abs(self.ahead_seconds)} s {way} the storage's"
        text = f"{what}: {answer}{f' ({self.detail})' if self.detail else ''}{advice}"
        return StorageError(self.kind, text)


_ADVICE: Final[Mapping[ErrorKind, str]] = {
    ErrorKind.BUCKET_MISSING: "; check the bucket's name, the region and the endpoint",
    ErrorKind.CREDENTIALS_MISSING: "; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret",
    ErrorKind.CREDENTIALS_REFUSED: "; renew the credentials, and check this machine's clock",
    ErrorKind.STORAGE_BUSY: "; the storage wants fewer requests: try again later",
    ErrorKind.STORAGE_DENIED: "; the policy of these credentials does not allow it",
    ErrorKind.STORAGE_UNREACHABLE: "; check the endpoint, the network and the certificates",
}


def check_answer(operation: str, fields: Mapping[str, Any]) -> None:
    """Check that an answer is one of an S3 service.

    Raises:
        UnexpectedAnswerError: it lacks what such a service says.
    """
    if missing := sorted(_SAID.get(operation, frozenset()) - fields.keys()):
        raise UnexpectedAnswerError(f"{operation}: an answer without {', '.join(missing)}")


def refusal_of(exc: BaseException, *, now: Instant | None = None) -> Refusal:
    """What a failure of the client library says, at a moment of this machine's clock.

    The library wraps the service's answers in errors of the operating system whose numbers mean
    nothing; the answer itself is their cause.
    """
    for found in (exc, exc.__cause__):
        response = getattr(found, "response", None)
        if isinstance(response, Mapping) and "Error" in response:
            return _answered(response, now)
    if isinstance(exc, RecursionError):
        # The client library follows a redirection that leads to itself.
        return Refusal(status=0, code="PermanentRedirect", retry=False)
    name = type(exc).__name__
    hopeless = name in _NO_CREDENTIALS | _NO_SERVICE or _tls_for_ever(exc)
    return Refusal(status=0, code=name, retry=not hopeless, detail=_brief(exc))


def _answered(response: Mapping[str, Any], now: Instant | None) -> Refusal:
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    code = str(response["Error"].get("Code", status))
    headers = metadata.get("HTTPHeaders", {})
    later = status >= 500 or status == 429 or code in _LATER | _DAMAGED
    return Refusal(
        status=status,
        code=code,
        retry=later and status != 501,
        marker=str(headers.get("x-amz-delete-marker", "")).lower() == "true",
        detail=str(response["Error"].get("Message") or "")[:200],
        ahead_seconds=_ahead(headers, now) if code == _SKEWED else None,
    )


def _ahead(headers: Mapping[str, Any], now: Instant | None) -> int | None:
    date = headers.get("date")
    if date is None or now is None:
        return None
    try:
        told = Instant.from_datetime(parsedate_to_datetime(str(date)).astimezone(UTC))
    except (ValueError, OverflowError, InvalidInputError):
        return None
    return round((now.microseconds - told.microseconds) / 1_000_000)


def _tls_for_ever(exc: BaseException) -> bool:
    text = f"{exc} {exc.__cause__}"
    return any(words in text for words in _TLS_FOR_EVER)


def _brief(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200]
