"""The private columns of a catalog, sealed.

Rules kept here (spec chapter `state`):

- raw values are nowhere but in one file that is sealed under a key of its own, which is destroyed
  whenever a record key is (STA-15);
- the file is bound to its store.
"""

from typing import Any, Final

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bwcstore._encoding import encode
from bwcstore._values import StoreId
from bwcstore.catalog._schema import PRIVATE
from bwcstore.errors import ErrorKind, IntegrityError

NONCE_BYTES: Final = 12


def seal_private(table: Any, *, store: StoreId, key: bytes, nonce: bytes) -> bytes:
    """Seal the private columns under a 32-byte key and a fresh random 12-byte nonce."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, PRIVATE) as out:
        out.write_table(table)
    return nonce + AESGCM(key).encrypt(nonce, sink.getvalue().to_pybytes(), _context(store))


def open_private(sealed: bytes, *, store: StoreId, key: bytes) -> Any:
    """The private columns.

    Raises:
        IntegrityError: they were sealed under another key or for another store, or changed
            (`catalog-invalid`).
    """
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        plain = AESGCM(key).decrypt(nonce, body, _context(store))
        table = pa.ipc.open_stream(plain).read_all()
    except (InvalidTag, ValueError, pa.ArrowInvalid) as exc:
        raise _invalid("do not open under this key") from exc
    if table.schema != PRIVATE:
        raise _invalid("are of another version")
    return table


def _context(store: StoreId) -> bytes:
    return encode({"catalog": "private", "store": store.text})


def _invalid(what: str) -> IntegrityError:
    return IntegrityError(ErrorKind.CATALOG_INVALID, f"the private columns of the catalog {what}")
