"""What an S3 service, or the lack of its answer, means to a caller (spec: STO-20)."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from bwcstore.errors import ErrorKind, StorageError

_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchUpload"})
_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "RequestExpired",
        "RequestTimeTooSkewed",
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
_NO_CREDENTIALS: Final = frozenset(
    {
        "CredentialRetrievalError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "TokenRetrievalError",
    }
)
_NO_SERVICE: Final = frozenset({"InvalidEndpointURLError", "NoRegionError"})


@attrs.frozen(kw_only=True)
class Refusal:
    """One attempt that did not do what was asked.

    Attributes:
        status: the HTTP status; 0 where there was no answer.
        code: the service's code, or the name of the failure.
        retry: whether another attempt may do better.
        marker: the answer said that a delete marker stands there.
        detail: for people; never content.
    """

    status: int
    code: str
    retry: bool
    marker: bool = False
    detail: str = ""

    @property
    def doubtful(self) -> bool:
        """Whether a change may have been made all the same."""
        return self.status == 0 or self.status >= 500

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
    def kind(self) -> ErrorKind:
        """The kind of error that a caller sees."""
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
        if self.status in (301, 307):
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
        text = f"{what}: {answer}{f' ({self.detail})' if self.detail else ''}{advice}"
        return StorageError(self.kind, text)


_ADVICE: Final[Mapping[ErrorKind, str]] = {
    ErrorKind.BUCKET_MISSING: "; check the bucket's name, the region and the endpoint",
    ErrorKind.CREDENTIALS_MISSING: "; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret",
    ErrorKind.CREDENTIALS_REFUSED: "; renew the credentials, and check this machine's clock",
    ErrorKind.STORAGE_DENIED: "; the policy of these credentials does not allow it",
    ErrorKind.STORAGE_UNREACHABLE: "; check the endpoint, the network and the certificates",
}


def refusal_of(exc: BaseException) -> Refusal:
    """What a failure of the client library says.

    The library wraps the service's answers in errors of the operating system whose numbers mean
    nothing; the answer itself is their cause.
    """
    for found in (exc, exc.__cause__):
        response = getattr(found, "response", None)
        if isinstance(response, Mapping) and "Error" in response:
            return _answered(response)
    name = type(exc).__name__
    hopeless = name in _NO_CREDENTIALS | _NO_SERVICE or _certificate(exc)
    return Refusal(status=0, code=name, retry=not hopeless, detail=_brief(exc))


def _answered(response: Mapping[str, Any]) -> Refusal:
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
    )


def _certificate(exc: BaseException) -> bool:
    text = f"{exc} {exc.__cause__}"
    return "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text


def _brief(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:200]
