"""Verbs of a session: requests of subjects, kin, agencies, courts and the public, and what is owed."""

from bwcstore._session._base import Verbs


class RequestVerbs(Verbs):
    """Verbs: requests of subjects, kin, agencies, courts and the public, and what is owed."""
