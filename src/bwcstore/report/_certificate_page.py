"""A certificate of destruction as a page that can be read, printed and kept.

Rule kept here: the page says what a certificate says that was verified, and what such a
certificate does not show. It proves nothing itself; it names what does.
"""

from collections.abc import Mapping
from typing import Final, cast

from bwcstore._encoding import Json
from bwcstore.ledger._entry import Entry
from bwcstore.purge._certificate import VerifiedCertificate
from bwcstore.report._page import page

_TITLES: Final = {
    "bytes-deleted": "Bytes deleted; cryptographic erasure is not claimed",
    "erased": "Cryptographically erased",
}
_FIELDS: Final = (
    ("method", "Sanitization method"),
    ("date", "Date"),
    ("person", "Person (pseudonym)"),
    ("media_encryption", "Media encryption"),
    ("key_generation", "Key generation"),
    ("key_level", "Key level and wrapping"),
    ("key_lifecycle", "Key life cycle"),
    ("key_sanitization", "Key sanitization"),
    ("data_areas", "Data areas"),
    ("verification", "Verification"),
    ("module", "Cryptographic module"),
)


def certificate_page(certificate: VerifiedCertificate) -> str:
    """The certificate as one HTML document.

    Args:
        certificate: what `verify_certificate` returned; nothing else may be shown as certified.

    Raises:
        InvalidInputError: Jinja2 is not installed (`extra-missing`).
    """
    statement = certificate.statement
    return page(
        "certificate.html",
        {
            "title": _TITLES[certificate.state],
            "certificate": certificate,
            "fields": [
                (title, cast("Mapping[str, Json]", statement["sanitization"])[name])
                for name, title in _FIELDS
            ],
            "entries": [_line(one) for one in certificate.entries],
            **statement,
        },
    )


def _line(entry: Entry) -> Mapping[str, object]:
    return {
        "index": entry.index,
        "kind": entry.kind,
        "at": entry.at,
        "scope": entry.scope.id,
        "how": "asserted" if entry.auth.key is None else "signed",
        "hash": entry.hash,
    }
