"""Everything re-derived from stored bytes: a second code path over the same format."""

from bwcstore.audit._budget import Budget, Cursor
from bwcstore.audit._findings import Finding, Severity
from bwcstore.audit._report import Coverage, Report
from bwcstore.audit._run import audit_store

__all__ = [
    "Budget",
    "Coverage",
    "Cursor",
    "Finding",
    "Report",
    "Severity",
    "audit_store",
]
