"""The client library, made to do one attempt at a time and to keep nothing to itself."""

from typing import Any

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.storage._s3_options import S3Options


def make_filesystem(options: S3Options) -> Any:
    """The client library's file system, not yet connected.

    Raises:
        InvalidInputError: it is not installed (`EXTRA_MISSING`).
    """
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415 - an extra, and half a second to load
    except ImportError as exc:
        raise InvalidInputError(
            ErrorKind.EXTRA_MISSING, "object storage needs: pip install 'bwcstore[s3]'"
        ) from exc
    from aiobotocore.httpsession import AIOHTTPSession  # noqa: PLC0415 - the same

    class OneAttempt(AIOHTTPSession):  # type: ignore[misc, unused-ignore]
        """Connections over which nothing is sent twice without anybody knowing (BKT-5)."""

        async def _get_session(self, proxy_url: str | None) -> Any:
            session = await super()._get_session(proxy_url)
            # A PUT is among what it repeats by itself, and a refusal of the second says nothing
            # of the first.
            session._retry_connection = False  # noqa: SLF001 - there is no public switch
            return session

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
            "http_session_cls": OneAttempt,
            # Without it, signed addresses get an older signature that many services refuse.
            "signature_version": "s3v4",
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
