"""What help and reference say of a command beyond its first lines."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "init": """\
The store's directory must be absent or empty; its parent must exist. Made where they are
missing: the key file (`--key-file`, mode 0600), every vault, and the first actor's signing
key (`--actor-key`, mode 0600; not with `--asserted`). Where a vault exists and its key file
does not, nothing is made: a new key could not open it. A creation that broke off is
finished by the same command. Printed are the store's id and its verifier key. Publish the
verifier key.

A store in a bucket (extra `s3`) needs a bucket that exists, and at least one `--vault`: a
directory, or another bucket, without versions. In a bucket with Object Lock everything is
locked as it is stored, `compliance` unless `--lock` says otherwise; a bucket without is
refused, unless `--lock none` says to do without. How it is locked is settled for ever.
`--claims` names a place in a bucket without versions, which is needed where the storage lets
several writers create one name at once; it is tried out, and said when it is missing. Name
vaults and claims each time, or in `BWCSTORE_VAULTS` and `BWCSTORE_CLAIMS`.

Keys and receipts of a store in a bucket are kept in `~/.config/bwcstore` (or in
`$XDG_CONFIG_HOME/bwcstore`), which only its owner can enter, as `BUCKET.PREFIX.key`,
`BUCKET.PREFIX.ACTOR.pem` and `BUCKET.PREFIX.receipts`, with dots for the slashes of the
prefix. Credentials are found as the AWS tools find them: from the environment
(`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`), the shared configuration or the
machine; so is the endpoint (`AWS_ENDPOINT_URL`) where `--endpoint-url` does not name it.
""",
        "ingest": """\
Folders are searched through: regular files only, in ascending order of the bytes of their
names, links and hidden names left out. A file or link that is named is taken as it is. `--`
ends the options, so that names may begin with a dash.

A recording is known again by its source id. Its scope is the device, or `importer:ACTOR`
without one; its text is `PATH;LENGTH;MTIME`: the path below the folder that was named,
percent encoded, the length in bytes, and the time of modification in nanoseconds. So the
same command on the same folder finishes what is missing and returns the receipts of the
rest. `--source-id` gives the text instead, for one source; standard input has no source id
unless it is given.

One line per file, in the order of the files: outcome (`ingested`, `resumed`, `present`),
object, length, source, receipt. Failures are told on standard error and do not stop the
others; the exit code is then the largest of theirs. With `--json`: one line per file,
failures included, with `source`, `outcome`, `object`, `sha256`, `length_bytes`, `receipt`,
or `error`.

Receipts are kept as `OBJECT.receipt` in the folder that `--receipts` names. No receipt is
ever overwritten; the same one is kept once.
""",
        "ls": """\
What the open part of the ledger tells; names, case numbers and file names are sealed, and
shown by `bwcstore show`. Cases, officers and devices are looked for by their keyed tags.
What is shown as held decides nothing. With `--json`: one line per object.
""",
        "query": """\
The tables and their columns are in the reference of the catalog. `--where NAME=` asks for
rows without a value; a list matches that has the value. With `--json`: one line per row. The
tables are kept in `STORE.catalog`, for a store in a bucket in
`~/.cache/bwcstore/BUCKET.PREFIX.catalog`; it can be deleted at any time.
""",
        "show": """\
Needs a role (`records`, `auditor`, `responsible-authority`) or an authorization in force
for the object.
""",
        "cat": """\
Refuses to write to a terminal without `--force`. Needs a written authorization in force for
the purpose that `--purpose` states. Every chunk is authenticated before a byte of it is
written.
""",
        "export": """\
The file appears only when it is whole and its SHA-256 is the one that the recording had.
Prints that digest and the name, as `sha256sum` does, which can check it again later.
""",
        "log": """\
With `--json`: one line per entry, with `leaf` (the entry as it is stored), `hash`, `login`
and `payload` (what was sealed, where the keys are there to open it).
""",
        "verify": """\
Without `--with-keys` nothing is needed but what the store keeps, and its claims: no key, no
actor, no reason, and nothing is written. Compared are chunks with manifests, manifests with
entries, entries with each other, and all of them with signed checkpoints. From the vaults only the
last checkpoint is read that they remember, if it can be; `--expect` names more that was
kept outside: checkpoint notes, receipts, or folders with `*.note` and `*.receipt`.

The last lines sum up. The line `rollback` says one of three things: excluded as far as what
was kept outside goes, when the store extends it; rolled back or rewritten, when it does
not; cannot be excluded, when nothing kept outside was there to compare with. A store alone
can never exclude it, and nobody can for entries that are later than what was kept.

With a budget (`--bytes`, `--seconds`, `--percent`) the ledger is still checked whole, and
as much of the objects as the budget allows; `--cursor FILE` goes on where the last run
ended, and keeps the place for the next one. The file lies outside the store.

`--with-keys` acts in a session: the audit itself is an entry, and no plaintext is released.

Exit code 1 when there are findings of severity error; with `--strict` also for warning.
Each finding has a code, the clause of the audit chapter that orders the check, the stored
name, entry, chunk and bytes, what was expected and what was found. With `--json`: the whole
report, and `rollback`: `extended`, `rolled-back` or `cannot-be-excluded`.
""",
        "receipt verify": """\
Needs no store. Exit code 6 when the store's key did not sign it; with `--recording`, exit
code 1 when that file is not the one that the receipt is about.
""",
        "verify-certificate": """\
Needs no store and no key of it. Every field is computed again from the leaves in the
certificate, and every leaf is proven under its checkpoint. Exit code 6 when anything does
not follow, or the store's key did not sign it. `--history` and `--plan` take what the agency
hands out beside it, and show what a certificate alone does not: that no hold selected the
recording by a query, and that the plan which was approved names it. `--html` writes a page
that needs nothing beside it (extra `report`). With `--json`: the statement, and `checked`.
""",
        "checkpoint": """\
A C2SP signed note. Give it to somebody who could not have changed the store, and `verify
--expect` it later.
""",
        "prove": """\
`OBJECT` and `--entry` give a C2SP `tlog-proof`, which says that the entry is in the log of
the checkpoint inside. `--since NOTE` says that the log of now extends the one of that
checkpoint.
""",
        "repair shadows": """\
For a store in a bucket with versions. What is to be removed is in the ledger first; directly
before it goes, the version under it is read in full and verified. Exit code 1 when something
is left: no version that is right, or a cover that the storage itself keeps; with `--dry-run`,
when anything is covered.
""",
        "key init": """\
For a store that is to be created later with `bwcstore init --key-file`.
""",
        "key health": """\
Exit code 1 when a replica lacks something or is damaged, and when there is only one.
""",
        "key backup": """\
A backup opens what is living when it is made, until it is destroyed.
""",
        "key drill": """\
The check value of every living key is compared with the backup's, and every key, or
`--sample` of each file, is unwrapped from both.
""",
        "key rotate": """\
Needs the role `responsible-authority`.
""",
        "key add-replica": """\
A directory, or a prefix of a bucket without versions. The next ingest is durable there too.
From then on, name all replicas with `--vault` or `BWCSTORE_VAULTS`.
""",
        "actor enrol": """\
Roles: `responsible-authority`, `records`, `officer`, `importer`, `reader`, `auditor`. Needs
the role `responsible-authority`. Enrolling somebody again replaces roles and key.
""",
        "actor revoke": """\
Nobody can revoke themselves.
""",
        "actor key": """\
The file is a PKCS #8 PEM of mode 0600, which OpenSSL reads too. The actor keeps it; the
public half is given to whoever enrols them.
""",
        "authorize": """\
Reading a recording needs a written authorization in force for the stated purpose. Times are
of ISO 8601 with a zone. Once two actors can act, this must be signed by the acting one: see
`--actor-key`.
""",
        "revoke-authorization": """\
Needs a signature as `authorize` does.
""",
        "leftovers discard": """\
Nothing younger than an hour is ever touched, and nothing of an object that was ingested.
Needs the role `responsible-authority`.
""",
        "doctor": """\
Versions, what the storage can do, its warnings, vault replicas, the clock, leftovers of
broken ingests, and whether the store is read-only and why. Exit code 1 when there is any
warning. Nothing is written to the store. Damage is looked for by `bwcstore verify` and
`bwcstore key health`.
""",
        "probe": """\
Small canaries are stored below `probe/` of the place, locked for seconds, attacked with every
right that the credentials have, and removed when their locks are over. What must be allowed
is tried too: where deleting, making a lock longer or bypassing the weaker mode is refused to
these credentials, a refusal proves nothing, and the check is `refused`. So give credentials
that may do all of that; those of daily work need not. Outcomes: `held`, `failed`, `refused`
(could not be tried, or tells nothing). Without PLACE the store and its keys are needed;
`--record` needs the role `records`, `responsible-authority`, `chief` or `designee`. A disk
never refuses a deletion: there, what concerns locks does not apply. Exit code 6 when a place
is not proven, or does not do what it is for.
""",
        "storage attest": """\
Snapshots, backups and copies elsewhere cannot be seen from a store. Who answers for them says
so in the ledger. Needs the role `responsible-authority`, `chief` or `designee`.
""",
        "locks sync": """\
Law, facts and holds decide. What is due later than the storage was last told is locked for
longer; what the ledger holds is put under a legal hold, and let go when nothing holds it any
more. Never is a lock made shorter. Only what has changed since the last run is looked at.
Records (the ledger, manifests, annexes) are locked for their full time again once less than
half of it is left. Run it every day, and after a hold or the law has changed. Needs the role
`records`, `responsible-authority`, `chief` or `designee`.

Each thing that could not be locked is told on standard error, nothing else is stopped by it,
and the next run looks at it again. With `--json`: `objects` (recordings
changed), `withheld` (not changed), `records`, `records_until`, `problems`.
""",
        "locks show": """\
Without OBJECT, what the ledger last recorded: how the store is locked, when the storage was
last told, and each recording with the end of its lock and its legal hold. With OBJECT, the
storage is asked too: every version of its manifest and of its segments, delete markers
included, with the lock that the storage says it has now. Where nothing can be locked, such as
on a disk, each has one version and no lock. Nothing is written.
""",
        "iam role": """\
Nothing is asked of any storage, and none need exist. Roles: `ingest`, `reader`, `purger`,
`auditor`, `key-custodian`, `lock-keeper`. Name every vault that lies in a bucket, and the
claims. The result is JSON either way.
""",
        "iam buckets": """\
Nothing is asked of any storage. The result is one JSON object with the policy of each bucket by
its name. Each policy allows those whom `--principal` names the work of their role in that
bucket, and denies everybody what nobody may do. Say how the store was created: `--lock`,
`--record-lock-days`, `--max-lock-days`. Without a purger's principal nobody can delete. With
`--administrator` nobody else can replace the policies or take them off.
""",
        "law packs": """\
Of each pack: its id, on which days the law changed, how many rules it has and how well their
wording is verified, when its sources were last looked at, and its digest.
""",
        "law show": """\
Table by table, in the order of the pack. `!` marks a rule whose wording nobody has compared
with the provision. For example: `bwcstore law show us-mn --as-of 2021-06-01`.
""",
        "law explain": """\
A fact file is TOML: `format = "bwcstore-facts/1"`, `pack` and `agency` (ids of shipped ones,
or paths in `.toml` beside the file), `as_of`, and the facts under `[facts]`. `law` may name
another day whose law is meant. With `[[history]]` facts are assertions, and `known_at` says
which of them count. `[question]` has the `actor` who wants to see the recording, and the
`purpose`.

Printed are the conclusions, each with its provision, how well that is verified, the
arithmetic of every date, what is missing and whom to ask for it, what could change the date,
who may see the recording, and what is owed. For example: `bwcstore law explain facts.toml
--as-of 2024-06-01`. It is no legal advice.
""",
        "law cases": """\
Cases are facts with the conclusions that a lawyer expects. For example: `bwcstore law cases
us-mn`; or, for a pack that is being written, `bwcstore law cases us-ex.toml --folder cases`.
""",
        "law diff": """\
`+` is a rule that is law on the second day only, `-` one of the first day only, `~` one that
says something else. For example: `bwcstore law diff us-mn 2023-07-31 2023-08-01`.
""",
        "law check": """\
Packs, agency files, fact files and case files in any mixture; each says what it is by its
`format`. An agency file is checked under the pack that it names: one of the files given, else
the shipped one. Each problem has its file and line, the id of the rule, and a code. For
example: `bwcstore law check us-ex.toml us-ex-springfield.toml`.
""",
        "law adopt": """\
Both texts are kept in the store. From then on every date, answer and plan follows from them;
plans that were made under other law are stale. Needs the role `responsible-authority`, `chief`
or `designee`.
""",
        "law status": """\
The digests are those of what the pack and the agency file say, not of their bytes: `bwcstore
law packs` prints the same for shipped packs.
""",
        "policy set": """\
Each entry replaces the rules before, so they are read first. They only narrow: no number here
lets anything be destroyed that the law keeps. For example: `bwcstore policy set --approvals 2
--only plan.approved=chief,designee`.
""",
        "fact assert": """\
Nothing is edited: a mistake is superseded (`--supersedes`) or taken back (`fact retract`) and
stays visible. The value is JSON where it is JSON, and otherwise a text: `true`, `no_injury`,
`2026-03-14`, `["undercover", "informant"]`. Facts named `chief_...` are the chief's own word. For
example: `bwcstore fact assert force_result no_injury --object OBJECT --basis report`.
""",
        "label": """\
A label never shortens how long a recording is kept: facts decide. It is taken back with
`bwcstore fact retract`.
""",
        "tag": """\
What it belonged to before stays, and holds by query see both.
""",
        "explain": """\
Label, class and dates with their provisions, holds and requests, who may see it, what is owed,
and why it may or may not be destroyed.
""",
        "hold place": """\
With `--object`, these recordings. With `--case`, `--officer`, `--device`, `--label`, `--from` and
`--until`, everything for which all of them are true, now and later; of one that is given twice,
either. What such a hold has selected once it keeps. For example: `bwcstore hold place
litigation --case 26-1042 --authority court --document order.pdf`.
""",
        "hold release": """\
Nothing is destroyed by it, and the day of the release is still protected. Kinds in the
policy's `dual_release` take two actors: the first is told `proposed`, and the hold still holds.
Once two actors can act, this must be signed: see `--actor-key`.
""",
        "request receive": """\
What is known of the request besides is asserted with `bwcstore fact assert --request`. For
example: `bwcstore request receive subject-copy --requester recorded_individual --object OBJECT`.
""",
        "request answer": """\
A request that is answered for a recording keeps it no longer. Printed is what the requester
should be told, with the provision.
""",
        "duties": """\
One line for each duty: the day, how it stands (`owed`, `past-plain`, `overdue`) and what it is
about. A duty whose day cannot be known yet comes last, with the facts that are missing.
""",
        "derive": """\
Label, times, facts, holds and requests of the parent are those of the derivative too.
`--redaction` names overlays of the pack (`bwcstore law show`); that they were carried out is the
actor's word.
""",
        "release": """\
The law is asked with everything that is known at that moment; where it forbids, exit code 5 and
the provision. The release is durable before the first byte is written. `--export` also needs a
written authorization for the purpose that `--purpose` states.
""",
        "purge plan": """\
Exit code 0 when nothing is due, 11 when nothing is but something is withheld, 12 when something
is due, 15 when something is begun and not finished. With `--json`: `due`, each with floors and
authority; `withheld` and `no_authority`, each with `code`, `by` and `message`; `unfinished`,
`brakes`, `plan_sha256`.
""",
        "purge propose": """\
At most 10,000 recordings, those that are due longest. Exit code 0 when a plan was proposed; when
nothing is due, that of `purge plan`.
""",
        "purge approve": """\
The digest is the SHA-256 of the text that `purge propose --write` wrote; `purge plan` of the same
day gives the same as long as nothing has changed. Once two actors can act, this must be signed:
see `--actor-key`.
""",
        "purge run": """\
Every recording is judged once more before it is destroyed, and those that may no longer be are
passed over. Exit code 0 when everything in the plan is gone, 11 when something was withheld, 12
when approvals are lacking or the plan is stale, 13 when it has to wait, 14 when the clock is not
to be trusted, 15 when something is begun and not finished: then run it again.
""",
        "purge status": """\
Exit code 15 when a plan may be run or something is begun and not finished, 12 when approvals are
lacking, 13 when it has to wait, 0 otherwise. Without PLAN, of all plans the most urgent, in this
order; stale ones ask for nothing.
""",
        "purge certificate": """\
`OBJECT.certificate.json` for each; the same certificate is kept once, a later one that says more
gets a number. `bwcstore verify-certificate` checks it without the store, and makes a page of it.
""",
        "purge over-retained": """\
Past a ceiling of the law, or past the day of disposal by more than the agency's days of grace.
""",
        "clock list": """\
Steps between two entries that are greater than the policy's `clock_hours`; purges are refused
until two actors have confirmed each.
""",
        "erasure attest": """\
The epoch is the one that `purge run` printed. Every declared backup is named. For example:
`bwcstore erasure attest 0 --root replaced --backup tape=older-epoch-removed`.
""",
        "demo": """\
About ten seconds, no network. Encodes three recordings (extra `media`), or takes yours;
ingests them into a store of their own; shows a refusal, an authorization, playback with
jumps, and the log; verifies without keys and with them; then attacks copies of the store in
seven ways and rolls it back, and shows each named. Yours are only read. Everything lies in
a temporary directory that is removed at the end, unless `--keep` names another.

It checks itself: exit code 1 when anything comes out otherwise than it says.
""",
    }
)
