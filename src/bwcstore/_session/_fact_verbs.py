"""Verbs of a session: law, policy, facts, labels, tags, clocks, consents, and explaining."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from bwcstore._session import _explaining, _facts, _law
from bwcstore._session._verbs import Verbs
from bwcstore._values import ActId, Digest, Instant, ObjectId
from bwcstore.custody._asserting import Assertable
from bwcstore.custody._explaining import ObjectExplanation
from bwcstore.custody._records import LawAdopted, Policy
from bwcstore.statute._facts import LABELS


class FactVerbs(Verbs):
    """Verbs: law, policy, facts, labels, tags, clocks, consents, and explaining."""

    def adopt_law(self, pack: str | Path, agency: str | Path) -> LawAdopted:
        """Keep the store under a statute pack and an agency file from here on.

        Appends `law.adopted`; the texts of both are kept in annexes, so that every decision can
        be repeated. Nothing is destroyed by it (spec: CUS-1 to CUS-4).

        Args:
            pack: the id of a shipped pack, or the path of a file.
            agency: the id of a shipped agency file, or the path of a file.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no pack or agency file of this id is shipped.
            InvalidInputError: something is wrong with one of them; the kind says what.
            StorageError: an annex could not be stored.
        """
        return _law.adopt_law(self._acting, pack, agency)

    def set_policy(self, policy: Policy) -> None:
        """Set the agency's own rules, which only narrow (spec: CUS-5, CUS-6).

        Appends `policy.set`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: a number is out of bounds (`policy-invalid`).
        """
        _law.set_policy(self._acting, policy)

    def assert_fact(
        self,
        fact: str,
        value: object,
        *,
        object_id: ObjectId | None = None,
        request: ActId | None = None,
        since: date | None = None,
        basis: str = "observation",
        supersedes: str | None = None,
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> str:
        """Say what is so of a recording, a request, or (with neither) the agency; return the
        assertion's id.

        Appends `fact.asserted`. Assertions are added and never edited (spec: CUS-10).

        Args:
            fact: the fact as the pack names it.
            value: a value of its type: a flag, a code, codes, a civil date, a moment.
            object_id: the recording it is about.
            request: the request it is about.
            since: from which day it is so; today by default.
            basis: `report`, `document`, `system`, `observation` or `statement`.
            supersedes: the assertion in whose place it stands.
            statement: words about it, sealed.
            document_sha256: the digest of the document it rests on.

        Raises:
            AuthorizationError: the actor may not, or it is the chief's own word
                (`chief-required`); appended as `access.refused`.
            InvalidInputError: no law was adopted, the pack has no such fact, the value is not of
                its type, or it cannot be true together with what is known.
            NotFoundError: no such object, request, or assertion to supersede.
            RetentionError: the recording is destroyed or being destroyed.
        """
        (made,) = _facts.assert_facts(
            self._acting,
            (Assertable(fact=fact, value=value, since=since, supersedes=supersedes),),
            _facts.Wording(basis=basis, statement=statement, document_sha256=document_sha256),
            place=_facts.Place(object_id=object_id, request=request),
        )
        return made

    def assert_facts(
        self,
        facts: Mapping[str, object],
        *,
        object_id: ObjectId | None = None,
        request: ActId | None = None,
        since: date | None = None,
        basis: str = "observation",
        supersedes: Mapping[str, str] | None = None,
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> dict[str, str]:
        """Say several things at once; return the ids of the assertions by fact.

        Appends a `fact.asserted` for each: all of them or none. What is true only together, such
        as a death and that force brought it about, is said together.

        Args:
            facts: 1 to 64 values by the facts as the pack names them.
            object_id: as for `assert_fact`.
            request: as for `assert_fact`.
            since: as for `assert_fact`.
            basis: as for `assert_fact`.
            supersedes: the assertions in whose place some of them stand, by fact.
            statement: as for `assert_fact`; sealed with each.
            document_sha256: as for `assert_fact`.

        Raises:
            BwcStoreError: as for `assert_fact`.
        """
        former = supersedes or {}
        made = _facts.assert_facts(
            self._acting,
            tuple(
                Assertable(fact=fact, value=value, since=since, supersedes=former.get(fact))
                for fact, value in facts.items()
            ),
            _facts.Wording(basis=basis, statement=statement, document_sha256=document_sha256),
            place=_facts.Place(object_id=object_id, request=request),
        )
        return dict(zip(facts, made, strict=True))

    def retract_fact(
        self,
        assertion_id: str,
        *,
        object_id: ObjectId | None = None,
        request: ActId | None = None,
        basis: str = "observation",
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> str:
        """Take an assertion back; return the id of the assertion that does so.

        Appends `fact.asserted` without a value. `explain` shows the ids, also the one by which the
        label that a recording was ingested with is taken back.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such object, request or assertion.
            RetentionError: the recording is destroyed or being destroyed.
            InvalidInputError: what is left cannot be true together.
        """
        place = _facts.Place(object_id=object_id, request=request)
        fact = _facts.fact_of(self._acting, assertion_id, place=place)
        (made,) = _facts.assert_facts(
            self._acting,
            (Assertable(fact=fact, value=None, supersedes=assertion_id),),
            _facts.Wording(basis=basis, statement=statement, document_sha256=document_sha256),
            place=place,
        )
        return made

    def label(
        self,
        object_id: ObjectId,
        labels: Iterable[str],
        *,
        since: date | None = None,
        basis: str = "observation",
        supersedes: str | None = None,
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> str:
        """Give a recording labels; return the assertion's id.

        Appends `fact.asserted` of the fact `labels`. Where the pack joins labels, they come beside
        those that it has, and only `retract_fact` takes one away; elsewhere the latest count.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: the pack has no such label (`label-unknown`), or no law was adopted.
            NotFoundError: no such object.
            RetentionError: the recording is destroyed or being destroyed.
        """
        return self.assert_fact(
            LABELS,
            [*labels],
            object_id=object_id,
            since=since,
            basis=basis,
            supersedes=supersedes,
            statement=statement,
            document_sha256=document_sha256,
        )

    def add_tags(
        self,
        object_id: ObjectId,
        *,
        case: str | None = None,
        device: str | None = None,
        officer: str | None = None,
    ) -> None:
        """Say to which case, device or officer a recording also belongs.

        Appends `tags.added`. What it belonged to before stays: a hold on that case still binds.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: nothing was given, or it is malformed.
            NotFoundError: no such object.
            RetentionError: the recording is destroyed or being destroyed.
        """
        values = {"case": case, "device": device, "officer": officer}
        _facts.add_tags(self._acting, object_id, values)

    def correct_time(
        self, object_id: ObjectId, at: Instant, *, basis: str = "correction", statement: str
    ) -> str:
        """Claim another time at which a recording was made; return the claim's id.

        Appends `collected.claimed`. Claims are added and never edited; the latest plausible one
        counts, so that a correction never shortens what another clock protects (spec: CUS-12).

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: it lies after the ingest, or the basis is none of the list.
            NotFoundError: no such object.
            RetentionError: the recording is destroyed or being destroyed.
        """
        return _facts.correct_time(self._acting, object_id, at, basis=basis, statement=statement)

    def record_consent(
        self,
        object_id: ObjectId,
        *,
        covers: str,
        name: str | None = None,
        statement: str | None = None,
        document_sha256: Digest | None = None,
    ) -> str:
        """Record that somebody who is recorded agrees; return the consent's id.

        Appends `consent.recorded`. `covers` is `identity` (to be recognisable) or `public`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: `covers` is none of the two.
            NotFoundError: no such object.
            RetentionError: the recording is destroyed or being destroyed.
        """
        wording = _facts.Wording(statement=statement, document_sha256=document_sha256)
        return _facts.record_consent(
            self._acting, object_id, covers=covers, name=name, wording=wording
        )

    def withdraw_consent(self, object_id: ObjectId, consent_id: str) -> None:
        """Take a consent back. Appends `consent.withdrawn`.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            NotFoundError: no such object, or no such consent counts (`consent-unknown`).
            RetentionError: the recording is destroyed or being destroyed.
        """
        _facts.withdraw_consent(self._acting, object_id, consent_id)

    def explain(self, object_id: ObjectId, *, as_of: date | None = None) -> ObjectExplanation:
        """Say everything that is true of a recording: dates, holds, who may see it, why it is or
        is not destroyed and what would have to happen first.

        Nothing is appended. What the pack cannot take is shown as a problem.

        Args:
            object_id: the recording.
            as_of: the day that is meant; today by default.

        Raises:
            NotFoundError: there is no such object.
            AuthorizationError: the actor may not see it; appended as `access.refused`.
            InvalidInputError: a day is given and no law was adopted (`law-not-adopted`), or the
                pack does not know the law of that day (`law-not-in-force`).
            IntegrityError: an annex of the law is missing or altered.
            StorageError: the storage could not be asked for its locks.
        """
        return _explaining.explain(self._acting, object_id, as_of=as_of)
