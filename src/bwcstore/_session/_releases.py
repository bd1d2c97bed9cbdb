"""Making derivatives, and recording what is shown or given to others (spec chapter `releases`).

Order of a release with a target: decide -> `release.made` -> `object.accessed` -> the file
(REL-18).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from bwcstore._encoding import Json
from bwcstore._ports import Progress, no_progress
from bwcstore._session._acting import Acting, lines_of
from bwcstore._session._actors import random_id
from bwcstore._session._history import log_lines, require
from bwcstore._session._ingest import Ingested, ingest
from bwcstore._session._law import require_law
from bwcstore._session._read import Exported, check_access, check_target, export_object
from bwcstore._source import SourceLike
from bwcstore._values import ActId, Digest, Instant, ObjectId, ScopeId, check_text
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._clock import moment
from bwcstore.custody._deriving import Derived, check_own_facts, check_redactions, require_parent
from bwcstore.custody._object_records import Release
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.custody._releasing import Granted, Wish, decide_release, release_reads
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InternalError, InvalidInputError
from bwcstore.ledger._draft import Decision
from bwcstore.statute._judgements import Ground
from bwcstore.statute._rules import Act


@attrs.frozen(kw_only=True)
class Receiver:
    """Who receives a release, beyond what is open; sealed.

    Attributes:
        name: the person or office.
        contact: how they are reached.
        statement: what else is to be said.
        acknowledgement_sha256: the digest of what they signed of their duties.
    """

    name: str | None = None
    contact: str | None = None
    statement: str | None = None
    acknowledgement_sha256: Digest | None = None

    def private(self) -> dict[str, Json]:
        """The sealed fields of `release.made`, but for the reason.

        Raises:
            InvalidInputError: a text is blank or malformed.
        """
        private: dict[str, Json] = {}
        for name in ("name", "contact"):
            if (value := getattr(self, name)) is not None:
                private[name] = check_text(value, name, length_max=256)
        if self.statement is not None:
            private["statement"] = lines_of(self.statement, "statement")
        return private


@attrs.frozen(kw_only=True)
class Released:
    """What came of a release.

    Attributes:
        release_id: its id.
        object_id: what was shown or given.
        ground: the rule of the law that decided, with its citation.
        redactions: the overlays of the law that were carried out in it, sorted.
        recognisable: what had to stay recognisable in it, each with its rule.
        duties: what the agency must do besides, in words.
        index: the entry `release.made`.
        exported: the file that was written; None where none was asked for.
    """

    release_id: str
    object_id: ObjectId
    ground: Ground
    redactions: tuple[str, ...]
    recognisable: tuple[Ground, ...]
    duties: tuple[str, ...]
    index: int
    exported: Exported | None = None


@attrs.frozen(kw_only=True)
class ReleaseLine:
    """One release, with what is sealed beside it where keys allow.

    Attributes:
        release: what the ledger says in the open.
        redactions: the overlays of the law that had been carried out.
        login: who released it.
        name: who received it.
        contact: how they are reached.
        statement: what else was said, as lines.
    """

    release: Release
    redactions: tuple[str, ...]
    login: str | None
    name: str | None
    contact: str | None
    statement: tuple[str, ...]


def derive(
    acting: Acting,
    source: SourceLike,
    derived: Derived,
    *,
    source_id: SourceId | None,
    recording: Recording,
    length_bytes: int | None,
    expected_sha256: Digest | None,
    progress: Progress,
) -> Ingested:
    """Make an evidence object of what was made of another one; see `Session.derive`."""
    services = acting.services
    services.require_writable()
    services.log.refresh()
    check_own_facts(recording)

    def plan(state: State, _: Permission, __: Instant) -> Decision:
        require_parent(state, derived.parent)
        return Decision()

    # Before the first byte is stored: what is refused here leaves nothing behind.
    acting.commit(Verb.DERIVE, plan, object_id=derived.parent)
    if derived.redactions:
        check_redactions(derived.redactions, require_law(services, services.log.state).pack)
    return ingest(
        acting,
        source,
        source_id=source_id,
        recording=recording,
        length_bytes=length_bytes,
        expected_sha256=expected_sha256,
        progress=progress,
        derived=derived,
    )


def release(acting: Acting, wish: Wish, receiver: Receiver, *, target: Path | None) -> Released:
    """Record that a recording is shown or given, and write it to a file; see `Session.release`."""
    services = acting.services
    services.log.refresh()
    require(services, wish.object_id)
    if target is not None:
        check_target(target)
        check_access(acting, wish.object_id, Verb.EXPORT)
    services.require_writable()
    private = receiver.private()
    release_id = random_id(services.environment.entropy.take(16))

    def plan(state: State, permission: Permission, now: Instant) -> Decision:
        law = require_law(services, state).now(moment(state, now))
        granted = decide_release(state, wish, law=law, now=now)
        draft = acting.draft(
            permission,
            "release.made",
            _body(release_id, wish, granted, receiver),
            now=now,
            scope=ScopeId.object(wish.object_id),
            private=private,
        )
        return Decision(drafts=(draft,), reads=release_reads(state, wish), outcome=granted)

    committed = acting.commit(Verb.RELEASE, plan, object_id=wish.object_id)
    granted = committed.outcome
    if not isinstance(granted, Granted):
        raise InternalError(ErrorKind.DEFECT, "a release was committed without a ground")
    exported = None
    if target is not None:
        exported = export_object(acting, wish.object_id, target, progress=no_progress)
    return Released(
        release_id=release_id,
        object_id=wish.object_id,
        ground=granted.ground,
        redactions=granted.redactions,
        recognisable=tuple(one.ground for one in granted.recognisable),
        duties=granted.duties,
        index=committed.entries[0].index,
        exported=exported,
    )


def _body(release_id: str, wish: Wish, granted: Granted, receiver: Receiver) -> Mapping[str, Json]:
    body: dict[str, Json] = {
        "release": release_id,
        "right": wish.right,
        "recipient": wish.recipient,
        "mode": wish.mode.value,
        "rule": granted.ground.rule,
        "redactions": [*granted.redactions],
    }
    if wish.request is not None:
        body["request"] = str(wish.request)
    if receiver.acknowledgement_sha256 is not None:
        body["acknowledgement_sha256"] = str(receiver.acknowledgement_sha256)
    return body


def release_wish(
    object_id: ObjectId,
    *,
    right: str,
    recipient: str,
    mode: str,
    purpose: str | None,
    request: ActId | None,
    redactions: Iterable[str],
    receiver: Receiver,
) -> Wish:
    """Check and bundle what is asked for.

    Raises:
        InvalidInputError: the right or the mode is none that there is (`argument-invalid`).
    """
    if mode not in tuple(Act):
        raise InvalidInputError(
            ErrorKind.ARGUMENT_INVALID, f"mode {mode!r:.40}: one of {', '.join(Act)}"
        )
    return Wish(
        object_id=object_id,
        right=right,
        recipient=recipient,
        mode=Act(mode),
        purpose=purpose,
        request=request,
        redactions=frozenset(redactions),
        acknowledged=receiver.acknowledgement_sha256 is not None,
    )


def release_lines(acting: Acting, object_id: ObjectId) -> tuple[ReleaseLine, ...]:
    """To whom a recording went; see `Session.releases`."""
    lines = tuple(log_lines(acting, object_id))
    found = {one.index: one for one in require(acting.services, object_id).keeping.releases}
    return tuple(
        ReleaseLine(
            release=found[line.entry.index],
            redactions=_texts(line.entry.body, "redactions"),
            login=line.login,
            name=_text(line.payload or {}, "name"),
            contact=_text(line.payload or {}, "contact"),
            statement=_texts(line.payload or {}, "statement"),
        )
        for line in lines
        if line.entry.index in found
    )


def _text(fields: Mapping[str, Json], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _texts(fields: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
