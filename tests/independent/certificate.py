"""Check a certificate of destruction as its chapter says: `certificate.py FILE VERIFIER-KEY`.

Shares no code with the library and needs nothing but Python. Prints the claim, or the code of the
refusal and why.
"""

import datetime as dt
import hashlib
import itertools
import re
import sys
from pathlib import Path

from canonical import Json, RefusedError, decode, exact, is_hex, is_text
from destruction import claim, shortcomings, statement
from leaves import OPEN, read_leaf, signature_holds
from merkle import leaf_hash, node_hash
from notes import Checkpoint, VerifierKey, read_checkpoint

LIMIT = 64 << 20
NOBODY = "00000000-0000-0000-0000-000000000000"
LEADING = {"responsible-authority", "chief", "designee"}
ROLES = {
    "plan.proposed": LEADING | {"records"},
    "plan.approved": LEADING | {"records"},
    "purge.started": LEADING | {"records"},
    "erasure.attested": LEADING,
}
SINGLE = ("store.created", "law.adopted", "keys.epoch_destroyed", "erasure.attested")
SEVERAL = ("generation.opened", "actor.enrolled", "hold.released", "backups.declared")


def wrong(why: str) -> RefusedError:
    """What does not follow."""
    return RefusedError("certificate-invalid", why)


def require(holds: bool, why: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise wrong(why)


class Certificate:
    """A certificate that was taken apart (CRT-1 to CRT-4)."""

    def __init__(self, raw: bytes) -> None:
        """Read the bytes, and every leaf."""
        require(raw.endswith(b"\n"), "no line end")
        fields = decode(raw[:-1], LIMIT)
        if fields.get("format") != "bwcstore-certificate/1":
            raise RefusedError("format-unknown", "another format")
        proof = {"annexes", "checkpoints", "entries"}
        require(proof <= set(fields), "nothing is proven")
        self.stated = {name: value for name, value in fields.items() if name not in proof}
        self.leaves: list[dict[str, Json]] = []
        self.hashes: list[bytes] = []
        self.proofs: list[list[bytes]] = []
        for one in fields["entries"]:
            exact(one, {"index", "leaf", "proof"})
            leaf = read_leaf(one["leaf"].encode())
            require(one["index"] is not True and one["index"] == leaf["index"], "another index")
            if len(one["proof"]) > 63 or not all(is_hex(step, 32) for step in one["proof"]):
                raise RefusedError("proof-invalid", "no proof")
            self.leaves.append(leaf)
            self.hashes.append(leaf_hash(one["leaf"].encode()))
            self.proofs.append([bytes.fromhex(step) for step in one["proof"]])
        self.notes = ["".join(f"{line}\n" for line in note) for note in fields["checkpoints"]]
        self.annexes: list[bytes] = []
        for one in fields["annexes"]:
            text = exact(one, {"sha256", "text"})["text"].encode()
            require(hashlib.sha256(text).hexdigest() == one["sha256"], "another annex")
            self.annexes.append(text)

    def of(self, kind: str) -> list[dict[str, Json]]:
        """The leaves of a kind, in order."""
        return [leaf for leaf in self.leaves if leaf["kind"] == kind]

    def hash(self, leaf: dict[str, Json]) -> str:
        """The hash of a leaf, in hex."""
        return self.hashes[self.leaves.index(leaf)].hex()


class Story:
    """The entries of a certificate by the parts they play (CRT-7 to CRT-9)."""

    def __init__(self, certificate: Certificate) -> None:
        """Find the parts; refuse what lacks one, or has one too many."""
        self.certificate = certificate
        self.chain = [one for one in certificate.leaves if one["scope"]["id"][:6] == "object"]
        self.plan = [one for one in certificate.leaves if one["scope"]["id"][:3] == "act"]
        self.started, self.completed = (
            self.one(f"purge.{end}") for end in ("started", "completed")
        )
        self.created, self.law = self.one("store.created"), self.one("law.adopted")
        self.epoch, self.attested = (
            self.at_most_one(kind) for kind in ("keys.epoch_destroyed", "erasure.attested")
        )
        self.enrolled, self.backups = (
            certificate.of(kind) for kind in ("actor.enrolled", "backups.declared")
        )
        for leaf in certificate.leaves:
            store = leaf["scope"]["id"] == "store"
            require(not store or leaf["kind"] in SINGLE + SEVERAL, "an entry without a reason")
        begun = self.started["index"]
        end = (self.attested or self.completed)["index"]
        require(self.epoch is not None or self.attested is None, "attested of nothing")
        require(sum(one["index"] < begun for one in self.backups) <= 1, "a list too many")
        require(all(one["index"] < end for one in self.backups), "a later list")
        require(sum(one["index"] > begun for one in self.plan) <= 1, "too much of the plan")
        used = {found["index"] for leaf in certificate.leaves if (found := self.enrolment(leaf))}
        require(used == {one["index"] for one in self.enrolled}, "somebody did nothing")

    def at_most_one(self, kind: str) -> dict[str, Json] | None:
        """The entry of a kind, where there is one."""
        found = self.certificate.of(kind)
        require(len(found) <= 1, f"several {kind}")
        return found[0] if found else None

    def one(self, kind: str) -> dict[str, Json]:
        """The entry of a kind."""
        found = self.at_most_one(kind)
        if found is None:
            raise wrong(f"no {kind}")
        return found

    def enrolment(self, leaf: dict[str, Json]) -> dict[str, Json] | None:
        """The last enrolment of an entry's actor before it (CRT-9)."""
        found = [
            one
            for one in self.enrolled
            if one["index"] < leaf["index"] and one["body"]["actor"] == leaf["by"]
        ]
        if found:
            return found[-1]
        own = leaf["kind"] == "actor.enrolled" and leaf["body"]["actor"] == leaf["by"]
        first = leaf["kind"] == "store.created" or (own and leaf["scope"]["seq"] == 1)
        require(first or leaf["by"] == NOBODY, "an actor is not enrolled")
        return None

    def approvals(self) -> list[dict[str, Json]]:
        """The approvals that the beginning names (CRT-13)."""
        named = self.started["body"]["approvals"]
        found = [one for one in self.plan if one["index"] in named]
        require([one["index"] for one in found] == named != [], "approvals are missing")
        require(all(one["kind"] == "plan.approved" for one in found), "something approves nothing")
        require(all(index < self.started["index"] for index in named), "approved afterwards")
        return found


def check_proofs(certificate: Certificate, story: Story, key: VerifierKey, vkey: str) -> None:
    """Whose it is, and that every leaf is in the ledger (CRT-10)."""
    created = story.created
    if (created["body"]["verifier_key"], created["body"]["origin"]) != (vkey, key.name):
        raise RefusedError("certificate-foreign", "another key")
    require(created["index"] == 0, "the store begins later")
    checkpoints = [read_checkpoint(note.encode(), key) for note in certificate.notes]
    opened = certificate.of("generation.opened")
    numbers = [0, *(one["body"]["generation"] for one in opened)]
    require(
        [one.generation for one in checkpoints] == numbers == sorted(set(numbers)), "generations"
    )
    firsts = [0, *(one["index"] for one in opened)]
    used = set()
    for leaf, hashed, proof in zip(
        certificate.leaves, certificate.hashes, certificate.proofs, strict=True
    ):
        at = max(n for n, first in enumerate(firsts) if first <= leaf["index"])
        if leaf["kind"] != "generation.opened":
            used.add(at)
        climb(leaf["index"] - firsts[at], hashed, proof, checkpoints[at])
    require(len(used) == len(checkpoints), "a generation without an entry")


def climb(number: int, hashed: bytes, proof: list[bytes], checkpoint: Checkpoint) -> None:
    """That a leaf is under a root: the way up, from both ends of the tree (CHK-14)."""
    first, last, steps = 0, checkpoint.size, list(proof)
    if not 0 <= number < last:
        raise RefusedError("proof-invalid", "beyond the tree")
    sides = []
    while last - first > 1:
        half = 1 << ((last - first - 1).bit_length() - 1)
        right = number >= first + half
        sides.append(right)
        first, last = (first + half, last) if right else (first, first + half)
    if len(sides) != len(steps):
        raise RefusedError("proof-invalid", "too long or too short")
    for right, step in zip(reversed(sides), steps, strict=True):
        hashed = node_hash(step, hashed) if right else node_hash(hashed, step)
    if hashed != checkpoint.root:
        raise RefusedError("proof-invalid", "another root")


def check_links(certificate: Certificate, story: Story) -> None:
    """Order, chains and heads (CRT-11)."""
    leaves = certificate.leaves
    for one, other in itertools.pairwise(leaves):
        require(one["index"] < other["index"] and one["at"] <= other["at"], "out of order")
        if one["index"] + 1 == other["index"]:
            require(other["after"] == certificate.hash(one), "not linked")
    for chain, kind in ((story.chain, "object.ingested"), (story.plan, "plan.proposed")):
        require(bool(chain) and chain[0]["kind"] == kind, f"no {kind}")
        for number, leaf in enumerate(chain):
            scope = leaf["scope"]
            require(leaf["kind"] in OPEN, "a newer kind")
            require((scope["id"], scope["seq"]) == (chain[0]["scope"]["id"], number), "a gap")
            if number:
                before = chain[number - 1]
                linked = (certificate.hash(before), before["index"])
                require((scope["prev"], scope["prev_index"]) == linked, "not linked in its scope")
    store = [leaf for leaf in leaves if leaf["scope"]["id"] == "store"]
    for one, other in itertools.pairwise(store):
        near = other["scope"]["seq"] - one["scope"]["seq"]
        require(near > 0, "scope store goes back")
        require(near > 1 or other["scope"]["prev"] == certificate.hash(one), "store not linked")
    for leaf in leaves[1:]:
        seq = leaf["decided"]["store_seq"]
        for one in store:
            earlier = one["index"] < leaf["index"]
            require(earlier == (one["scope"]["seq"] <= seq), "decided on another store")
            if one["scope"]["seq"] == seq:
                require(leaf["decided"]["store_head"] == certificate.hash(one), "another head")


def check_signatures(story: Story) -> None:
    """Every signature, by the key of the enrolment (CRT-12)."""
    for leaf in story.certificate.leaves:
        if leaf["auth"]["method"] == "asserted":
            continue
        found = story.enrolment(leaf)
        right = found is not None and found["body"].get("public_key") == leaf["auth"]["key"]
        if not right or not signature_holds(leaf, story.created["body"]["store"]):
            raise RefusedError("signature-invalid", f"entry {leaf['index']}")


def check_decision(story: Story) -> None:
    """Plan, people, law and days (CRT-13), and what the chain shows of holds (CRT-14)."""
    body, begun, approvals = story.started["body"], story.started["index"], story.approvals()
    require(story.plan[0]["scope"]["id"] == f"act/{body['plan']}", "another plan")
    for leaf in (story.plan[0], *approvals):
        require(leaf["body"]["plan_sha256"] == body["plan_sha256"], "another digest")
    actors = [leaf["by"] for leaf in (story.plan[0], *approvals)]
    require(len(set(actors)) == len(actors), "one person is two")
    for leaf in story.plan:
        require(leaf["kind"] != "plan.withdrawn" or leaf["index"] > begun, "withdrawn")
    for leaf in filter(None, (story.plan[0], *approvals, story.started, story.attested)):
        found = story.enrolment(leaf)
        roles = set(found["body"]["roles"]) if found else set()
        require(bool(roles & ROLES[leaf["kind"]]), "no role")
    require(story.law["index"] < begun, "a later law")
    for name in ("pack_sha256", "agency_sha256"):
        require(story.law["body"][name] == body[name], "another law")
    require(body["last_protected"] < body["disposal"] <= body["as_of"], "too early")
    decided = dt.date.fromisoformat(story.started["decided"]["at"][:10])
    require((dt.date.fromisoformat(body["as_of"]) - decided).days <= 1, "a day to come")
    for floor in body["floors"]:
        require(floor["end"] is not None and floor["end"] <= body["last_protected"], "a floor")
    require(bool(body["authority"]), "no authority")
    require(body["segments"] == story.chain[0]["body"]["segment_count"], "segments")
    if story.epoch is not None:
        ended, gone = story.epoch["body"]["epoch"], story.completed["body"]["epoch"]
        require(story.epoch["index"] > story.completed["index"] and ended >= gone, "epoch")
        if story.attested is not None:
            later = story.attested["index"] > story.epoch["index"]
            require(later and story.attested["body"]["epoch"] == ended, "attested of another")
    check_not_held(story, begun)


def check_not_held(story: Story, begun: int) -> None:
    """What the chain shows of holds and requests (CRT-14)."""
    before = [leaf for leaf in story.chain if leaf["index"] < begun]
    named = {
        kind: {leaf["body"][field] for leaf in before if leaf["kind"] == kind}
        for kind, field in (
            ("hold.bound", "hold"), ("request.bound", "request"), ("request.answered", "request"),
        )
    }  # fmt: skip
    released = story.certificate.of("hold.released")
    in_time = {one["body"]["hold"] for one in released if one["index"] < begun}
    require(named["hold.bound"] == in_time and len(released) == len(in_time), "held")
    require(named["request.bound"] <= named["request.answered"], "not answered")


def outcomes(story: Story) -> list[dict[str, Json]]:
    """What became of every version (CRT-15)."""
    body, annexes = story.completed["body"], story.certificate.annexes
    found: list[dict[str, Json]] = body["outcomes"]
    named = body.get("outcomes_annex")
    require(len(annexes) == (named is not None), "annexes")
    identifier = story.chain[0]["scope"]["id"][7:]
    if named is not None:
        require(not found and hashlib.sha256(annexes[0]).hexdigest() == named, "another annex")
        listed = exact(decode(annexes[0], LIMIT), {"format", "object", "outcomes"})
        stated = (listed["format"], listed["object"])
        require(stated == ("bwcstore-outcomes/1", identifier), "another recording")
        found = listed["outcomes"]
        for one in found:
            exact(one, {"name", "outcome", "version"})
            require(is_text(one["version"]) and one["outcome"] in ("deleted", "absent"), "outcome")
    count = story.started["body"]["segments"]
    require(count <= len(found), "outcomes are missing")
    names = {f"objects/{identifier}/{number:08d}" for number in range(count)}
    require({one["name"] for one in found} == names, "names")
    require(sum(one["outcome"] == "deleted" for one in found) == body["versions"], "counts")
    return found


def check(raw: bytes, vkey: str) -> dict[str, Json]:
    """Check everything; return what the certificate states."""
    if len(raw) > LIMIT:
        raise RefusedError("too-large", "more than 64 MiB")
    certificate = Certificate(raw)
    story = Story(certificate)
    check_proofs(certificate, story, VerifierKey.parse(vkey), vkey)
    check_links(certificate, story)
    check_signatures(story)
    check_decision(story)
    short = shortcomings(story.completed, story.epoch, story.attested, story.backups)
    computed = statement(story, story.approvals(), outcomes(story), short)
    computed["claim"] = claim(story, short)
    for name in sorted(set(computed) | set(certificate.stated)):
        given, mine = certificate.stated.get(name), computed.get(name)
        require(repr(normal(given)) == repr(normal(mine)), f"{name} does not follow")
    return certificate.stated


def normal(value: Json) -> Json:
    """The same value with the fields of every object in one order."""
    if isinstance(value, dict):
        return {name: normal(value[name]) for name in sorted(value)}
    return [normal(one) for one in value] if isinstance(value, list) else value


def main() -> int:
    """Check the file and the key that the command line names."""
    if len(sys.argv) != 3 or not re.search(r"\+", sys.argv[2]):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        stated = check(Path(sys.argv[1]).read_bytes(), sys.argv[2])
    except RefusedError as refused:
        sys.stdout.write(f"{refused.code}: {refused}\n")
        return 1
    sys.stdout.write(f"{stated['claim']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
