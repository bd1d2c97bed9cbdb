"""Verbs of a session: planning, approving and carrying out destruction."""

from bwcstore._session._base import Verbs


class PurgeVerbs(Verbs):
    """Verbs: planning, approving and carrying out destruction."""
