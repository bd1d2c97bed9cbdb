"""Verbs of a session: derivatives, and what is shown or given to others."""

from bwcstore._session._base import Verbs


class ReleaseVerbs(Verbs):
    """Verbs: derivatives, and what is shown or given to others."""
