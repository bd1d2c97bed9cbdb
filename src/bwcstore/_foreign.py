"""What lies in a storage beside what is ours: for people, and never to decide anything.

Rule kept here: a listing never shows what is not a stored name (STO-16); who wants to tell somebody
that it is there asks for it here.
"""

from collections.abc import Iterator


class ForeignKeys:
    """A storage that tells of nothing that others keep in it."""

    def foreign(self, prefix: str) -> Iterator[str]:  # noqa: ARG002 - nothing is looked for
        """The keys of others below `prefix` that cannot be stored names, each once.

        Raises:
            InvalidInputError: the prefix is malformed.
            StorageError: listing failed.
        """
        return iter(())
