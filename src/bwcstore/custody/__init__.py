"""What is true of a store, and what is allowed: state, actors, authorizations, recordings."""

from bwcstore.custody._authority import Role, Verb
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.custody._records import (
    Activity,
    Actor,
    Authorization,
    Claim,
    ObjectState,
    Parameters,
    StoreState,
)

__all__ = [
    "Activity",
    "Actor",
    "Authorization",
    "Claim",
    "ObjectState",
    "Parameters",
    "Recording",
    "Role",
    "SourceId",
    "StoreState",
    "Verb",
]
