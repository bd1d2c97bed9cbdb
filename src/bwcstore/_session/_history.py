"""What is known of an object, and who did what: descriptions and the log, opened with keys."""

from collections.abc import Iterator, Mapping

import attrs

from bwcstore._encoding import Json
from bwcstore._session._acting import Acting
from bwcstore._session._records import manifest_of, receipt_of, record_of
from bwcstore._session._services import Services
from bwcstore._values import STORE_SCOPE, ActorId, ObjectId, ScopeId
from bwcstore.custody._authority import Verb
from bwcstore.custody._object_records import ObjectState
from bwcstore.custody._records import Actor
from bwcstore.errors import ErrorKind, NotFoundError
from bwcstore.ledger._entry import Entry
from bwcstore.objects._manifest import content_key_id, open_content
from bwcstore.objects._parts import ContentPart, RecordPart


@attrs.frozen(kw_only=True)
class Description:
    """What is known of an object.

    Attributes:
        state: what the ledger says in the open.
        record: what is sealed under the record key.
        content: what is sealed under the content key; None once that key is gone.
        stored_bytes: how much its segments hold.
        receipt: the signed note that its ingest returned.
    """

    state: ObjectState
    record: RecordPart
    content: ContentPart | None
    stored_bytes: int
    receipt: bytes


@attrs.frozen(kw_only=True)
class LogLine:
    """One entry, with what is sealed beside it.

    Attributes:
        entry: the entry.
        login: the actor's login name, where its enrolment can be opened.
        payload: the sealed fields; None where there are none or their key is gone.
    """

    entry: Entry
    login: str | None
    payload: Mapping[str, Json] | None


@attrs.frozen(kw_only=True)
class ActorLine:
    """One enrolled actor, with the sealed login and name where they can be opened."""

    actor: Actor
    login: str | None
    name: str | None


def describe(acting: Acting, object_id: ObjectId) -> Description:
    """Everything known of an object; see `Session.describe`."""
    services = acting.services
    services.log.refresh()
    found = require(services, object_id)
    acting.allow(Verb.SHOW, object_id=object_id)
    manifest = manifest_of(services, found)
    try:
        content = open_content(manifest, key=services.vault.get(content_key_id(object_id)))
    except NotFoundError:
        content = None
    return Description(
        state=found,
        record=record_of(services, found),
        content=content,
        stored_bytes=manifest.shape.stored_bytes,
        receipt=receipt_of(services, found),
    )


def require(services: Services, object_id: ObjectId) -> ObjectState:
    """The state of an object.

    Raises:
        NotFoundError: there is none of that id.
    """
    found = services.log.state.object(object_id)
    if found is None:
        raise NotFoundError(ErrorKind.OBJECT_UNKNOWN, f"no object {object_id}")
    return found


def log_lines(acting: Acting, object_id: ObjectId | None) -> Iterator[LogLine]:
    """The entries of an object, or of the whole ledger; see `Session.log`."""
    services = acting.services
    services.log.refresh()
    if object_id is not None:
        require(services, object_id)
    acting.allow(Verb.LOG, object_id=object_id)
    logins = _logins(services)
    entries = (
        services.log.entries()
        if object_id is None
        else iter(services.log.scope_entries(ScopeId.object(object_id)))
    )
    return (
        LogLine(entry=entry, login=logins.get(entry.by), payload=opened(services, entry))
        for entry in entries
    )


def actor_lines(acting: Acting) -> tuple[ActorLine, ...]:
    """Every actor ever enrolled; see `Session.actors`."""
    acting.allow(Verb.SHOW)
    services = acting.services
    names = {
        ActorId(str(entry.body["actor"])): opened(services, entry) or {}
        for entry in services.log.scope_entries(STORE_SCOPE)
        if entry.kind == "actor.enrolled"
    }
    return tuple(
        ActorLine(
            actor=actor,
            login=_text(names.get(actor_id, {}), "login"),
            name=_text(names.get(actor_id, {}), "name"),
        )
        for actor_id, actor in services.log.state.store.actors.items()
    )


def _logins(services: Services) -> dict[ActorId, str]:
    found = {}
    for entry in services.log.scope_entries(STORE_SCOPE):
        if entry.kind == "actor.enrolled":
            login = _text(opened(services, entry) or {}, "login")
            if login is not None:
                found[ActorId(str(entry.body["actor"]))] = login
    return found


def _text(payload: Mapping[str, Json], field: str) -> str | None:
    value = payload.get(field)
    return value if isinstance(value, str) else None


def opened(services: Services, entry: Entry) -> Mapping[str, Json] | None:
    """The sealed fields of an entry; None where there are none, or their key is gone."""
    if entry.sealed is None:
        return None
    try:
        opened = services.log.open_payload(entry)
    except NotFoundError:
        return None
    return opened.fields if opened else None
