"""A filled shape, for figures that need more than lines, bars and dots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qb.charts.marks import _n
from qb.charts.style import ACCENT, Colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Area:
    """The inside of a line of points that comes back to where it began."""

    points: tuple[tuple[float, float], ...]
    colour: Colour = ACCENT
    opacity: float = 0.2

    def svg(self) -> str:
        """Return the mark as SVG."""
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in self.points)
        return f'<path d="M{path}Z" fill="{self.colour.page}" fill-opacity="{self.opacity}"/>'

    def draw(self, axes: Axes) -> None:
        """Draw the mark on axes."""
        from matplotlib.patches import Polygon

        axes.add_patch(Polygon(self.points, facecolor=self.colour.paper, alpha=self.opacity, linewidth=0))
