"""What a verifier says about what it found."""

import dataclasses
import json
from typing import Any


@dataclasses.dataclass
class Report:
    """The findings so far, each at most once."""

    found: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    seen: set[str] = dataclasses.field(default_factory=set)

    def add(self, code: str, clause: str, name: str, message: str, **where: Any) -> None:
        """Add a finding; `severity` is an error unless it is given."""
        finding = {"code": code, "clause": clause, "severity": "error", "name": name}
        finding |= where
        finding["message"] = message
        line = json.dumps(finding, sort_keys=True)
        if line not in self.seen:
            self.seen.add(line)
            self.found.append(finding)

    def once(self, key: str) -> bool:
        """Tell whether this is the first time that something is asked for."""
        first = key not in self.seen
        self.seen.add(key)
        return first

    def clear(self, prefix: str) -> bool:
        """Tell whether nothing that begins so was ever asked for."""
        return not any(key.startswith(prefix) for key in self.seen)

    def lines(self) -> list[str]:
        """The findings in the order of the audit chapter (AUD-2), one line of JSON for each."""

        def place(finding: dict[str, Any]) -> tuple[Any, ...]:
            numbers = (finding.get(name, -1) for name in ("entry", "segment", "chunk"))
            return (finding["severity"] != "error", finding["name"], *numbers, finding["code"])

        return [json.dumps(finding, sort_keys=True) for finding in sorted(self.found, key=place)]

    @property
    def sound(self) -> bool:
        """Whether there is no error."""
        return all(finding["severity"] != "error" for finding in self.found)
