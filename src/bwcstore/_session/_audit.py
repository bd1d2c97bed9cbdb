"""An audit with keys: announced before, reported after, releasing nothing (spec: AUD)."""

from collections.abc import Sequence

from bwcstore._encoding import Json
from bwcstore._ports import Progress
from bwcstore._session._acting import Acting
from bwcstore._values import ActId, Instant, ObjectId, ScopeId
from bwcstore.audit._budget import UNBOUNDED, Budget, Cursor
from bwcstore.audit._report import Report
from bwcstore.audit._run import audit_store
from bwcstore.custody._authority import Permission, Verb
from bwcstore.custody._state import State
from bwcstore.errors import ErrorKind, InternalError
from bwcstore.ledger._draft import Decision


def audit_with_keys(
    acting: Acting,
    *,
    budget: Budget | None,
    object_id: ObjectId | None,
    expect: Sequence[bytes],
    cursor: Cursor | None,
    progress: Progress,
) -> Report:
    """See `Session.audit`."""
    services = acting.services
    environment = services.environment
    scope = ScopeId.act(ActId.from_time(environment.clock.now(), environment.entropy.take(10)))

    def announce(_: State, permission: Permission, now: Instant) -> Decision:
        body: dict[str, Json] = {} if object_id is None else {"object": str(object_id)}
        draft = acting.draft(permission, "audit.started", body, now=now, scope=scope)
        return Decision(drafts=(draft,), outcome=permission)

    permission = acting.commit(Verb.AUDIT, announce).outcome
    if not isinstance(permission, Permission):
        raise InternalError(ErrorKind.DEFECT, "an audit was committed without a permission")
    report = audit_store(
        services.backend,
        vault=services.vault,
        expect=expect,
        budget=budget or UNBOUNDED,
        cursor=cursor,
        object_id=object_id,
        workers=environment.workers,
        monotonic=environment.clock.monotonic,
        progress=progress,
    )

    def finish(_: State, now: Instant) -> Decision:
        draft = acting.bare_draft(
            permission,
            "audit.ended",
            {
                "objects": report.coverage.objects_checked,
                "bytes": report.coverage.plain_bytes,
                "findings": len(report.findings),
            },
            now=now,
            scope=scope,
        )
        return Decision(drafts=(draft,))

    services.append(finish)
    return report
