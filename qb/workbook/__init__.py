"""The workbook people fill in: an empty one, and theirs with every fault marked."""

from qb.workbook.marking import mark
from qb.workbook.template import write_template

__all__ = ["mark", "write_template"]
