"""Text that comes from outside, as it is shown: nothing in it can act on a terminal."""


def shown(text: str) -> str:
    """`text` with everything escaped that a terminal could act on, and backslashes."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(char if char.isprintable() and char != "\\" else _escape(char) for char in text)


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # A byte that is not UTF-8, as `os.fsdecode` carries it.
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
