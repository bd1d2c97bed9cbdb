"""The page of a certificate: one file that can be read everywhere and fetches nothing."""

import importlib.util
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Final

import attrs
import pytest

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.purge._certificate import VerifiedCertificate, verify_certificate
from bwcstore.report import certificate_page
from tests.unit.purge.destroyed import CLIP, STORE, Story, tell

_VOID: Final = {"meta", "br"}


class Markup(HTMLParser):
    """The elements and texts of a page, and whether every element is closed in its place."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def words(self) -> str:
        """Everything that can be read, on one line."""
        return " ".join("".join(self.texts).split())


def verified(story: Story | None = None) -> VerifiedCertificate:
    """A certificate that was checked without history and plan."""
    ledger = tell(story)
    return verify_certificate(ledger.certificate(), key=ledger.key)


def test_it_says_what_the_certificate_says() -> None:
    """The claim, the ids, the provisions, who did it and how, the outcomes and the proof."""
    found = verified()
    page = Markup(certificate_page(found))

    assert [] == page.open
    assert found.claim in page.words
    for expected in (
        str(CLIP),
        str(STORE),
        "s. 7(a)",
        "Schedule 1",
        "2026-04-02",
        "AES-256-GCM",
        f"objects/{CLIP}/00000001",
        str(found.checkpoints[0].root),
        *(str(one.hash) for one in found.entries),
        *(str(one.by) for one in found.entries if one.kind == "plan.approved"),
    ):
        assert expected in page.words


def test_it_fetches_and_runs_nothing() -> None:
    """No script, no link, no address, and a policy that forbids them all."""
    text = certificate_page(verified())
    page = Markup(text)

    assert set() == page.elements.keys() & {"script", "link", "img", "iframe", "a", "form"}
    assert [] == re.findall(r"https?:|url\(|@import|\bsrc=|\bhref=", text)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_it_can_be_read_by_everybody() -> None:
    """Language, title, headings, captions and heads of rows and columns are there."""
    text = certificate_page(verified())
    page = Markup(text)
    names = [value for _, name, value in page.attributes if name == "id"]
    labels = [value for _, name, value in page.attributes if name == "aria-labelledby"]

    assert ("html", "lang", "en") in page.attributes
    assert (1, 1, 1) == tuple(page.elements[one] for one in ("title", "h1", "main"))
    assert page.elements["section"] == page.elements["h2"] == len(labels)
    assert labels == names
    assert page.elements["th"] == sum(name == "scope" for _, name, _ in page.attributes)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


@pytest.mark.spec("CRT-23")
def test_it_says_what_is_not_claimed_and_not_shown() -> None:
    """Why erasure is not claimed, and what nobody looked at, is on the page."""
    ledger = tell(Story(epochs=0, root=None))
    less = Markup(certificate_page(verify_certificate(ledger.certificate(), key=ledger.key)))
    more = Markup(certificate_page(ledger.verify()))

    assert "Bytes deleted; cryptographic erasure is not claimed" in less.words
    assert "was not destroyed since" in less.words
    assert "history of the store, which was not given" in less.words
    assert "text of the plan, which was not given" in less.words
    assert "which was not given" not in more.words
    for page in (less, more):
        assert "That no copy exists outside the store" in page.words
        assert "Who the actors are" in page.words


def test_nothing_can_be_smuggled_in() -> None:
    """Text from outside is text: markup is escaped, and what could turn a line is shown."""
    found = verified()
    statement = {**found.statement, "origin": "<script>alert(1)</script>\u202eevil & co"}
    text = certificate_page(attrs.evolve(found, statement=statement))

    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "\\u202eevil &amp; co" in text


def test_many_outcomes_are_all_listed() -> None:
    """Every version has its row."""
    page = Markup(certificate_page(verified(Story(segments=70))))

    assert 70 == page.words.count(f"objects/{CLIP}/")


def test_without_jinja_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lacks the extra is told which."""
    found = verified()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InvalidInputError) as missing:
        certificate_page(found)

    assert ErrorKind.EXTRA_MISSING == missing.value.kind
