"""Destruction that is lawful and can be shown to be: proofs, plans, approvals, over-retention."""

from bwcstore.purge._approval import Conditions, PlanPhase
from bwcstore.purge._brakes import Brake
from bwcstore.purge._certificate import VerifiedCertificate, verify_certificate
from bwcstore.purge._certificate_erasure import CertificateState
from bwcstore.purge._outcomes import VersionOutcome
from bwcstore.purge._over_retention import Overdue, OverRetained
from bwcstore.purge._plan import PurgePlan
from bwcstore.purge._plan_table import PlanRow
from bwcstore.purge._plan_text import PlanItem, PlanText
from bwcstore.purge._proof import Proof, Withheld

__all__ = [
    "Brake",
    "CertificateState",
    "Conditions",
    "OverRetained",
    "Overdue",
    "PlanItem",
    "PlanPhase",
    "PlanRow",
    "PlanText",
    "Proof",
    "PurgePlan",
    "VerifiedCertificate",
    "VersionOutcome",
    "Withheld",
    "verify_certificate",
]
