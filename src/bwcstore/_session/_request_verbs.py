"""Verbs of a session: requests of subjects, kin, agencies, courts and the public; duties."""

from collections.abc import Iterable, Mapping
from datetime import date

from bwcstore._session import _duties, _requests
from bwcstore._session._verbs import Verbs
from bwcstore._values import ActId, ObjectId
from bwcstore.custody._duties import Duty
from bwcstore.custody._requesting import Advice


class RequestVerbs(Verbs):
    """Verbs: requests of subjects, kin, agencies, courts and the public; duties."""

    def receive_request(
        self,
        kind: str,
        *,
        requester: str,
        received: date | None = None,
        objects: Iterable[ObjectId] = (),
        name: str | None = None,
        contact: str | None = None,
        statement: str | None = None,
        days: int | None = None,
        answers: Mapping[str, bool] | None = None,
    ) -> ActId:
        """Receive a request; return its act.

        Appends `request.received`, and `request.bound` for each recording, all at once. Until it
        is answered for a recording, the recording is held.

        Args:
            kind: `subject-view`, `subject-copy`, `subject-public`, `subject-retain`, `public`,
                `kin-inspection`, `agency-share` or `court-order`.
            requester: who asks, as the pack names actors.
            received: the day on which the agency received it; today by default.
            objects: the recordings that it is about, as far as they are known.
            name: who asks, sealed.
            contact: how they are reached, sealed.
            statement: their words, sealed.
            days: of a request to retain: how many more days.
            answers: of a request to retain: what the pack asks about it, by name.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: no law was adopted; an unknown kind or requester; a request to
                retain that does not say what is needed (`request-incomplete`); a day to come.
            NotFoundError: a recording does not exist.
            RetentionError: a recording is destroyed or being destroyed; appended likewise.
        """
        order = _requests.RequestOrder(
            kind=kind,
            requester=requester,
            received=received,
            objects=tuple(objects),
            name=name,
            contact=contact,
            statement=statement,
            days=days,
            answers=answers or {},
        )
        return _requests.receive_request(self._acting, order)

    def bind_request(
        self,
        request: ActId,
        objects: Iterable[ObjectId],
        *,
        days: int | None = None,
        answers: Mapping[str, bool] | None = None,
    ) -> None:
        """Say which recordings a request is also about. Appends `request.bound` for each.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such request or recording.
            InvalidInputError: the request was closed (`request-state`), or lacks what a request
                to retain must say (`request-incomplete`).
            RetentionError: a recording is destroyed or being destroyed; appended likewise.
        """
        _requests.bind_request(
            self._acting, request, tuple(objects), days=days, answers=answers or {}
        )

    def answer_request(
        self,
        request: ActId,
        outcome: str,
        *,
        objects: Iterable[ObjectId] | None = None,
        rule: str | None = None,
        on: date | None = None,
        statement: str | None = None,
    ) -> tuple[Advice, ...]:
        """Answer a request, for the recordings named or all that wait; return what to tell.

        Appends `request.answered` for each recording. A request that was granted may still be
        withdrawn.

        Args:
            request: its act.
            outcome: `granted`, `denied` or `withdrawn`.
            objects: the recordings; all that wait by default.
            rule: the rule of the pack that the answer rests on.
            on: the day of the answer; today by default.
            statement: words about it, sealed.

        Raises:
            AuthorizationError: the actor may not, or only the chief may deny it
                (`chief-required`); appended as `access.refused`.
            NotFoundError: no such request or recording.
            InvalidInputError: it was answered or closed before (`request-state`), or the day is
                impossible.
        """
        answer = _requests.Answer(
            outcome=outcome,
            objects=None if objects is None else tuple(objects),
            rule=rule,
            on=on,
            statement=statement,
        )
        return _requests.answer_request(self._acting, request, answer)

    def close_request(
        self, request: ActId, *, outcome: str | None = None, statement: str | None = None
    ) -> None:
        """Close a request that waits for no answer. Appends `request.closed`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such request (`request-unknown`).
            InvalidInputError: it was closed, or waits for an answer (`request-state`).
        """
        _requests.close_request(self._acting, request, outcome=outcome, statement=statement)

    def send_notice(
        self,
        request: ActId,
        object_id: ObjectId,
        notice: str,
        *,
        on: date | None = None,
        to: str | None = None,
        statement: str | None = None,
    ) -> None:
        """Note that the requester was told: of a `grant`, a `denial`, or before an `expiry`.

        Appends `notice.sent`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such recording, or the request is not about it.
            InvalidInputError: an unknown notice.
        """
        sent = _requests.Notice(notice=notice, on=on, to=to, statement=statement)
        _requests.send_notice(self._acting, request, object_id, sent)

    def requests(self) -> tuple[_requests.RequestLine, ...]:
        """Every request ever received, opened where keys allow.

        Raises:
            AuthorizationError: the actor may not see them; appended as `access.refused`.
        """
        return _requests.request_lines(self._acting)

    def duties(self, as_of: date | None = None) -> tuple[Duty, ...]:
        """What is owed on a day, the soonest first.

        Raises:
            InvalidInputError: no law was adopted (`law-not-adopted`), or the day lies ahead.
        """
        return _duties.owed(self._acting.services, as_of)
