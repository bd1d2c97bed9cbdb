"""How a place in S3-compatible object storage is named, and how it is talked to."""

import re
from typing import Final, Self

import attrs

from bwcstore.errors import ErrorKind, InvalidInputError

SCHEME: Final = "s3://"
PART_BYTES_MIN: Final = 5 * 1024 * 1024
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ENDPOINT: Final = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_PREFIX_MAX: Final = 256


@attrs.frozen(kw_only=True)
class S3Place:
    """A bucket, and the prefix in it under which every name stands.

    Attributes:
        bucket: the bucket's name.
        prefix: empty, or ends with `/`.
    """

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `s3://bucket` or `s3://bucket/prefix`.

        Raises:
            InvalidInputError: it is neither.
        """
        if not url.startswith(SCHEME):
            raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, f"not an s3:// URL: {url!r:.120}")
        bucket, _, prefix = url[len(SCHEME) :].partition("/")
        prefix = prefix.strip("/")
        if not _BUCKET.fullmatch(bucket):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"{url!r:.120}: {bucket!r:.80} is no bucket's name"
            )
        parts = prefix.split("/") if prefix else []
        # A client between here and the storage may fold such parts away.
        if any(part in ("", ".", "..") for part in parts) or not prefix.isprintable():
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"{url!r:.120}: a prefix is parts between single slashes, none of them . or ..",
            )
        if len(prefix.encode()) > _PREFIX_MAX:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"the prefix is longer than {_PREFIX_MAX} bytes"
            )
        return cls(bucket=bucket, prefix=f"{prefix}/" if prefix else "")

    def key(self, name: str) -> str:
        """The key of a stored name, or of a prefix of names."""
        return self.prefix + name

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")


@attrs.frozen(kw_only=True)
class S3Options:
    """How the storage is reached, and how long it is waited for.

    What is None is found as the AWS tools find it: environment, shared configuration, instance.

    Attributes:
        endpoint_url: the service's address.
        region: the bucket's region.
        profile: the profile of the shared configuration.
        access_key_id: an access key, where there is no profile.
        secret_access_key: its secret.
        session_token: the token that goes with temporary keys.
        deadline_seconds: how long one operation is tried again in all, beyond the time its bytes
            need.
        attempt_seconds: how long one attempt may take, beyond the time its bytes need.
        part_bytes: length of the parts of an upload, at least 5 MiB; 10,000 parts at most.
        parts_at_once: how many parts of one upload are under way together.
        upload_seconds_max: an upload older than this has no living writer any more.
    """

    endpoint_url: str | None = attrs.field(default=None)
    region: str | None = None
    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = attrs.field(default=None, repr=False)
    session_token: str | None = attrs.field(default=None, repr=False)
    deadline_seconds: float = attrs.field(default=60.0)
    attempt_seconds: float = attrs.field(default=20.0)
    part_bytes: int = attrs.field(default=16 * 1024 * 1024)
    parts_at_once: int = attrs.field(default=4)
    upload_seconds_max: float = 86_400.0

    @property
    def afterwards_seconds(self) -> float:
        """How long is asked, once an operation failed, what became of it."""
        return self.deadline_seconds / 4

    @endpoint_url.validator
    def _check_endpoint(self, _: object, value: str | None) -> None:
        if value is not None and not _ENDPOINT.fullmatch(value):
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID,
                f"endpoint {value!r:.120}: write it as https://host or https://host:port",
            )

    @deadline_seconds.validator
    @attempt_seconds.validator
    @parts_at_once.validator
    def _check_positive(self, attribute: "attrs.Attribute[float]", value: float) -> None:
        if not value > 0:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"{attribute.name} is {value}: must be above 0"
            )

    @part_bytes.validator
    def _check_part_bytes(self, _: object, value: int) -> None:
        if value < PART_BYTES_MIN:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"parts of {value} bytes: at least {PART_BYTES_MIN}"
            )
