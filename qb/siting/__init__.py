"""Where a new school brings most children within walking distance, exactly, and what becomes of the verdicts.

`problem` turns a dataset and candidates into arrays, `solve` decides with proof, `run` ranks the plans and
judges the district under each, `price` says what they cost; `plans` turns them into tables and scenarios.
"""

from qb.siting.candidates import Candidate, SitingError, load_candidates
from qb.siting.document import document
from qb.siting.plans import Siting
from qb.siting.problem import Problem, build
from qb.siting.run import site
from qb.siting.solve import Proof, Solution, Status, solve
from qb.siting.summary import summary

__all__ = [
    "Candidate",
    "Problem",
    "Proof",
    "Siting",
    "SitingError",
    "Solution",
    "Status",
    "build",
    "document",
    "load_candidates",
    "site",
    "solve",
    "summary",
]
