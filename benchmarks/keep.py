"""Keep the result of a benchmark run: `python benchmarks/keep.py RUN.json NAME`.

Takes what pytest-benchmark wrote, leaves out what names the machine or its users, and writes
`benchmarks/results/NAME/<number>_<commit>.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"


def trimmed(run: dict[str, Any]) -> dict[str, Any]:
    """What is worth keeping of a run: machine facts, commit, and each figure beside its limit."""
    machine = run["machine_info"]
    cpu = machine["cpu"]
    return {
        "commit": run["commit_info"]["id"],
        "dirty": run["commit_info"]["dirty"],
        "when": run["datetime"],
        "machine": {
            "processor": cpu.get("brand_raw", machine.get("processor", "unknown")),
            "cores": cpu.get("count"),
            "system": machine["system"],
            "kernel": machine["release"],
            "python": machine["python_version"],
        },
        "benchmarks": {
            one["name"]: {
                **one["extra_info"],
                "seconds_min": round(one["stats"]["min"], 6),
                "seconds_median": round(one["stats"]["median"], 6),
                "rounds": one["stats"]["rounds"],
            }
            for one in run["benchmarks"]
        },
    }


def main(source: str, name: str) -> None:
    """Write the kept result and print where."""
    kept = trimmed(json.loads(Path(source).read_text("utf-8")))
    folder = RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.json"))) + 1
    target = folder / f"{number:04d}_{kept['commit'][:8]}.json"
    text = json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False)
    target.write_text(text + "\n", encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main(*sys.argv[1:3])
