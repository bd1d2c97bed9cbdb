"""Whether the storage of a store was seen to refuse early deletion, by its open entries alone.

Pure (spec: AUD-42). Small on purpose, and apart from `bwcstore.custody`.
"""

from collections.abc import Mapping
from typing import Final, cast

from bwcstore import _layout
from bwcstore._encoding import Json
from bwcstore.audit._findings import Findings, Severity
from bwcstore.errors import ErrorKind

CLAUSE_PROVEN: Final = "AUD-42"


def note_unproven(findings: Findings, parameters: Mapping[str, Json], verdict: str | None) -> None:
    """Add a finding where a store that lies in a bucket was not seen to be write-once.

    Args:
        findings: where to add it.
        parameters: the body of `store.created`.
        verdict: that of the last probe of the evidence; None where there was none.
    """
    locking = cast("Mapping[str, Json] | None", parameters.get("locking"))
    if locking is None:
        return
    if locking["mode"] == "none":
        in_bucket = "server-time" in cast("list[str]", parameters["storage"])
        why = "was never asked to" if in_bucket else ""
    else:
        why = "" if verdict == "proven" else "was not seen to do so when it was tried"
    if why:
        findings.add(
            ErrorKind.UNPROVEN_WORM,
            CLAUSE_PROVEN,
            severity=Severity.WARNING,
            where=_layout.batch(0, 0),
            entry=0,
            expected="proven",
            got=verdict or "no probe",
            message=f"UNPROVEN-WORM: the storage should refuse early deletion, but {why}",
        )
