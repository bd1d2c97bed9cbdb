"""What a store in a bucket costs: the requests that the library makes, times prices that you state.

The requests were counted on a real server, for recordings in segments of 64 MiB that are sent in
parts of 16 MiB. The prices are inputs: replace them by those of your contract and region.

    python s3_costs.py --recordings 1000000 --megabytes 600 --keep-days 365
"""

import argparse
import math
from dataclasses import dataclass

GIB = 2**30
SEGMENT, PART, CHUNK, READ = 64 * 2**20, 16 * 2**20, 2**20, 2 * 2**20


@dataclass(frozen=True)
class Prices:
    """US dollars. `put` and `get` for 1,000 requests, `move` for 1,000 moved into the class."""

    gib_month: float
    put: float
    get: float
    retrieved_gib: float
    move: float


# Inputs, not facts: see the page on costs for where they come from.
CLASSES = {
    "Standard": Prices(0.023, 0.005, 0.0004, 0.0, 0.0),
    "Standard-IA": Prices(0.0125, 0.01, 0.001, 0.01, 0.01),
    "Glacier IR": Prices(0.004, 0.02, 0.01, 0.03, 0.02),
}
STANDARD = CLASSES["Standard"]


def requests(prices: Prices, *, puts: float = 0, gets: float = 0) -> float:
    """The price of requests. Listing costs as much as storing; deleting costs nothing."""
    return (puts * prices.put + gets * prices.get) / 1000


def for_one(length: float, prices: Prices, *, claimed: bool) -> dict[str, float]:
    """What each act costs for one recording. Everything is stored in Standard, and moved later."""
    segments, parts = math.ceil(length / SEGMENT), math.ceil(length / PART)
    chunks, commit = math.ceil(length / CHUNK), 2 if claimed else 1
    gib = length / GIB
    return {
        "ingest": requests(STANDARD, puts=parts + 2 * segments + 1 + commit),
        "move to the class": segments * prices.move / 1000,
        "one entry": requests(STANDARD, puts=commit, gets=commit - 1),
        "one full read": requests(STANDARD, puts=2 * commit)
        + requests(prices, gets=math.ceil(length / READ) + segments)
        + gib * prices.retrieved_gib,
        "one audit": requests(prices, gets=chunks + segments + 1) + gib * prices.retrieved_gib,
        "longer lock": requests(prices, puts=3 * segments, gets=4 * segments),
        "legal hold": requests(prices, puts=3 * segments, gets=2 * segments),
        "records a year": 2 * 2 * requests(STANDARD, puts=2, gets=3),
        "purge": requests(prices, puts=3 * segments, gets=2 * segments)
        + requests(STANDARD, puts=8 * commit),
        "storage a month": gib * prices.gib_month,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=1_000_000, help="a year")
    parser.add_argument("--megabytes", type=float, default=600)
    parser.add_argument("--keep-days", type=int, default=365)
    parser.add_argument("--reads", type=float, default=0.1, help="full reads of each, in all")
    parser.add_argument("--audits", type=float, default=1, help="full audits of each, in all")
    parser.add_argument("--claimed", action="store_true", help="the bucket needs claims")
    given = parser.parse_args()
    length, years = given.megabytes * 1e6, given.keep_days / 365
    print(f"{'US dollars':24}" + "".join(f"{name:>14}" for name in CLASSES))
    columns = [for_one(length, prices, claimed=given.claimed) for prices in CLASSES.values()]
    for act in columns[0]:
        cells = "".join(f"{column[act] * 1e6:14,.2f}" for column in columns)
        print(f"{act:24}{cells}  per million")
    print(f"\n{given.recordings:,} recordings of {given.megabytes:g} MB, {given.keep_days} days")
    for name in ("storage until the end", "requests until the end"):
        cells = ""
        for one in columns:
            acts = one["ingest"] + one["move to the class"] + one["purge"]
            acts += given.reads * one["one full read"] + given.audits * one["one audit"]
            acts += years * one["records a year"]
            found = acts if name.startswith("requests") else 12 * years * one["storage a month"]
            cells += f"{given.recordings * found:14,.0f}"
        print(f"{name:24}{cells}")
    cells = "".join(f"{1e12 / GIB * prices.gib_month:14,.2f}" for prices in CLASSES.values())
    print(f"{'1 TB for a month':24}{cells}")


if __name__ == "__main__":
    main()
