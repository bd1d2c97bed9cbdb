"""Verbs of a session: placing, reviewing and releasing holds."""

from collections.abc import Iterable
from datetime import date

from bwcstore._session import _holds
from bwcstore._session._verbs import Verbs
from bwcstore._values import Digest, ObjectId
from bwcstore.custody._selection import Selection


class HoldVerbs(Verbs):
    """Verbs: placing, reviewing and releasing holds."""

    def place_hold(
        self,
        kind: str,
        *,
        objects: Iterable[ObjectId] = (),
        selection: Selection | None = None,
        authority: str = "agency",
        review_on: date | None = None,
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> str:
        """Keep recordings from being destroyed until the hold is released; return its id.

        Appends `hold.placed`, and `hold.bound` for each recording of `objects`, all at once. What
        `selection` selects is held too, also what is ingested while the hold stands.

        Args:
            kind: a kind of hold of the adopted pack; without a law any code of `[a-z0-9._-]`.
            objects: recordings that it binds, at most 4,096.
            selection: what else it selects, now and later.
            authority: who ordered it: `agency`, `court`, `prosecutor`, `subject` or `other`.
            review_on: by when it should be looked at again.
            statement: words about it, sealed.
            document_sha256: the digest of the order.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: nothing to hold, an unknown kind or authority, a review in the past
                or on no civil date (`argument-invalid`), too many recordings (`too-large`), or a
                selection out of bounds (`query-invalid`).
            NotFoundError: a recording does not exist.
            RetentionError: a recording is destroyed (`object-purged`) or being destroyed
                (`purge-started`); appended as `access.refused`.
        """
        order = _holds.HoldOrder(
            kind=kind,
            objects=tuple(objects),
            selection=selection,
            authority=authority,
            review_on=review_on,
            statement=statement,
            document_sha256=document_sha256,
        )
        return _holds.place_hold(self._acting, order)

    def review_hold(self, hold_id: str, review_on: date) -> None:
        """Say that a hold was looked at and stands, and when to look again.

        Appends `hold.reviewed`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such hold (`hold-unknown`).
            InvalidInputError: it was released (`hold-released`), or the day is past or no civil
                date (`argument-invalid`).
        """
        _holds.review_hold(self._acting, hold_id, review_on)

    def release_hold(self, hold_id: str) -> _holds.Released:
        """Release a hold; return `released`, or `proposed` where another actor must agree.

        Appends `hold.released` or `hold.release_proposed`. Nothing is destroyed by it.

        Raises:
            AuthorizationError: the actor may not, has proposed it before
                (`second-actor-required`), or must sign and did not; appended as
                `access.refused`.
            NotFoundError: no such hold (`hold-unknown`).
            InvalidInputError: it was released before (`hold-released`).
        """
        return _holds.release_hold(self._acting, hold_id)

    def holds(self) -> tuple[_holds.HoldLine, ...]:
        """Every hold ever placed, released ones included, opened where keys allow.

        Raises:
            AuthorizationError: the actor may not see them; appended as `access.refused`.
        """
        return _holds.hold_lines(self._acting)
