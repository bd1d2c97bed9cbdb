"""What is sealed into the manifest of a new object: what was said of it, and what its file says."""

from collections.abc import Mapping

from bwcstore._encoding import Json
from bwcstore._media import MediaFacts
from bwcstore._values import Digest
from bwcstore.custody._object_records import Claim
from bwcstore.custody._recording import Recording, SourceId
from bwcstore.objects._parts import Claim as RecordedClaim
from bwcstore.objects._parts import ContentPart, Facts, FileName, RecordPart, SourceName


def describe(
    recording: Recording,
    digest: Digest,
    length_bytes: int,
    *,
    source_id: SourceId | None,
    name: bytes | None,
    facts: MediaFacts | None,
    claims: tuple[Claim, ...],
) -> tuple[RecordPart, ContentPart]:
    """The record part and the content part of an object whose plaintext was read."""
    record = RecordPart(
        length_bytes=length_bytes,
        plaintext_sha256=digest,
        case=recording.case,
        claims=tuple(RecordedClaim(at=claim.at, basis=claim.basis) for claim in claims),
        device=recording.device,
        label=recording.label,
        officer=recording.officer,
        source=source_name(source_id),
        title=recording.title,
        trigger=recording.trigger,
    )
    fields: Mapping[str, Json] = {
        "items": [{"name": name, "value": value} for name, value in recording.fields.items()]
    }
    content = ContentPart(
        file=FileName.of(name) if name else None,
        container=Facts.of(_container(facts)) if facts else None,
        fields=Facts.of(fields) if recording.fields else None,
    )
    return record, content


def source_name(source_id: SourceId | None) -> SourceName | None:
    """The caller's name of a recording, as it is sealed and put on receipts."""
    return SourceName(scope=source_id.scope, id=source_id.text) if source_id else None


def _container(facts: MediaFacts) -> dict[str, Json]:
    return {
        "container": facts.container,
        "created": str(facts.created) if facts.created else None,
        "duration_microseconds": facts.duration_microseconds,
        "streams": list(facts.streams),
    }
