"""The law as data: packs of statutes, facts, and what follows from the two, with citations.

A `Pack` is one jurisdiction's statutes, an `Agency` its zone, records schedule and choices;
`Pack.law` gives the `Law` of a day. Judgements are pure functions of facts, a law and a day:
`classify`, `retention`, `access`, `deadlines`. None of them is legal advice.

Whole tables are judged by `bwcstore.statute.tables`, which needs Arrow and is imported apart.
"""

from bwcstore.statute._access import access
from bwcstore.statute._agency import Agency, Source
from bwcstore.statute._changes import RuleChange, rule_changes
from bwcstore.statute._classify import classify
from bwcstore.statute._deadlines import deadlines
from bwcstore.statute._explain import Explanation, explain
from bwcstore.statute._facts import (
    Facts,
    FactSpec,
    FactType,
    Hold,
    RetentionRequest,
    Several,
    Subject,
)
from bwcstore.statute._files._agency_file import check_agency, read_agency
from bwcstore.statute._files._case_files import load_cases
from bwcstore.statute._files._case_tables import Case, CaseFile
from bwcstore.statute._files._cases import CaseResult, Difference, run_case, run_cases
from bwcstore.statute._files._library import agency_ids, load_agency, load_pack, pack_ids
from bwcstore.statute._files._reading import check_pack, read_pack
from bwcstore.statute._files._toml import Problem
from bwcstore.statute._history import Assertion, FactHistory
from bwcstore.statute._judgements import (
    Access,
    ActDecided,
    Classification,
    Deadline,
    DeadlineStatus,
    ExtensionApplied,
    FloorApplied,
    Ground,
    Mismatch,
    Note,
    NoteKind,
    OverlayApplied,
    Question,
    Retention,
    RetentionStatus,
    WhatIf,
)
from bwcstore.statute._pack import Law, Pack, Version
from bwcstore.statute._retention import retention
from bwcstore.statute._rules import Act, Effect, Outcome, Verification

__all__ = [
    "Access",
    "Act",
    "ActDecided",
    "Agency",
    "Assertion",
    "Case",
    "CaseFile",
    "CaseResult",
    "Classification",
    "Deadline",
    "DeadlineStatus",
    "Difference",
    "Effect",
    "Explanation",
    "ExtensionApplied",
    "FactHistory",
    "FactSpec",
    "FactType",
    "Facts",
    "FloorApplied",
    "Ground",
    "Hold",
    "Law",
    "Mismatch",
    "Note",
    "NoteKind",
    "Outcome",
    "OverlayApplied",
    "Pack",
    "Problem",
    "Question",
    "Retention",
    "RetentionRequest",
    "RetentionStatus",
    "RuleChange",
    "Several",
    "Source",
    "Subject",
    "Verification",
    "Version",
    "WhatIf",
    "access",
    "agency_ids",
    "check_agency",
    "check_pack",
    "classify",
    "deadlines",
    "explain",
    "load_agency",
    "load_cases",
    "load_pack",
    "pack_ids",
    "read_agency",
    "read_pack",
    "retention",
    "rule_changes",
    "run_case",
    "run_cases",
]
