"""How long a province takes: ``pytest -s tests/bench/bench_forecast.py``."""

import time

from qb.data.sample import make
from qb.planning.forecast.projection import carry_forward, forecast


def test_a_province_is_forecast_in_half_a_minute(capsys):
    data = make(schools=160, districts=158)
    start = time.perf_counter()
    made = forecast(data, 2035)
    middle = time.perf_counter()
    carry_forward(data, made, 2030)
    with capsys.disabled():
        print(f"\n{len(data['schools']):,} schools, ten years: {middle - start:.1f} s, "
              f"{len(made.rows):,} rows; a year to come {time.perf_counter() - middle:.1f} s")  # fmt: skip
    assert middle - start < 30
