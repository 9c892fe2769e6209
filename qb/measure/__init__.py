"""From a dataset to values: who is judged, what each school holds, and the figures of C1–C31.

No limit is compared here; `qb.judge` does that.
"""

from qb.measure.census import Census, take_census
from qb.measure.parts import Part
from qb.measure.resources import Resources, resources

__all__ = ["Census", "Part", "Resources", "resources", "take_census"]
