"""The law for whole tables of recordings: Arrow in, Arrow out.

`classify_table` and `retention_table` say for every row what `bwcstore.statute.classify` and
`retention` say for one recording; `impact` says what another law changes. They share the
conditions and the calendar with those, and nothing else: each is a check of the other.

Imported apart from `bwcstore.statute`, because it loads Arrow and NumPy.
"""

from bwcstore.statute.tables._impact import impact
from bwcstore.statute.tables._tables import classify_table, retention_table

__all__ = ["classify_table", "impact", "retention_table"]
