"""What all verbs of a session share: somebody acting."""

from bwcstore._session._acting import Acting


class Verbs:
    """Verbs of a session, bound to one actor and one reason."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting
