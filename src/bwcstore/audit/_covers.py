"""What lies over stored names where storage keeps versions: newer versions and delete markers.

Rules kept here (spec: SHD-7 to SHD-9):

- only what is covered is kept in mind, however much is stored;
- which version is right is what the checks of the audit say, never a listing;
- every covered name of the store is named, with what covers it.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from bwcstore._ports import Backend, Capability, StoredVersion
from bwcstore.audit._findings import Findings, Severity
from bwcstore.errors import ErrorKind

CLAUSE_COVERED: Final = "AUD-39"
_SHOWN_MAX: Final = 8


class Covers:
    """The names that have more than one version, or a marker, and which version was right.

    Attributes:
        versions: how many versions and markers were listed; 0 where storage keeps none.
    """

    def __init__(self) -> None:
        self.versions = 0
        self._found: dict[str, tuple[StoredVersion, ...]] = {}
        self._right: dict[str, str | None] = {}

    @property
    def names(self) -> int:
        """How many names are covered, or have several versions."""
        return len(self._found)

    def listed(self, backend: Backend, prefix: str) -> Iterator[str]:
        """Take in every version below a prefix; give each name that has any.

        Raises:
            StorageError: listing failed.
        """
        if Capability.VERSIONS not in backend.properties.capabilities:
            return
        for name, group in groupby(backend.all_versions(prefix), key=lambda one: one.name):
            versions = tuple(group)
            self.versions += len(versions)
            if len(versions) > 1 or versions[0].marker:
                self._found[name] = versions
            yield name

    def of(self, name: str) -> Sequence[StoredVersion]:
        """The versions of a name that is covered, the newest first; none of any other."""
        return self._found.get(name, ())

    def with_bytes(self, name: str) -> list[StoredVersion]:
        """Those of them that are no markers."""
        return [one for one in self.of(name) if not one.marker]

    def settle(self, name: str, version_id: str | None) -> None:
        """Note which version of a covered name is right; None where none is."""
        if name in self._found:
            self._right[name] = version_id

    def settled(self, name: str) -> str | None:
        """The version of a covered name that is right, as far as was looked."""
        return self._right.get(name)

    def report(
        self, findings: Findings, *, named: Callable[[str], bool], gone: Callable[[str], bool]
    ) -> None:
        """Report every covered name.

        Args:
            findings: where to.
            named: whether the ledger says that there is something under a name.
            gone: whether the ledger says that what was under a name was destroyed.
        """
        for name in sorted(self._found):
            if named(name):
                self._report_named(findings, name)
            elif gone(name) and not self.with_bytes(name):
                self._add(
                    findings,
                    name,
                    Severity.NOTE,
                    "was destroyed lawfully, and delete markers were left behind",
                    self.of(name),
                )

    def _report_named(self, findings: Findings, name: str) -> None:
        versions = self.of(name)
        if name not in self._right:
            self._add(
                findings,
                name,
                Severity.ERROR,
                "may be covered, and was not read in this run",
                versions,
                expected="one version",
            )
            return
        right = self._right[name]
        if right is None:
            self._add(
                findings,
                name,
                Severity.ERROR,
                "is covered, and no version is right",
                versions,
                expected="a version that is right",
            )
            return
        ids = [one.version_id for one in versions]
        above = versions[: ids.index(right)]
        if above:
            what = f"is covered; version {right} under it is right"
            self._add(findings, name, Severity.ERROR, what, above, expected=f"version {right}")
        else:
            what = "has older versions beneath the one that is right"
            self._add(findings, name, Severity.NOTE, what, versions[1:])

    @staticmethod
    def _add(
        findings: Findings,
        name: str,
        severity: Severity,
        what: str,
        versions: Sequence[StoredVersion],
        *,
        expected: str | None = None,
    ) -> None:
        findings.add(
            ErrorKind.SHADOWED,
            CLAUSE_COVERED,
            severity=severity,
            where=name,
            expected=expected,
            got=_told(versions),
            message=f"{name} {what}",
        )


def _told(versions: Sequence[StoredVersion]) -> str:
    """Versions in words, the newest first."""
    shown = [
        f"{'marker' if one.marker else f'{one.length_bytes} bytes'} {one.version_id}"
        + (f" of {one.modified}" if one.modified else "")
        for one in versions[:_SHOWN_MAX]
    ]
    more = len(versions) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")
