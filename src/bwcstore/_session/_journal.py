"""The journal of an ingest under way, kept in the vault under the tag of its source.

One note per segment, so that keeping the thousandth costs what keeping the first did. The
journal holds no key; it stands in the vault because it tells digests of plaintext.
"""

from typing import Final

import attrs

from bwcstore._values import Tag
from bwcstore._vault_port import KeyVault
from bwcstore.errors import ErrorKind, InternalError
from bwcstore.objects._resume import JournalState, SegmentDone

PREFIX: Final = "journal/"


class VaultJournal:
    """The journal of the source with one tag."""

    def __init__(self, vault: KeyVault, source: Tag) -> None:
        self._vault = vault
        self._prefix = f"{PREFIX}{source}/"
        self._state: JournalState | None = None

    def load(self) -> JournalState | None:
        """What an earlier run left, or None if there was none or the replicas do not agree on
        one: sealing again is always right, resuming only from a journal beyond doubt.

        Raises:
            FormatError: it is damaged.
            StorageError: no vault replica could be read.
        """
        state: JournalState | None = None
        for name in self._vault.notes(self._prefix):
            found = self._vault.recall(name)
            if len(found) != 1:
                return None
            note = JournalState.decode(found[0])
            if state is None:
                state = note
            elif note.object_id == state.object_id:
                for done in note.segments:
                    state = state.with_segment(done)
        self._state = None if state is None else attrs.evolve(state, segments=())
        return state

    def begin(self, state: JournalState) -> None:
        """Keep a fresh state, durably.

        Raises:
            StorageError: a vault replica failed.
        """
        self.forget()
        self._state = state
        self._vault.remember(f"{self._prefix}begun", state.encode())

    def segment_done(self, done: SegmentDone) -> None:
        """Keep one more segment, durably.

        Raises:
            StorageError: a vault replica failed.
        """
        if self._state is None:
            raise InternalError(ErrorKind.DEFECT, "a segment was journalled before the object")
        note = attrs.evolve(self._state, segments=(done,))
        self._vault.remember(f"{self._prefix}segment-{done.number:08d}", note.encode())

    def forget(self) -> None:
        """Remove the journal; the segments first, so that a rest is still recognisable.

        Raises:
            StorageError: a vault replica failed.
        """
        for name in reversed(self._vault.notes(self._prefix)):
            self._vault.forget(name)
