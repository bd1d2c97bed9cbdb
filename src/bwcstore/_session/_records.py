"""What is kept of an object beside its bytes: manifest, record part, receipt."""

from bwcstore._session._services import Services
from bwcstore._values import Digest
from bwcstore.custody._object_records import ObjectState
from bwcstore.errors import ErrorKind, KeyVaultError, NotFoundError
from bwcstore.ledger._receipt import Receipt, ReceiptSource, sign_receipt
from bwcstore.objects._manifest import Manifest, open_record, record_key_id
from bwcstore.objects._parts import RecordPart, SourceName
from bwcstore.objects._reader import fetch_manifest


def manifest_of(services: Services, state: ObjectState) -> Manifest:
    """The manifest that the ledger names, verified.

    Raises:
        IntegrityError: it is missing, altered, or another's.
        StorageError: reading failed.
    """
    return fetch_manifest(
        services.backend,
        store_id=services.store_id,
        object_id=state.object_id,
        digest=state.manifest_digest,
    )


def record_of(services: Services, state: ObjectState) -> RecordPart:
    """The part of the manifest that is sealed under the record key.

    Raises:
        IntegrityError: the manifest or the part does not verify.
        KeyVaultError: the record key is missing.
    """
    try:
        key = services.vault.get(record_key_id(state.object_id))
    except NotFoundError as exc:
        raise KeyVaultError(
            ErrorKind.KEY_ABSENT, f"object {state.object_id}: the vault has no record key for it"
        ) from exc
    return open_record(manifest_of(services, state), key=key)


def receipt_of(services: Services, state: ObjectState) -> bytes:
    """The signed note that says an object is kept: the same bytes whenever it is asked for
    while the same vault replicas are configured (spec: RCT).

    Raises:
        IntegrityError: manifest or ledger do not verify.
        KeyVaultError: the record key is missing.
        StorageError: reading failed.
    """
    record = record_of(services, state)
    return make_receipt(
        services,
        state,
        plaintext_sha256=record.plaintext_sha256,
        length_bytes=record.length_bytes,
        source=record.source,
    )


def make_receipt(
    services: Services,
    state: ObjectState,
    *,
    plaintext_sha256: Digest,
    length_bytes: int,
    source: SourceName | None,
) -> bytes:
    """The receipt of an object of which the sealed facts are known already."""
    entry = services.log.entry(state.ingested_index)
    generation, batch = services.log.place(state.ingested_index)
    warnings = (ErrorKind.KEYS_SINGLE_COPY.value,) if len(services.vault.replicas) == 1 else ()
    receipt = Receipt(
        store=services.store_id,
        object_id=state.object_id,
        index=entry.index,
        entry_hash=entry.hash,
        generation=generation,
        batch=batch,
        at=entry.at,
        plaintext_sha256=plaintext_sha256,
        length_bytes=length_bytes,
        manifest_sha256=state.manifest_digest,
        source=ReceiptSource(scope=source.scope, id=source.id) if source else None,
        vault_replicas=services.vault.replicas,
        storage_lock="none",
        warnings=warnings,
    )
    return sign_receipt(receipt, name=services.signer_name, signer=services.signer)
