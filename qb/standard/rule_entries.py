"""What a standard's file says beside indicators: school rule, coefficients, exclusions, 农村, checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from qb.language import Message, listing
from qb.standard.indicator_entries import Count, Decimals, Positive, Share, Words
from qb.terms import STAGES_OF_KIND, Kind, Location, Ownership, Stage
from qb.tomlfile import Entry


class SchoolRule(Entry):
    """How many of the resource indicators a school must meet, and how low the others may be.

    Without a floor they may be as low as they are.
    """

    met: Count
    of: Annotated[int, Field(ge=1, strict=True)]
    floor: Share | None = None
    source: Words


class CoefficientRule(Entry):
    """Limit of the difference coefficient by stage: for each of them, or for the mean of all."""

    decides: Literal["each", "mean"] = "each"
    side: Literal["<=", "<"]
    primary: Positive
    junior: Positive
    source: Words


class SplitRule(Entry):
    """Weights of a pupil of each stage when a school's shared facilities are split."""

    nine_year: dict[Stage, Positive]
    twelve_year: dict[Stage, Positive]
    complete_secondary: dict[Stage, Positive]
    source: Words

    @model_validator(mode="after")
    def _stages_fit(self) -> SplitRule:
        for kind in (Kind.NINE_YEAR, Kind.TWELVE_YEAR, Kind.COMPLETE_SECONDARY):
            if set(self.weights(kind)) != set(STAGES_OF_KIND[kind]):
                stages = listing(stage.value for stage in STAGES_OF_KIND[kind])
                raise ValueError(
                    Message(
                        "{} 须恰好给出 {} 的权重",
                        "{} must have exactly the weights of {}",
                        kind.value,
                        stages,
                    )
                )
        return self

    def weights(self, kind: Kind) -> dict[Stage, float]:
        """Return the weights for a kind of school; empty where nothing is shared."""
        return getattr(self, kind.value, {})


class ExclusionRule(Entry):
    """Which schools stay out of the resource indicators: by kind, size, ownership, or who runs them.

    `sponsors` are codes of the national forms (3: province, 5: city).
    """

    kinds: tuple[Kind, ...]
    small_point_pupils: Count
    ownership: tuple[Ownership, ...] = ()
    sponsors: tuple[Annotated[int, Field(ge=1, le=10, strict=True)], ...] = ()
    source: Words


class RuralRule(Entry):
    """Which locations are 农村: the small schools of C13, the rural junior schools of C21."""

    locations: Annotated[tuple[Location, ...], Field(min_length=1)]
    source: Words


class NewSchoolRule(Entry):
    """Years after opening until a stage has all its grades: a school below that is flagged."""

    primary: Count
    junior: Count
    source: Words


class DistanceRule(Entry):
    """A walk along streets as a multiple of the straight line, and how far a child should walk at most."""

    detour: Annotated[float, Field(ge=1, strict=True)]
    primary_km: Positive
    junior_km: Positive
    source: Words

    def limit_km(self, stage: Stage) -> float:
        """Return the longest walk of a compulsory stage."""
        return self.primary_km if stage == Stage.PRIMARY else self.junior_km


class ForecastRule(Entry):
    """What is assumed of teachers in the years to come; space and equipment stay as they are."""

    teachers_leaving_per_year: Share
    source: Words


class PublicationRule(Entry):
    """What pages keep back: classes of fewer pupils are not shown one by one; 0 shows all."""

    smallest_class: Count
    source: Words


class RoundingRule(Entry):
    """Decimals in print, and whether raw or rounded figures are compared with the limits."""

    compare: Literal["raw", "rounded"]
    tolerance: Annotated[float, Field(ge=0, lt=0.001, strict=True)]
    values: Decimals
    coefficients: Decimals
    ratios: Decimals
    source: Words


class Rules(Entry):
    """The rules that are not one indicator's."""

    school: SchoolRule | None = None
    coefficient: CoefficientRule | None = None
    split: SplitRule
    exclusion: ExclusionRule
    rural: RuralRule
    new_school: NewSchoolRule
    rounding: RoundingRule
    distance: DistanceRule
    forecast: ForecastRule
    publication: PublicationRule


class Jump(Entry):
    """From one year to the next: beyond both the ratio and the amount, a figure is doubted."""

    table: Words
    column: Words
    ratio: Annotated[float, Field(gt=1, strict=True)]
    amount: Positive


class CohortRule(Entry):
    """A grade that has more pupils than the grade before it had last year, beyond both."""

    ratio: Annotated[float, Field(gt=1, strict=True)]
    amount: Positive


class PeerRule(Entry):
    """How far from the other schools of its stage a figure per pupil is doubted.

    It is beyond both: `deviations` robust deviations from the median on the logarithmic scale, and
    `ratio` times the median or as small a part of it. `schools` and `pupils` are the fewest with which
    schools are compared at all.
    """

    schools: Annotated[int, Field(ge=3, strict=True)]
    pupils: Count
    deviations: Positive
    ratio: Annotated[float, Field(gt=1, strict=True)]
    columns: Annotated[dict[Words, tuple[Words, ...]], Field(min_length=1)]


class UnitSlip(Entry):
    """A unit that is typed where the registry's own is asked, and how many of that it is."""

    unit: Words
    typed: Words
    factor: Annotated[float, Field(gt=1, strict=True)]


class PlaceRule(Entry):
    """How far from the middle of its district's schools a place is doubted.

    It is beyond both: `ratio` times the median distance, and `kilometres`. `schools` is the fewest
    of a district with which places are compared at all.
    """

    schools: Annotated[int, Field(ge=3, strict=True)]
    ratio: Annotated[float, Field(gt=1, strict=True)]
    kilometres: Positive


class YearRule(Entry):
    """Which school years may be: from the first to the last, and none so far from those of most rows."""

    first: Annotated[int, Field(ge=1, strict=True)]
    last: Annotated[int, Field(ge=1, strict=True)]
    apart: Count


class FundsYard(Entry):
    """What a school is funded with for each pupil, in round figures, and which columns of funds say it."""

    columns: Annotated[tuple[Words, ...], Field(min_length=1)]
    per_pupil: Positive
    what: Words


class Checks(Entry):
    """From where on the check doubts a figure that was handed in. No verdict rests on it."""

    source: Words
    teaching_point_pupils: Count
    class_pupils: Count
    slip_tolerance: Annotated[float, Field(gt=1, strict=True)]
    plausible_factor: Annotated[float, Field(gt=1)]
    slips: tuple[UnitSlip, ...]
    funds: tuple[FundsYard, ...]
    school_years: YearRule
    jumps: tuple[Jump, ...]
    cohort: CohortRule
    peers: PeerRule
    place: PlaceRule
