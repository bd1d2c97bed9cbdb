"""What is shown or given to others: decided by a shipped pack, recorded before a byte leaves."""

from collections.abc import Mapping

import pytest

from bwcstore._encoding import Json
from bwcstore._values import Digest, ScopeId
from bwcstore.errors import (
    ErrorKind,
    RetentionError,
)
from bwcstore.testing import World
from tests.unit.session.disclosure import (
    SHARING,
    STOP,
    SUBJECT,
    TODAY,
    asked,
    give,
    kinds,
    recorded,
    redact,
    refused,
    say,
    under_law,
)
from tests.unit.session.world import chief

SIGNED = Digest(bytes(range(32)))
INVESTIGATED: Mapping[str, Json] = {**STOP, "criminal_investigation": "active"}
AGENCIES = ("other_agency", "federal_agency", "prosecutor", "other_government")


@pytest.mark.spec("REL-13")
def test_a_subject_gets_a_copy_without_those_who_have_not_agreed() -> None:
    """The recording itself is refused, with the rule; a copy in which it was done is given."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        refusal = refused(session, clip, request=act)
        copy = redact(session, clip, "others-in-copy")
        made = session.release(
            copy,
            right="subject",
            recipient="recorded_individual",
            mode="copy",
            request=act,
            redactions=["others-in-copy"],
        )

    assert ErrorKind.REDACTION_REQUIRED == refusal.kind
    assert "others-in-copy (Minn. Stat. 13.825, subd. 4(b))" in refusal.message
    assert ("subject", "Minn. Stat. 13.825, subd. 4(b)") == (made.ground.rule, made.ground.cite)
    assert ("others-in-copy",) == made.redactions
    assert ["on-duty-officers"] == [one.rule for one in made.recognisable]


@pytest.mark.spec("REL-10")
def test_a_subject_sees_everything() -> None:
    """Whoever only looks is shown the recording itself: redactions are for copies."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        act = asked(
            session, clip, kind="subject-view", requester="recorded_individual", facts=SUBJECT
        )
        session.release(
            clip, right="subject", recipient="recorded_individual", mode="view", request=act
        )

        assert ErrorKind.REQUEST_STATE == refused(session, clip, request=act).kind
    (release,) = store.object(clip).keeping.releases

    assert ("subject", "recorded_individual", "view", "subject", act) == (
        release.right,
        release.recipient,
        release.mode,
        release.rule,
        release.request,
    )


@pytest.mark.spec("REL-14")
def test_officers_on_duty_stay_recognisable_in_a_subjects_copy() -> None:
    """A copy in which they were made unrecognisable is refused, and says by which provision."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        copy = redact(session, clip, "others-in-copy", "on-duty-officers")
        refusal = refused(session, copy, request=act)

    assert ErrorKind.LAW_FORBIDS == refusal.kind
    assert "on-duty-officers (Minn. Stat. 13.825, subd. 4(b))" in refusal.message


@pytest.mark.spec("REL-10", "REL-19")
def test_while_an_investigation_is_active_the_subject_gets_nothing() -> None:
    """It is refused with the provision, and the refusal is an entry of the recording."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, INVESTIGATED)
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        with pytest.raises(RetentionError) as caught:
            give(session, clip, request=act)
    last = list(store._services.log.entries())[-1]

    assert ErrorKind.LAW_FORBIDS == caught.value.kind
    assert (
        "confidential (Minn. Stat. 13.02, subds. 3 and 13; 13.82, subd. 7)" in caught.value.message
    )
    assert ("access.refused", ScopeId.object(clip), "law-forbids") == (
        last.kind,
        last.scope.id,
        last.body["code"],
    )


@pytest.mark.spec("REL-10")
def test_what_was_presented_in_court_is_given_to_anybody() -> None:
    """Before it was, the public gets nothing; afterwards it is public, whoever asks."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, INVESTIGATED)
        before = refused(session, clip, right="public", recipient="public")
        say(session, ScopeId.object(clip), {"presented_in_court_on": TODAY})
        made = session.release(clip, right="public", recipient="public", mode="copy")

    assert ErrorKind.LAW_FORBIDS == before.kind
    assert "public" == made.ground.rule


@pytest.mark.spec("REL-16")
def test_a_prosecutor_receives_what_was_asked_for_in_writing() -> None:
    """Authorised, for a purpose of law enforcement, and with the duties acknowledged."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, INVESTIGATED)
        act = asked(session, clip, kind="agency-share", requester="prosecutor", facts=SHARING)
        share = {"right": "prosecution", "recipient": "prosecutor", "request": act}
        silent = refused(session, clip, **share)
        made = session.release(
            clip,
            right="prosecution",
            recipient="prosecutor",
            mode="copy",
            purpose="prosecution",
            request=act,
            acknowledgement_sha256=SIGNED,
        )
    (release,) = store.object(clip).keeping.releases

    assert ErrorKind.ACKNOWLEDGEMENT_REQUIRED == silent.kind
    assert "other-government" == made.ground.rule
    assert made.duties
    assert release.acknowledged


@pytest.mark.parametrize("recipient", AGENCIES)
@pytest.mark.spec("REL-11")
def test_an_agency_that_does_not_meet_the_standards_receives_nothing(recipient: str) -> None:
    """What is not said of the request is not assumed; what is missing is named with its rule."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        facts = {name: said for name, said in SHARING.items() if name != "authorized_in_writing"}
        act = asked(session, clip, kind="agency-share", requester=recipient, facts=facts)
        refusal = refused(
            session,
            clip,
            right="agency-share",
            recipient=recipient,
            request=act,
            acknowledgement_sha256=SIGNED,
        )

    assert ErrorKind.LAW_FORBIDS == refusal.kind
    assert "written-authorization (Minn. Stat. 13.825, subd. 7(b))" in refusal.message
    assert "not known: authorized_in_writing" in refusal.message


@pytest.mark.spec("REL-11")
def test_what_was_said_of_one_request_does_not_count_for_another() -> None:
    """A fact about a request counts in its own act alone, one about the recording only there."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        say(session, ScopeId.object(clip), SUBJECT)
        act = asked(
            session,
            clip,
            kind="subject-copy",
            requester="recorded_individual",
            facts={"nonconsenting_subjects": False},
        )
        without = refused(session, clip, request=act)
        say(session, ScopeId.act(act), SUBJECT)
        refusal = refused(session, clip, request=act)

    assert ErrorKind.LAW_FORBIDS == without.kind
    assert "is-subject (Minn. Stat. 13.825, subd. 4(a))" in without.message
    assert ErrorKind.REDACTION_REQUIRED == refusal.kind


@pytest.mark.spec("REL-11")
def test_facts_that_contradict_each_other_favour_nobody() -> None:
    """What the law cannot be asked with is refused, and the refusal is an entry."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, {**STOP, "subjects_recorded": False})
        refusal = refused(session, clip)

    assert ErrorKind.LAW_FORBIDS == refusal.kind
    assert "people-and-nobody" in refusal.message
    assert "access.refused" == kinds(store)[-1]


@pytest.mark.spec("REL-15")
def test_what_is_withheld_is_not_given_unless_it_was_left_out() -> None:
    """A child's statement goes into no copy; a copy without it is given."""
    store = under_law(World())
    told: Mapping[str, Json] = {
        **STOP,
        "nonconsenting_subjects": False,
        "flags": ["child_abuse_victim"],
    }
    with chief(store) as session:
        clip = recorded(session, told)
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        refusal = refused(session, clip, request=act)
        copy = redact(session, clip, "child-abuse-statement", "other-law-in-copy")
        give(session, copy, request=act)

    assert ErrorKind.LAW_FORBIDS == refusal.kind
    assert "child-abuse-statement (Minn. Stat. 13.821)" in refusal.message


@pytest.mark.spec("REL-10", "REL-15")
def test_a_courts_order_decides_what_a_person_has_to() -> None:
    """By the right of an order that was received; without one, nobody may say that there is."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        order = {"right": "court-order", "recipient": "defense"}
        without = refused(session, clip, **order)
        left = refused(session, clip, right="discretion", recipient="defense")
        act = asked(session, clip, kind="court-order", requester="defense")
        made = session.release(
            clip, right="court-order", recipient="defense", mode="copy", request=act
        )

        assert ErrorKind.REQUEST_STATE == without.kind
        assert "is left to a person: defense (" in left.message
        assert "defense" == made.ground.rule
        public = asked(session, clip, kind="court-order", requester="public")
        shut = refused(session, clip, right="court-order", recipient="public", request=public)
        say(session, ScopeId.object(clip), {"court_order": "public"})
        kept = refused(session, clip, right="public", recipient="public")
        opened = session.release(
            clip, right="court-order", recipient="public", mode="copy", request=public
        )

    assert "not-public (" in shut.message
    assert "court-order-part (" in kept.message
    assert "public" == opened.ground.rule


@pytest.mark.spec("REL-10")
def test_discretion_needs_a_rule_that_gives_it() -> None:
    """What the agency determined to be of public benefit may be shown to who has no right."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session)
        before = refused(session, clip, right="discretion", recipient="witness", mode="view")
        say(session, ScopeId.object(clip), {"public_benefit_determination": True})
        by_right = refused(session, clip, right="public", recipient="witness", mode="view")
        made = session.release(clip, right="discretion", recipient="witness", mode="view")

    assert "not-public (" in before.message
    assert "covered-by-determination (" in by_right.message
    assert ("public-benefit", "Minn. Stat. 13.82, subd. 15") == (made.ground.rule, made.ground.cite)


@pytest.mark.spec("REL-13")
def test_redactions_that_were_not_carried_out_cannot_be_claimed() -> None:
    """The recording itself has none, whatever the caller believes."""
    store = under_law(World())
    with chief(store) as session:
        clip = recorded(session, {**STOP, "presented_in_court_on": TODAY})
        refusal = refused(
            session, clip, right="public", recipient="public", redactions=["others-in-copy"]
        )

    assert ErrorKind.REDACTION_REQUIRED == refusal.kind
    assert "others-in-copy" in refusal.message


@pytest.mark.spec("REL-13")
def test_what_may_have_to_be_redacted_has_to_be() -> None:
    """Whether others have agreed is not known, so they have not; the message says which it is."""
    store = under_law(World())
    known = {name: said for name, said in STOP.items() if name != "nonconsenting_subjects"}
    with chief(store) as session:
        clip = recorded(session, known)
        act = asked(
            session, clip, kind="subject-copy", requester="recorded_individual", facts=SUBJECT
        )
        refusal = refused(session, clip, request=act)

    assert ErrorKind.REDACTION_REQUIRED == refusal.kind
    assert "subd. 4(b); facts are missing, so it may apply)" in refusal.message
