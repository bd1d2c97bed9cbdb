"""May this actor do this, to this object, for this purpose, now?

Pure: everything asked about is an argument. An answer is a `Permission`; a "no" is raised as
an `AuthorizationError`, which the session logs before anyone sees it.

Reading or copying a recording needs a written authorization in force for the stated purpose
(Minn. Stat. 13.825 subd. 7), whoever asks. Every other verb needs a role.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._values import Instant, ObjectId, Tag
from bwcstore.custody._records import Actor, StoreState
from bwcstore.errors import AuthorizationError, ErrorKind, IntegrityError


class Role(StrEnum):
    """What an actor is in the agency."""

    RESPONSIBLE_AUTHORITY = "responsible-authority"
    CHIEF = "chief"
    DESIGNEE = "designee"
    RECORDS = "records"
    SUPERVISOR = "supervisor"
    OFFICER = "officer"
    IMPORTER = "importer"
    READER = "reader"
    AUDITOR = "auditor"
    VENDOR = "vendor"
    OTHER_AGENCY = "other-agency"
    PROSECUTOR = "prosecutor"
    SUBJECT = "subject"
    KIN = "kin"
    PUBLIC = "public"


class Verb(StrEnum):
    """What can be asked of a store in a session."""

    INGEST = "ingest"
    READ = "read"
    EXPORT = "export"
    SHOW = "show"
    LOG = "log"
    ENROL = "enrol"
    AUTHORIZE = "authorize"
    AUDIT = "audit"
    ROTATE_KEYS = "rotate-keys"
    DISCARD_LEFTOVERS = "discard-leftovers"
    CLOSE_GENERATION = "close-generation"
    ADOPT_LAW = "adopt-law"
    SET_POLICY = "set-policy"
    ASSERT = "assert"
    CORRECT = "correct"
    HOLD = "hold"
    RELEASE_HOLD = "release-hold"
    REQUEST = "request"
    ANSWER = "answer"
    CONSENT = "consent"
    DERIVE = "derive"
    RELEASE = "release"
    PROPOSE_PURGE = "propose-purge"
    APPROVE_PURGE = "approve-purge"
    PURGE = "purge"
    CONFIRM_CLOCK = "confirm-clock"
    ATTEST = "attest"
    PROBE = "probe"
    SYNC_LOCKS = "sync-locks"
    REPAIR = "repair"


_EVERYONE: Final = frozenset(Role)
_RESPONSIBLE: Final = frozenset({Role.RESPONSIBLE_AUTHORITY})
_LEADING: Final = frozenset({Role.RESPONSIBLE_AUTHORITY, Role.CHIEF, Role.DESIGNEE})
_RECORDS: Final = frozenset({Role.RESPONSIBLE_AUTHORITY, Role.DESIGNEE, Role.RECORDS})

ROLES_FOR: Final[Mapping[Verb, frozenset[Role]]] = MappingProxyType(
    {
        Verb.INGEST: _RECORDS | {Role.OFFICER, Role.IMPORTER, Role.SUPERVISOR},
        Verb.READ: _EVERYONE,
        Verb.EXPORT: _EVERYONE,
        Verb.SHOW: _LEADING | {Role.RECORDS, Role.AUDITOR},
        Verb.LOG: _LEADING | {Role.RECORDS, Role.AUDITOR},
        Verb.ENROL: _RESPONSIBLE,
        Verb.AUTHORIZE: _RESPONSIBLE,
        Verb.AUDIT: _RECORDS | {Role.AUDITOR},
        Verb.ROTATE_KEYS: _RESPONSIBLE,
        Verb.DISCARD_LEFTOVERS: _RESPONSIBLE,
        Verb.CLOSE_GENERATION: _RESPONSIBLE,
        Verb.ADOPT_LAW: _LEADING,
        Verb.SET_POLICY: _LEADING,
        Verb.ASSERT: _LEADING | {Role.RECORDS, Role.SUPERVISOR, Role.OFFICER, Role.IMPORTER},
        Verb.CORRECT: _LEADING | {Role.RECORDS},
        Verb.HOLD: _LEADING | {Role.RECORDS, Role.SUPERVISOR, Role.PROSECUTOR},
        Verb.RELEASE_HOLD: _LEADING | {Role.RECORDS},
        Verb.REQUEST: _LEADING | {Role.RECORDS},
        Verb.ANSWER: _LEADING | {Role.RECORDS},
        Verb.CONSENT: _LEADING | {Role.RECORDS},
        Verb.DERIVE: _LEADING | {Role.RECORDS},
        Verb.RELEASE: _LEADING | {Role.RECORDS},
        Verb.PROPOSE_PURGE: _LEADING | {Role.RECORDS},
        Verb.APPROVE_PURGE: _LEADING | {Role.RECORDS},
        Verb.PURGE: _LEADING | {Role.RECORDS},
        Verb.CONFIRM_CLOCK: _LEADING | {Role.RECORDS},
        Verb.ATTEST: _LEADING,
        Verb.PROBE: _LEADING | {Role.RECORDS},
        Verb.SYNC_LOCKS: _LEADING | {Role.RECORDS},
        Verb.REPAIR: _RESPONSIBLE,
    }
)
_NEEDS_AUTHORIZATION: Final = frozenset({Verb.READ, Verb.EXPORT})
_OR_AUTHORIZATION: Final = frozenset({Verb.SHOW, Verb.LOG})


@attrs.frozen(kw_only=True)
class Permission:
    """A yes: to whom, and which written authorization admits them, where one was needed."""

    actor: Actor
    authorization_id: str | None = None


def decide(
    store: StoreState,
    verb: Verb,
    *,
    actor_tag: Tag,
    now: Instant,
    purpose: str = "",
    object_id: ObjectId | None = None,
) -> Permission:
    """Decide whether the actor may do it.

    Raises:
        AuthorizationError: no; the kind says why (`ACTOR_UNKNOWN`, `ACTOR_REVOKED`,
            `NOT_AUTHORIZED`).
        IntegrityError: the store holds entries of a newer version that could bear on the
            answer, so nothing but reading may be decided (`STORE_OPAQUE`).
    """
    actor = store.actor_tagged(actor_tag)
    if actor is None:
        raise AuthorizationError(ErrorKind.ACTOR_UNKNOWN, "the actor is not enrolled")
    if actor.revoked:
        raise AuthorizationError(
            ErrorKind.ACTOR_REVOKED, f"actor {actor.actor_id} may no longer act"
        )
    if store.opaque and verb not in _NEEDS_AUTHORIZATION | _OR_AUTHORIZATION | {Verb.AUDIT}:
        raise IntegrityError(
            ErrorKind.STORE_OPAQUE,
            "the store has entries of a newer version; this version only reads it",
        )
    allowed = bool(actor.roles & ROLES_FOR[verb])
    if verb in _NEEDS_AUTHORIZATION or (verb in _OR_AUTHORIZATION and not allowed):
        if object_id is not None:
            for authorization in store.authorizations.values():
                if authorization.admits(
                    actor.actor_id, object_id=object_id, purpose=purpose, now=now
                ):
                    return Permission(actor=actor, authorization_id=authorization.authorization_id)
        raise AuthorizationError(
            ErrorKind.NOT_AUTHORIZED,
            f"no written authorization in force admits actor {actor.actor_id} to object "
            f"{object_id} for the purpose {purpose!r}",
        )
    if not allowed:
        raise AuthorizationError(
            ErrorKind.NOT_AUTHORIZED,
            f"{verb} needs one of the roles {', '.join(sorted(ROLES_FOR[verb]))}; actor "
            f"{actor.actor_id} has {', '.join(sorted(actor.roles)) or 'none'}",
        )
    return Permission(actor=actor)


def check_narrowing(store: StoreState, *, kind: str, actor: Actor) -> None:
    """Check that the agency's policy leaves entries of `kind` to the actor's roles (CUS-6).

    Raises:
        AuthorizationError: it does not (`NOT_AUTHORIZED`).
    """
    allowed = store.policy.narrowed.get(kind)
    if allowed is not None and not actor.roles & allowed:
        raise AuthorizationError(
            ErrorKind.NOT_AUTHORIZED,
            f"the agency's policy leaves {kind} to {', '.join(sorted(allowed)) or 'nobody'}; actor "
            f"{actor.actor_id} has {', '.join(sorted(actor.roles)) or 'none'}",
        )


def check_signature_policy(store: StoreState, *, kind: str, signed: bool) -> None:
    """Check that an entry of `kind` is signed where the store's policy asks for it.

    The policy binds from the moment a second actor is enrolled: while there is one, two
    persons cannot be told apart anyway, and the first must be able to enrol the second.

    Raises:
        AuthorizationError: a signature is needed (`SIGNATURE_REQUIRED`).
    """
    if signed or store.parameters is None or kind not in store.parameters.signed_kinds:
        return
    if sum(not actor.revoked for actor in store.actors.values()) > 1:
        raise AuthorizationError(
            ErrorKind.SIGNATURE_REQUIRED,
            f"{kind} must be signed with the actor's enrolled key",
        )
