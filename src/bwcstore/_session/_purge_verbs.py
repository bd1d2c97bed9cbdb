"""Verbs of a session: planning, approving and carrying out destruction."""

from collections.abc import Mapping
from datetime import date

from bwcstore._ports import Progress, no_progress
from bwcstore._session import _erasure, _purge, _purge_run
from bwcstore._session._verbs import Verbs
from bwcstore._values import ActId, Digest
from bwcstore.purge._over_retention import OverRetained
from bwcstore.purge._plan import PurgePlan


class PurgeVerbs(Verbs):
    """Verbs: planning, approving and carrying out destruction."""

    def plan_purge(self, *, as_of: date | None = None) -> PurgePlan:
        """Judge every recording and say which are due, with the proof of each.

        Appends nothing and proposes nothing. In a store of many recordings, the catalog says
        which of them may be due, past their date or without authority, and those are judged one
        by one; the others are not looked at (spec: STA-13). The law is that of `as_of`, the facts
        are those that were recorded by then, the holds those of now.

        Args:
            as_of: the day, in the agency's zone; today when None.

        Raises:
            AuthorizationError: the actor may not see plans; appended as `access.refused`.
            InvalidInputError: no law was adopted (`law-not-adopted`), or the pack does not know
                the law of that day (`law-not-in-force`).
            IntegrityError: an annex of the law is missing or altered.
            StorageError: reading failed.
        """
        return _purge.plan_purge(self._acting, as_of=as_of)

    def propose_purge(self, plan: PurgePlan) -> ActId:
        """Propose a plan for approval; return its act, by which it is approved and run.

        Appends `plan.proposed`, after the text of the plan was stored as an annex.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: nothing in it is due, it is another store's, or it is made for a
                day to come (`plan-state`).
            RetentionError: the store is kept under other law now (`plan-stale`); appended
                likewise.
            ConflictError: the clock is not to be trusted (`clock-behind`, `clock-ahead`,
                `clock-unconfirmed`).
            StorageError: it was not stored.
        """
        return _purge.propose_purge(self._acting, plan)

    def approve_purge(self, plan_act: ActId, *, plan_sha256: Digest) -> None:
        """Approve the plan of that digest. Appends `plan.approved`.

        Raises:
            NotFoundError: no such plan was proposed (`plan-unknown`).
            AuthorizationError: the actor may not, proposed it (`approver-proposed`), approved it
                before (`approved-already`), or must sign and did not; appended as
                `access.refused`.
            InvalidInputError: it was withdrawn (`plan-state`).
            RetentionError: the plan has another digest (`plan-altered`), is too old, or was made
                by other law (`plan-stale`); appended likewise.
            ConflictError: the clock is not to be trusted.
            IntegrityError: the annex of the plan is missing or altered.
            StorageError: it was not stored.
        """
        _purge.approve_purge(self._acting, plan_act, plan_sha256=plan_sha256)

    def withdraw_purge(self, plan_act: ActId) -> None:
        """Withdraw a plan: it must not be run, or no further. Appends `plan.withdrawn`.

        Recordings whose destruction has begun are not saved by it.

        Raises:
            NotFoundError: no such plan was proposed (`plan-unknown`).
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: it was withdrawn before (`plan-state`).
        """
        _purge.withdraw_purge(self._acting, plan_act)

    def run_purge(
        self, plan_act: ActId, *, progress: Progress = no_progress
    ) -> _purge_run.PurgeRun:
        """Destroy what an approved plan names, as far as each recording still may be.

        First finishes what any plan has begun. Then, in groups: looks for what the storage
        itself keeps; appends `purge.started` for each recording that still proves, judged at the
        head; destroys the content keys in every replica of the vault; deletes every stored
        version; looks that none is left; appends `purge.completed`, or `purge.failed`. What no
        longer proves is passed over and appended as `access.refused`. At the end the key epoch
        is replaced and `purge.run_ended` appended. Running a plan again goes on where it ended;
        running one of which nothing is left does nothing.

        Args:
            plan_act: what `propose_purge` returned.
            progress: told of every recording that is destroyed.

        Raises:
            NotFoundError: no such plan was proposed (`plan-unknown`).
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: it was withdrawn (`plan-state`).
            RetentionError: it lacks approvals (`plan-not-approved`), its waiting period is not
                over (`plan-waiting`), it is too old or was made by other law (`plan-stale`);
                appended likewise.
            ConflictError: the clock is not to be trusted.
            IntegrityError: the store is read-only, the annex of the plan is missing or altered,
                or a destroyed key comes back (`not-destroyed`).
            StorageError: storage or a vault replica failed; run it again.
        """
        return _purge_run.run_purge(self._acting, plan_act, progress=progress)

    def purge_status(self, plan_act: ActId) -> _purge.PurgeStatus:
        """Where a plan stands: its approvals, what it waits for, what of it is destroyed.

        Raises:
            NotFoundError: no such plan was proposed (`plan-unknown`).
            AuthorizationError: the actor may not see plans; appended as `access.refused`.
            IntegrityError: the annex of the plan is missing or altered.
        """
        return _purge.purge_status(self._acting, plan_act)

    def plans(self) -> tuple[_purge.PurgeStatus, ...]:
        """Where every plan stands, in the order in which they were proposed.

        Raises:
            AuthorizationError: the actor may not see plans; appended as `access.refused`.
            IntegrityError: the annex of a plan is missing or altered.
        """
        return _purge.plans(self._acting)

    def over_retained(self, *, as_of: date | None = None) -> tuple[OverRetained, ...]:
        """What should be gone: past a ceiling of the law, or long past its day of disposal.

        Raises:
            AuthorizationError: the actor may not see plans; appended as `access.refused`.
            InvalidInputError: no law was adopted, or the pack does not know that day's law.
        """
        return _purge.over_retained(self._acting, as_of=as_of)

    def confirm_clock(self, jump: int) -> None:
        """Confirm that a step of the clock was right; two actors must. Appends
        `clock.confirmed`.

        Args:
            jump: the index of the entry that is later than expected.

        Raises:
            AuthorizationError: the actor may not, has done so before
                (`second-actor-required`), or must sign and did not; appended as
                `access.refused`.
            InvalidInputError: the entry is no step of the clock.
        """
        _erasure.confirm_clock(self._acting, jump)

    def declare_backups(self, backups: Mapping[str, str], *, statement: str | None = None) -> None:
        """Say which backups of vault and evidence are kept elsewhere; replaces the list before.

        Appends `backups.declared`. Certificates of destruction enumerate them.

        Args:
            backups: for each backup, by a code, what it holds: `vault`, `evidence` or `both`.
            statement: whatever else there is to say, sealed.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: a code is malformed, or what it holds is none of the three.
        """
        _erasure.declare_backups(self._acting, backups, statement=statement)

    def attest_erasure(
        self,
        epoch: int,
        *,
        root: str,
        backups: Mapping[str, str],
        statement: str | None = None,
    ) -> None:
        """Attest what became of the root key and of every declared backup when an epoch ended.

        Appends `erasure.attested`. Certificates claim erasure only with it.

        Args:
            epoch: the key epoch that was destroyed.
            root: `replaced`, `medium-sanitized` or `kept`.
            backups: for each declared backup `destroyed`, `older-epoch-removed` or `kept`.
            statement: whatever else there is to say, sealed.

        Raises:
            AuthorizationError: the actor may not; appended as `access.refused`.
            InvalidInputError: the epoch has not ended, the backups are not those declared, or a
                word is none of those above.
        """
        _erasure.attest_erasure(
            self._acting, epoch, root=root, backups=backups, statement=statement
        )
