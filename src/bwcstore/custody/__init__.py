"""What is true of a store, and what is allowed: state, actors, facts, holds, requests, plans."""

from bwcstore.custody._act_records import ActState, Jump, PlanState, RequestState
from bwcstore.custody._assertion import FactAssertion
from bwcstore.custody._authority import Role, Verb
from bwcstore.custody._explained import (
    Cited,
    Destruction,
    FactShown,
    HoldShown,
    MayDo,
    Problem,
    WhoMay,
)
from bwcstore.custody._explaining import ObjectExplanation
from bwcstore.custody._knowledge import ClaimWeighed
from bwcstore.custody._object_records import (
    Activity,
    Claim,
    Consent,
    Derivation,
    Keeping,
    ObjectState,
    Purge,
    Release,
    RequestBound,
)
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.custody._records import (
    Actor,
    Attested,
    Authorization,
    EpochEnded,
    HoldPlaced,
    LawAdopted,
    Parameters,
    Policy,
    StoreState,
)

__all__ = [
    "ActState",
    "Activity",
    "Actor",
    "Attested",
    "Authorization",
    "Cited",
    "Claim",
    "ClaimWeighed",
    "Consent",
    "Derivation",
    "Destruction",
    "EpochEnded",
    "FactAssertion",
    "FactShown",
    "HoldPlaced",
    "HoldShown",
    "Jump",
    "Keeping",
    "LawAdopted",
    "MayDo",
    "ObjectExplanation",
    "ObjectState",
    "Parameters",
    "PlanState",
    "Policy",
    "Problem",
    "Purge",
    "Recording",
    "Release",
    "RequestBound",
    "RequestState",
    "Role",
    "SourceId",
    "StoreState",
    "Verb",
    "WhoMay",
]
