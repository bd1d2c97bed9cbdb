"""Verbs of a session: requests of subjects, kin, agencies, courts and the public; duties."""

from collections.abc import Iterable, Mapping
from datetime import date

from bwcstore._session import _duties, _requests
from bwcstore._session._holds import seen
from bwcstore._session._verbs import Verbs
from bwcstore._values import ActId, ObjectId
from bwcstore.custody._authority import Verb
from bwcstore.custody._duty import Duty
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
        facts: Mapping[str, object] | None = None,
    ) -> ActId:
        """Receive a request; return its act.

        Appends `request.received`, `fact.asserted` for each fact and `request.bound` for each
        recording, all at once. Until it is answered for a recording, the recording is held.

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
            facts: what else is known of the request, as the pack names it.

        Raises:
            AuthorizationError: the actor may not, or a fact is the chief's own word
                (`chief-required`); appended as `access.refused`.
            InvalidInputError: no law was adopted (`law-not-adopted`); an unknown kind or requester,
                or no civil date (`argument-invalid`); a request to retain that does not say what
                is needed (`request-incomplete`); a day to come (`fact-future`); a fact that the
                pack does not take; too many recordings (`too-large`).
            NotFoundError: a recording does not exist.
            RetentionError: a recording is destroyed or being destroyed; appended likewise.
        """
        asked = _requests.Asked(
            kind=kind,
            requester=requester,
            received=received,
            objects=tuple(objects),
            days=days,
            answers=answers or {},
            facts=facts or {},
        )
        who = _requests.Requester(name=name, contact=contact, statement=statement)
        return _requests.receive_request(self._acting, asked, who)

    def bind_request(
        self,
        request: ActId,
        objects: Iterable[ObjectId],
        *,
        days: int | None = None,
        answers: Mapping[str, bool] | None = None,
    ) -> None:
        """Say which recordings a request is also about. Appends `request.bound` for each.

        Args:
            request: its act.
            objects: the recordings, at most 4,096; those that it is about already stay as they are.
            days: of a request to retain: how many more days.
            answers: of a request to retain: what the pack asks about it, by name.

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
            rule: the rule of the pack that the answer rests on; where a request to retain is
                granted, by default the one that grants it.
            on: the day of the answer; today by default.
            statement: words about it, sealed.

        Raises:
            AuthorizationError: the actor may not, or only the chief may deny it
                (`chief-required`); appended as `access.refused`.
            RetentionError: no provision grants a request to retain (`law-forbids`); appended
                likewise.
            NotFoundError: no such request or recording.
            InvalidInputError: it was answered or closed before, or is not about a recording
                (`request-state`); the outcome, the rule or the day is none (`argument-invalid`);
                the day lies ahead (`fact-future`).
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

        Args:
            request: its act.
            outcome: `granted`, `denied`, `withdrawn`, or `nothing-held` where it is about no
                recording; by default what the answers come to.
            statement: words about it, sealed.

        Raises:
            AuthorizationError: the actor may not, or only the chief may deny it
                (`chief-required`); appended as `access.refused`.
            NotFoundError: no such request (`request-unknown`).
            InvalidInputError: it was closed, waits for an answer, or was not answered so
                (`request-state`).
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
        """Record that the requester was told: of a `grant`, a `denial`, or before an `expiry`.

        Appends `notice.sent`.

        Args:
            request: its act, which may be closed.
            object_id: the recording.
            notice: `grant`, `denial` or, of a request to retain, `expiry`.
            on: when; today by default.
            to: who was told, sealed.
            statement: in which words, sealed.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such request or recording.
            InvalidInputError: the request is not about the recording, or was not answered so
                (`request-state`); an unknown notice or an impossible day.
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
        """What is owed on a day, the soonest first; what has no day comes last.

        Args:
            as_of: today, which is the default, or a day to come.

        Raises:
            AuthorizationError: the actor may not see requests; appended as `access.refused`.
            InvalidInputError: no law was adopted (`law-not-adopted`), the pack does not know that
                day's law (`law-not-in-force`), or the day is past (`argument-invalid`).
        """
        seen(self._acting, Verb.REQUEST)
        return _duties.owed(self._acting.services, as_of)
