"""Does the law let this actor see this recording, for this purpose, now?

Pure, and asked besides the written authorization, which is what the law's own questions about the
access of the agency's people are answered from.

Rules kept here (spec chapter `custody`):

- a purpose is one of the pack's (CUS-30);
- an actor is what the pack calls people of its roles; of several, the strongest counts (CUS-31);
- the authorization establishes what the law asks about it, and nothing else (CUS-32);
- an outcome other than `allow` is a refusal with the rule that decided (CUS-33);
- what has to be unrecognisable is so in the object, or it is not shown (CUS-34).
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from bwcstore._values import Instant
from bwcstore.custody._authority import Role
from bwcstore.custody._derived import lineage, redacted
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import Actor
from bwcstore.custody._releasing import release_facts
from bwcstore.custody._state import State
from bwcstore.errors import AuthorizationError, ErrorKind, InvalidInputError
from bwcstore.statute._access import decide_access
from bwcstore.statute._civil import local_date
from bwcstore.statute._facts import Facts, FactType, Subject
from bwcstore.statute._judgements import Access, ActDecided, Ground, Question
from bwcstore.statute._pack import Law, Pack
from bwcstore.statute._rules import Act, Outcome
from bwcstore.statute._settle import settle

STAFF: Final = "agency_staff"
PERSONAL: Final = "personal"
_STAFF_ROLES: Final = (
    Role.RESPONSIBLE_AUTHORITY,
    Role.CHIEF,
    Role.DESIGNEE,
    Role.RECORDS,
    Role.SUPERVISOR,
    Role.OFFICER,
    Role.IMPORTER,
    Role.READER,
)
# Whoever has several roles asks as the first of these that the law lets in.
_ACTORS_OF: Final[Mapping[Role, str]] = MappingProxyType(
    {
        **dict.fromkeys(_STAFF_ROLES, STAFF),
        Role.SUPERVISOR: "supervisor",
        Role.PROSECUTOR: "prosecutor",
        Role.OTHER_AGENCY: "other_agency",
        Role.AUDITOR: "auditor",
        Role.VENDOR: "vendor",
        Role.SUBJECT: "recorded_individual",
        Role.KIN: "next_of_kin",
        Role.PUBLIC: "public",
    }
)
_BY_AUTHORIZATION: Final = frozenset({"authorized_in_writing", "purpose_specified"})
_BY_WORK: Final = frozenset({"purpose_law_enforcement", "authorized_for_purpose"})
_BY_ROLE: Final[Mapping[str, str]] = MappingProxyType(
    {"auditor": "engaged_as_auditor", "vendor": "needed_for_service"}
)
_PROTECTIVE: Final = (Outcome.ALLOW, Outcome.ESCALATE, Outcome.DENY)


@attrs.frozen(kw_only=True)
class Lawful:
    """A yes of the law.

    Attributes:
        actor: what the pack calls the actor.
        ground: the rule that decided, with its citation.
        duties: what the agency must do besides, in words.
    """

    actor: str
    ground: Ground
    duties: tuple[str, ...]


def check_purposes(purposes: Iterable[str], pack: Pack) -> None:
    """Check that the pack has every purpose; a pack without purposes has all (CUS-30).

    Raises:
        InvalidInputError: it does not (`purpose-unknown`).
    """
    known = {term.id for term in pack.purposes}
    if known and (unknown := sorted(set(purposes) - known)):
        raise InvalidInputError(
            ErrorKind.PURPOSE_UNKNOWN,
            f"purpose {', '.join(unknown)!r:.120}: pack {pack.id} has {', '.join(sorted(known))}",
        )


def asks_as(actor: Actor, pack: Pack) -> tuple[str, ...]:
    """What the pack calls people of the actor's roles, in order (CUS-31)."""
    known = {term.id for term in pack.actors}
    found: dict[str, None] = {}
    for role in Role:
        if role in actor.roles and role in _ACTORS_OF:
            wanted = _ACTORS_OF[role]
            # A pack that has no word for a role of the agency means its staff.
            found[STAFF if wanted not in known and role in _STAFF_ROLES else wanted] = None
    return tuple(name for name in found if name in known)


def lawful_reads(state: State, found: ObjectState) -> frozenset[str]:
    """The conflict keys that deciding an access reads (LED-31)."""
    return frozenset(f"object/{one.object_id}" for one in lineage(state, found))


def check_lawful(
    state: State,
    found: ObjectState,
    *,
    actor: Actor,
    purpose: str,
    act: Act,
    law: Law,
    at: Instant,
) -> Lawful:
    """Check that the law lets an actor, whom a written authorization admits, see a recording.

    Args:
        state: what the ledger implies.
        found: the recording.
        actor: who asks.
        purpose: what for.
        act: to look at it, or to have a copy.
        law: the law of the day.
        at: the moment.

    Raises:
        AuthorizationError: it does not: `law-forbids` with the citation, `redaction-required`,
            or `purpose-unknown`.
    """
    pack = law.pack
    try:
        check_purposes((purpose,), pack)
    except InvalidInputError as exc:
        raise AuthorizationError(exc.kind, exc.message) from exc
    names = asks_as(actor, pack)
    if not names:
        raise AuthorizationError(
            ErrorKind.LAW_FORBIDS,
            f"object {found.object_id}: pack {pack.id} names nobody of the roles "
            f"{', '.join(sorted(actor.roles))}",
        )
    asked = [*_ask(state, found, names, purpose=purpose, law=law, at=at)]
    made = redacted(state, found)
    best, decided = min(
        ((one, _of(one, act)) for one in asked),
        key=lambda pair: (_PROTECTIVE.index(pair[1].outcome), len(_owed(pair[1], made))),
    )
    _check(decided, best, made, found)
    return Lawful(actor=best.question.actor, ground=decided.ground, duties=best.duties)


def _ask(
    state: State,
    found: ObjectState,
    names: Iterable[str],
    *,
    purpose: str,
    law: Law,
    at: Instant,
) -> Iterator[Access]:
    has_purposes = bool(law.pack.purposes)
    try:
        facts = release_facts(state, found, None, law=law, at=at)
        for name in names:
            settled = settle(
                _established(facts, name, purpose=purpose, law=law),
                law=law,
                as_of=local_date(at, law.zone),
            )
            question = Question(actor=name, purpose=purpose if has_purposes else None)
            yield decide_access(settled, question)
    except InvalidInputError as exc:
        # Facts that nobody can take, or that contradict each other, favour nobody.
        raise AuthorizationError(
            ErrorKind.LAW_FORBIDS,
            f"object {found.object_id}: the law cannot be asked with its facts: {exc.message}",
        ) from exc


def _established(facts: Facts, name: str, *, purpose: str, law: Law) -> Facts:
    """The facts with what a written authorization for a purpose establishes (CUS-32)."""
    true = _BY_AUTHORIZATION | {_BY_ROLE.get(name, "")}
    if purpose != PERSONAL:
        true |= _BY_WORK
    return facts.with_values(
        {
            spec.name: True
            for spec in law.pack.facts
            if spec.name in true and spec.about is Subject.REQUEST and spec.type is FactType.FLAG
        }
    )


def _of(access: Access, act: Act) -> ActDecided:
    return access.copy if act is Act.COPY else access.view


def _owed(decided: ActDecided, made: frozenset[str]) -> list[Ground]:
    return [one.ground for one in decided.must_redact if one.ground.rule not in made]


def _check(decided: ActDecided, access: Access, made: frozenset[str], found: ObjectState) -> None:
    who, what = access.question.actor, f"object {found.object_id}"
    if decided.outcome is not Outcome.ALLOW:
        left = "is left to a person" if decided.outcome is Outcome.ESCALATE else "is not allowed"
        says = [f"{decided.act} by {who} {left}: {_cited((decided.ground,))}"]
        if decided.unmet:
            says.append(f"not met: {_cited(decided.unmet)}")
        if access.missing:
            says.append(f"not known: {', '.join(access.missing)}")
        raise AuthorizationError(ErrorKind.LAW_FORBIDS, f"{what}: {'; '.join(says)}")
    kept_back = [one.ground for one in decided.withhold if one.ground.rule not in made]
    if kept_back:
        raise AuthorizationError(
            ErrorKind.LAW_FORBIDS,
            f"{what}: it has what {who} does not get as a {decided.act}: {_cited(kept_back)}",
        )
    if owed := _owed(decided, made):
        raise AuthorizationError(
            ErrorKind.REDACTION_REQUIRED,
            f"{what}: not made unrecognisable for {who}: {_cited(owed)}",
        )


def _cited(grounds: Iterable[Ground]) -> str:
    return ", ".join(f"{one.rule} ({one.cite})" for one in grounds)
