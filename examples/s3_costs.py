"""What a store in a bucket costs: the requests that the library makes, times prices that you state.

The requests were counted on a real server, for recordings in segments of 64 MiB that are sent in
parts of 16 MiB. The prices are inputs: replace them by those of your contract and region.

    python s3_costs.py --recordings 1000000 --megabytes 600 --keep-days 365
"""

import argparse
import math
from dataclasses import dataclass

GIB = 2**30
SEGMENT, PART, CHUNK, READ = 64 * 2**20, 16 * 2**20, 2**20, 8 * 2**20


@dataclass(frozen=True)
class Count:
    """Requests for what stays in Standard, and for segments, which a rule may have moved.

    Storing, changing and listing are `put`, looking and reading are `get`.
    """

    put: int = 0
    get: int = 0
    segment_put: int = 0
    segment_get: int = 0

    @property
    def asked(self) -> tuple[int, int]:
        """All that cost as much as storing, and all that cost as much as reading."""
        return self.put + self.segment_put, self.get + self.segment_get


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


def pieces(length: float, size: int) -> int:
    """How many pieces of a size the segments of a recording have."""
    full, rest = divmod(length, SEGMENT)
    return int(full) * math.ceil(SEGMENT / size) + math.ceil(rest / size)


def counts(length: float, *, claimed: bool) -> dict[str, Count]:
    """The requests of each act for one recording. Everything is stored in Standard."""
    segments, commit = math.ceil(length / SEGMENT), 2 if claimed else 1
    parts, chunks = pieces(length, PART), pieces(length, CHUNK)
    # What fits a part is stored in one request.
    begun = int(length // SEGMENT) + (length % SEGMENT > PART)
    # Reading bit by bit begins with less than a request may bring, and takes a few more.
    ranges = pieces(length, READ)
    return {
        "ingest": Count(put=parts + 2 * begun + 1 + commit),
        "one entry": Count(put=commit, get=commit - 1),
        "one full read": Count(put=2 * commit, get=1, segment_get=ranges + segments),
        "one audit": Count(get=1, segment_get=chunks + segments),
        "longer lock": Count(segment_put=3 * segments, segment_get=4 * segments),
        "legal hold": Count(segment_put=5 * segments, segment_get=4 * segments),
        "records a year": Count(put=2 * 2 * 2, get=2 * 2 * 3),
        "purge": Count(
            put=3 + 8 * commit, get=8, segment_put=3 * segments + commit, segment_get=2 * segments
        ),
    }


def costs(length: float, prices: Prices, *, claimed: bool) -> dict[str, float]:
    """What each act costs for one recording whose segments are moved to a class."""
    found = {
        act: (
            count.put * STANDARD.put
            + count.get * STANDARD.get
            + count.segment_put * prices.put
            + count.segment_get * prices.get
        )
        / 1000
        for act, count in counts(length, claimed=claimed).items()
    }
    gib = length / GIB
    found["one full read"] += gib * prices.retrieved_gib
    found["one audit"] += gib * prices.retrieved_gib
    found["move to the class"] = math.ceil(length / SEGMENT) * prices.move / 1000
    found["storage a month"] = gib * prices.gib_month
    return found


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
    columns = [costs(length, prices, claimed=given.claimed) for prices in CLASSES.values()]
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
