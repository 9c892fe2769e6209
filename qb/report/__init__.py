"""Tables and sentences for readers: what `judge` found, in words. No figure is computed anew."""

from qb.report.book import Book, open_book
from qb.report.data import DataReport
from qb.report.district import DistrictReport
from qb.report.school import SchoolReport
from qb.report.table import Column, Table

__all__ = ["Book", "Column", "DataReport", "DistrictReport", "SchoolReport", "Table", "open_book"]
