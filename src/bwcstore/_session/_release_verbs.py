"""Verbs of a session: derivatives, and what is shown or given to others."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bwcstore._ports import Progress, no_progress
from bwcstore._session._acting import lines_of
from bwcstore._session._ingest import Ingested
from bwcstore._session._releases import (
    Receiver,
    Released,
    ReleaseLine,
    derive,
    release,
    release_lines,
    release_wish,
)
from bwcstore._session._verbs import Verbs
from bwcstore._source import SourceLike
from bwcstore._values import ActId, Digest, ObjectId
from bwcstore.custody._deriving import Derived, Region
from bwcstore.custody._recording import Recording, SourceId

_NOTHING_SAID: Final = Recording()


class ReleaseVerbs(Verbs):
    """Verbs: derivatives, and what is shown or given to others."""

    def derive(
        self,
        parent: ObjectId,
        source: SourceLike,
        *,
        operation: str,
        tool: str,
        tool_version: str,
        redactions: Iterable[str] = (),
        regions: Iterable[Region] = (),
        statement: str | None = None,
        source_id: SourceId | None = None,
        recording: Recording = _NOTHING_SAID,
        length_bytes: int | None = None,
        expected_sha256: Digest | None = None,
        progress: Progress = no_progress,
    ) -> Ingested:
        """Make an evidence object of what was made of another one, which stays as it is.

        Appends `object.ingested`, `derived.from` and `derivative.made` in one decision: all of
        them or none.

        Args:
            parent: the recording it was made of.
            source: as for `ingest`.
            operation: `redact`, `clip`, `transcode`, `still`, `audio` or `transcript`.
            tool: with which program, a code of `[a-z0-9._-]`.
            tool_version: which version of it, likewise.
            redactions: the ids of the overlays of the law that were carried out.
            regions: where and when; sealed, and committed by a digest.
            statement: what else is to be said; sealed.
            source_id: as for `ingest`.
            recording: what is known of it; label, trigger and time are those of the parent and
                cannot be given.
            length_bytes: as for `ingest`.
            expected_sha256: as for `ingest`.
            progress: told of every group of chunks.

        Raises:
            NotFoundError: there is no such parent (`parent-unknown`).
            RetentionError: the parent's destruction has begun or is done; appended as
                `access.refused`.
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: an argument is malformed, a redaction is none of the law, or as for
                `ingest`.
            StorageError: storage or a vault replica failed; nothing exists.
            IntegrityError: the store is read-only, or the parent has entries of a newer version.
        """
        derived = Derived(
            parent=parent,
            operation=operation,
            tool=tool,
            tool_version=tool_version,
            redactions=frozenset(redactions),
            regions=tuple(regions),
            statement=tuple(
                map(str, lines_of(statement, "statement") if statement is not None else ())
            ),
        )
        return derive(
            self._acting,
            source,
            derived,
            source_id=source_id,
            recording=recording,
            length_bytes=length_bytes,
            expected_sha256=expected_sha256,
            progress=progress,
        )

    def release(
        self,
        object_id: ObjectId,
        *,
        right: str,
        recipient: str,
        mode: str,
        purpose: str | None = None,
        request: ActId | None = None,
        redactions: Iterable[str] = (),
        name: str | None = None,
        contact: str | None = None,
        statement: str | None = None,
        acknowledgement_sha256: Digest | None = None,
        target: str | os.PathLike[str] | None = None,
    ) -> Released:
        """Record that a recording is shown or given to somebody outside, if the law lets it.

        Appends `release.made`; with a `target` then `object.accessed` and `access.ended`, and
        copies the recording to that new file.

        Args:
            object_id: the recording, or a derivative of it.
            right: `subject`, `public`, `kin`, `agency-share`, `prosecution`, `court-order` or
                `discretion`.
            recipient: to whom, as the pack names actors.
            mode: `view` or `copy`.
            purpose: what for, as the pack names purposes.
            request: the request that is answered; what the law asks about a request is taken from
                its entries.
            redactions: overlays of the law that the caller takes to be carried out in it.
            name: who it is; sealed.
            contact: how they are reached; sealed.
            statement: what else is to be said; sealed.
            acknowledgement_sha256: binds what the receiver signed of its duties.
            target: the file to write; the actor needs an authorization as for `export`.

        Raises:
            NotFoundError: there is no such object or request.
            RetentionError: no, with the citation: the law forbids it (`law-forbids`), a redaction
                is missing (`redaction-required`), nothing was acknowledged
                (`acknowledgement-required`), the request does not bear it (`request-state`), or
                the recording is destroyed; appended as `access.refused`.
            AuthorizationError: the actor may not; appended as `access.refused`.
            ConflictError: this machine's clock is behind the ledger (`clock-behind`).
            InvalidInputError: an argument is malformed, or no law was adopted
                (`law-not-adopted`).
            AlreadyExistsError: the target exists.
            StorageError: the target cannot be written; the release stays recorded.
            IntegrityError: the store is read-only, or something does not verify.
            KeyVaultError: the content key is missing.
        """
        receiver = Receiver(
            name=name,
            contact=contact,
            statement=statement,
            acknowledgement_sha256=acknowledgement_sha256,
        )
        wish = release_wish(
            object_id,
            right=right,
            recipient=recipient,
            mode=mode,
            purpose=purpose,
            request=request,
            redactions=redactions,
            receiver=receiver,
        )
        file = None if target is None else Path(target)
        return release(self._acting, wish, receiver, target=file)

    def releases(self, object_id: ObjectId) -> tuple[ReleaseLine, ...]:
        """To whom a recording was shown or given, in order, sealed parts included.

        Raises:
            NotFoundError: there is no such object.
            AuthorizationError: the actor may not see the log; appended as `access.refused`.
        """
        return release_lines(self._acting, object_id)
