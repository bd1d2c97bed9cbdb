"""What is true of a store, and what is allowed: state, actors, facts, holds, requests, plans."""

from bwcstore.custody._act_records import ActState, Jump, PlanState, RequestState
from bwcstore.custody._assertion import INGEST_LABEL, FactAssertion
from bwcstore.custody._authority import Role, Verb
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
    "INGEST_LABEL",
    "ActState",
    "Activity",
    "Actor",
    "Attested",
    "Authorization",
    "Claim",
    "Consent",
    "Derivation",
    "EpochEnded",
    "FactAssertion",
    "HoldPlaced",
    "Jump",
    "Keeping",
    "LawAdopted",
    "ObjectState",
    "Parameters",
    "PlanState",
    "Policy",
    "Purge",
    "Recording",
    "Release",
    "RequestBound",
    "RequestState",
    "Role",
    "SourceId",
    "StoreState",
    "Verb",
]
