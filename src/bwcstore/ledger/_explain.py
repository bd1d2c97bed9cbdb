"""Why something does not have the form of a leaf: the precise error for the strict reader."""

from collections.abc import Iterable
from typing import Final, NoReturn

from bwcstore._encoding import decode
from bwcstore._limits import LEAF_SIZE_MAX
from bwcstore.errors import ErrorKind, FormatError

_TOP: Final = frozenset(
    ("after", "at", "auth", "body", "by", "decided", "index", "kind", "scope", "v")
)
_TOP_OPTIONAL: Final = frozenset(("clock", "sealed"))
_INNER: Final = {
    "clock": frozenset({"own"}),
    "decided": frozenset({"at", "store_head", "store_seq"}),
    "scope": frozenset({"id", "prev", "prev_index", "seq"}),
    "sealed": frozenset({"commitment", "key", "sha256"}),
}


def explain(raw: bytes, *, what: str) -> NoReturn:
    """Say why `raw` does not have the form of a leaf.

    Raises:
        FormatError: always.
    """
    fields = decode(raw, what=what, size_max=LEAF_SIZE_MAX)
    version = fields.get("v")
    if type(version) is int and version > 1:
        raise FormatError(ErrorKind.FORMAT_NEWER, f"{what}: version {version}, 1 is read")
    _explain_keys(fields.keys(), _TOP, _TOP | _TOP_OPTIONAL, what)
    for name, wanted in _INNER.items():
        inner = fields.get(name)
        if isinstance(inner, dict):
            _explain_keys(inner.keys(), wanted, wanted, f"{what}: {name}")
    raise FormatError(ErrorKind.FIELD_INVALID, f"{what}: a field holds what it may not")


def _explain_keys(
    found: Iterable[str], needed: frozenset[str], allowed: frozenset[str], what: str
) -> None:
    keys = set(found)
    for name in sorted(needed - keys):
        raise FormatError(ErrorKind.FIELD_MISSING, f"{what}: field {name} is missing")
    for name in sorted(keys - allowed):
        raise FormatError(ErrorKind.FIELD_UNKNOWN, f"{what}: unknown field {name!r:.80}")
