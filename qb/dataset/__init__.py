"""A dataset: the tables of the registry as frames, read from a folder or a workbook and written to one."""

from qb.dataset.data import Dataset, places
from qb.dataset.excel import read_excel
from qb.dataset.expected import is_open, silent_stages
from qb.dataset.files import read_csv, read_parquet
from qb.dataset.folder import read, write
from qb.dataset.grid import Grid, grid_to_table
from qb.dataset.headers import table_named
from qb.dataset.intake import FORM_RULES, Rule, fault, frame_to_table, is_structure
from qb.errors import UnreadableError

__all__ = [
    "FORM_RULES",
    "Dataset",
    "Grid",
    "Rule",
    "UnreadableError",
    "fault",
    "frame_to_table",
    "grid_to_table",
    "is_open",
    "is_structure",
    "places",
    "read",
    "read_csv",
    "read_excel",
    "read_parquet",
    "silent_stages",
    "table_named",
    "write",
]
