"""Who may act: enrolling and revoking actors, granting and revoking written authorizations."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._law import require_law
from bwcstore._values import ActorId, Digest, Instant, ObjectId, Tag, check_text
from bwcstore.custody._authority import Permission, Role, Verb
from bwcstore.custody._lawful import check_purposes
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InvalidInputError, NotFoundError
from bwcstore.ledger._draft import Decision
from bwcstore.ledger._kind import code


@attrs.frozen(kw_only=True)
class Enrolment:
    """An actor to enrol.

    Attributes:
        login: the name that sessions are opened with; kept only as a keyed tag.
        roles: at least one.
        name: the person's name, sealed.
        public_key: 32 bytes (Ed25519), for actors who sign.
    """

    login: str
    roles: frozenset[Role]
    name: str | None = None
    public_key: bytes | None = None

    def body(self, actor_id: ActorId, tag: Tag) -> dict[str, Json]:
        """The open fields of `actor.enrolled`."""
        body: dict[str, Json] = {
            "actor": str(actor_id),
            "roles": [role.value for role in sorted(self.roles)],
            "tag": str(tag),
        }
        if self.public_key is not None:
            body["public_key"] = self.public_key.hex()
        return body

    def private(self) -> dict[str, Json]:
        """The sealed fields of `actor.enrolled`, but for the reason."""
        private: dict[str, Json] = {"login": self.login}
        if self.name is not None:
            private["name"] = self.name
        return private


def enrolment(
    login: str, *, roles: Iterable[Role], name: str | None, public_key: bytes | None
) -> Enrolment:
    """Check and bundle an enrolment.

    Raises:
        InvalidInputError: no role, a malformed name, or a key that is not 32 bytes.
    """
    chosen = frozenset(Role(role) for role in roles)
    if not chosen:
        raise InvalidInputError(ErrorKind.ARGUMENT_INVALID, "an actor needs at least one role")
    if public_key is not None and len(public_key) != 32:
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID,
            f"an Ed25519 public key has 32 bytes, this one {len(public_key)}",
        )
    check_text(login, "actor", length_max=256)
    if name is not None:
        check_text(name, "name", length_max=256)
    return Enrolment(login=login, roles=chosen, name=name, public_key=public_key)


def random_id(raw16: bytes) -> str:
    """A version 4 UUID (RFC 9562 §5.4) from 16 random bytes."""
    return str(UUID(bytes=raw16, version=4))


def enrol(acting: Acting, wanted: Enrolment) -> ActorId:
    """Enrol an actor, or replace the roles and key of one; see `Session.enrol`."""
    services = acting.services
    tag = services.tag("actor", wanted.login)
    fresh = ActorId(random_id(services.environment.entropy.take(16)))

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        known = state.store.actor_tagged(tag)
        actor_id = known.actor_id if known else fresh
        draft = acting.draft(
            permission,
            "actor.enrolled",
            wanted.body(actor_id, tag),
            now=now,
            private=wanted.private(),
        )
        return Decision(drafts=(draft,), outcome=actor_id)

    outcome = acting.commit(Verb.ENROL, plan).outcome
    return outcome if isinstance(outcome, ActorId) else fresh


def revoke_actor(acting: Acting, login: str) -> None:
    """Take an actor's right to act; see `Session.revoke_actor`."""
    tag = acting.services.tag("actor", login)

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        known = state.store.actor_tagged(tag)
        if known is None or known.revoked:
            raise NotFoundError(ErrorKind.ACTOR_UNKNOWN, "no actor of that name may act")
        if known.actor_id == permission.actor.actor_id:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, "an actor cannot revoke themselves: ask another"
            )
        body: Mapping[str, Json] = {"actor": str(known.actor_id)}
        return Decision(drafts=(acting.draft(permission, "actor.revoked", body, now=now),))

    acting.commit(Verb.ENROL, plan)


@attrs.frozen(kw_only=True)
class Grant:
    """A written authorization to be granted.

    Attributes:
        login: whom it admits.
        purposes: what for; at least one code of `[a-z0-9._-]`.
        object_id: the one object, or None for all.
        start: from when; None is now.
        end: until when (excluded); None is until revoked.
        statement: its words, sealed.
        document_sha256: the digest of the signed document, where there is one.
    """

    login: str
    purposes: frozenset[str]
    object_id: ObjectId | None = None
    start: Instant | None = None
    end: Instant | None = None
    statement: str | None = None
    document_sha256: Digest | None = None


def authorize(acting: Acting, grant: Grant) -> str:
    """Grant a written authorization; see `Session.authorize`."""
    if not grant.purposes or not all(code(purpose) for purpose in grant.purposes):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, "an authorization needs purposes: codes of [a-z0-9._-]"
        )
    services = acting.services
    tag = services.tag("actor", grant.login)
    authorization_id = random_id(services.environment.entropy.take(16))

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        actor = state.store.actor_tagged(tag)
        if actor is None or actor.revoked:
            raise NotFoundError(ErrorKind.ACTOR_UNKNOWN, "no actor of that name may act")
        if grant.object_id is not None and state.object(grant.object_id) is None:
            raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {grant.object_id}")
        if state.store.law is not None:
            check_purposes(grant.purposes, require_law(services, state).pack)
        start = grant.start or now
        if grant.end is not None and grant.end <= start:
            raise InvalidInputError(
                ErrorKind.ARGUMENT_INVALID, f"an authorization from {start} cannot end {grant.end}"
            )
        body: dict[str, Json] = {
            "authorization": authorization_id,
            "actor": str(actor.actor_id),
            "purposes": [*sorted(grant.purposes)],
            "from": str(start),
        }
        if grant.object_id is not None:
            body["object"] = str(grant.object_id)
        if grant.end is not None:
            body["until"] = str(grant.end)
        if grant.document_sha256 is not None:
            body["document_sha256"] = str(grant.document_sha256)
        private: dict[str, Json] = {}
        if grant.statement is not None:
            private["statement"] = lines_of(grant.statement, "statement")
        draft = acting.draft(permission, "authorization.granted", body, now=now, private=private)
        return Decision(drafts=(draft,))

    acting.commit(Verb.AUTHORIZE, plan)
    return authorization_id


def revoke_authorization(acting: Acting, authorization_id: str) -> None:
    """End a written authorization; see `Session.revoke_authorization`."""

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        known = state.store.authorizations.get(authorization_id)
        if known is None or known.revoked:
            raise NotFoundError(
                ErrorKind.AUTHORIZATION_UNKNOWN, f"no authorization {authorization_id} in force"
            )
        body: Mapping[str, Json] = {"authorization": authorization_id}
        return Decision(drafts=(acting.draft(permission, "authorization.revoked", body, now=now),))

    acting.commit(Verb.AUTHORIZE, plan)
