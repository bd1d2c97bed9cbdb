"""From an Arrow table of facts to columns that can be judged.

Rules kept here (spec chapter `statute-pack`):

- a table is held to the declarations of the pack as one recording's facts are: nothing is
  converted silently (LAW-30 to LAW-32);
- a value that cannot be one of its fact is an error that names the row; facts that a judgement
  refuses are a problem of their row alone (LAW-33, LAW-34).

A table is read in pieces, so that the memory for judging does not grow with it.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bwcstore.errors import ErrorKind, InvalidInputError
from bwcstore.statute._columns import (
    NO,
    YES,
    Bools,
    CodeColumn,
    Column,
    Columns,
    DayColumn,
    FlagColumn,
    SetColumn,
)
from bwcstore.statute._day_columns import (
    EPOCH,
    LIMITLESS,
    NEVER,
    SECONDS_MAX,
    UNKNOWN,
    DayColumns,
    Days,
    Zone,
)
from bwcstore.statute._facts import FactSpec, FactType, Subject
from bwcstore.statute._listed_facts import (
    Holds,
    Listed,
    Requests,
    code_numbers,
    is_text,
    read_holds,
    read_requests,
    refuse,
)
from bwcstore.statute._pack import Law

OBJECT: Final = "object"
PROBLEMS: Final = (ErrorKind.FACT_FUTURE, ErrorKind.FACT_CONTRADICTION)
FUTURE: Final = 1
CONTRADICTION: Final = 2
PIECE_ROWS: Final = 65_536
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
