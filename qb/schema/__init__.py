"""The tables of a dataset: each column's name, Chinese label, unit, range, and what rests on it.

The reader, the workbook, the check and the dictionary in ``data/README.md`` all take their facts from
here, so a column is described once.
"""

from qb.schema.column import RANGES, WHOLE, Column, ColumnKind, Table, tidy_header, tidy_unit
from qb.schema.tables import DISTRICT_ITEMS, INVENTED, TABLES, DistrictItem

__all__ = [
    "DISTRICT_ITEMS",
    "INVENTED",
    "RANGES",
    "TABLES",
    "WHOLE",
    "Column",
    "ColumnKind",
    "DistrictItem",
    "Table",
    "tidy_header",
    "tidy_unit",
]
