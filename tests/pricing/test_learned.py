"""The learned model as computation: what it promises on a simulated market, and to the fen.

There is no public data set of technology deal prices: the market of these tests is simulated, with
a truth that is known (`bench/simulated_market.py`).
"""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from app.kit.errors import Problem
from app.pricing.learned import backtest, calibration, drift, features, training, trees
from app.pricing.learned.configuration import learning, learning_on, learning_sets
from app.pricing.learned.drift import Judged
from app.pricing.learned.fitting import fit
from app.pricing.learned.model import (
    Model,
    Question,
    fen_of,
    offers_of,
    packed,
    unpacked,
)
from app.pricing.learned.offers import Category
from app.pricing.learned.trees import UNIT
from bench.simulated_market import FIELDS, LAST_DAY, level, simulate

RULES = learning("LEARNING_2026")
OFFERS = 8_000
ASKED = Question(
    field="new_energy_efficiency",
    section="H",
    mode="license",
    ip_kind="patent.invention",
    region="11",
    seller="university",
    exclusive=True,
    trl=6,
    day=LAST_DAY,
)


@pytest.fixture(scope="module")
def model() -> Model:
    """A model of a small simulated market."""
    return fit(simulate(2_500, 5).offers, RULES, 5)


def test_intervals_hold_in_all_fields_and_errors_are_lower_than_of_medians() -> None:
    market = simulate(OFFERS, 2)
    tested = backtest.run(market.offers, RULES, 1)
    found = backtest.summary(tested)
    assert found["failed"] > 300
    assert 0.77 <= found["whole"]["coverage"] <= 0.83
    assert len(found["by_field"]) == len(FIELDS) == 11
    assert min(cell["coverage"] for cell in found["by_field"].values()) >= 0.72
    assert found["whole"]["median_error"] <= 0.75 * found["naive_median_error"]
    # What the failed auctions would have brought is known here; the intervals hold for it too, and
    # the median is that of all offers: it is not the higher one of those that were sold.
    latent = backtest.figures(market.latent[tested.rows], tested.estimates)
    assert 0.77 <= latent["coverage"] <= 0.83
    assert abs(latent["bias"]) < 0.05
    assert found["whole"]["bias"] < latent["bias"]


def test_a_backtest_knows_nothing_of_what_comes_after() -> None:
    offers = simulate(1_300, 2).offers
    tested = backtest.run(offers, RULES, 1)
    changed = offers.log_price.copy()
    changed[offers.day >= tested.origins[-1]] += 5.0
    later = backtest.run(type(offers)(**{**offers.__dict__, "log_price": changed}), RULES, 1)
    before = tested.offers.day < tested.origins[-1]
    assert 100 < before.sum() < len(before)
    assert (later.estimates[before] == tested.estimates[before]).all()
    assert (tested.estimates == later.estimates).all()


CODE = """
import sys
from datetime import date
from pathlib import Path
sys.modules["xgboost"] = None  # importing it fails
from app.pricing.learned.model import Question, unpacked
model = unpacked(Path(sys.argv[1]).read_bytes(), bytes.fromhex(sys.argv[2]))
day = date.fromisoformat(sys.argv[3])
asked = Question("new_energy_efficiency", "H", "license", "patent.invention", "11", "university",
                 True, 6, day)
found = model.estimate(asked)
print(found.low_fen, found.middle_fen, found.high_fen)
"""


def test_a_stored_model_gives_the_same_fen_in_a_process_without_xgboost(
    model: Model, tmp_path: Path
) -> None:
    found = model.estimate(ASKED)
    artefact, digest = packed(model)
    assert packed(unpacked(artefact, digest)) == (artefact, digest)
    (tmp_path / "model").write_bytes(artefact)
    said = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "model"), digest.hex(), str(LAST_DAY)],
        check=True,
        capture_output=True,
        text=True,
        env={"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3", "PATH": ""},
    )
    assert [int(one) for one in said.stdout.split()] == [
        found.low_fen,
        found.middle_fen,
        found.high_fen,
    ]
    with pytest.raises(ValueError, match="not the one that was trained"):
        unpacked(artefact, bytes(32))


def test_the_same_offers_and_seed_give_the_same_model() -> None:
    offers = simulate(1_200, 3).offers
    assert packed(fit(offers, RULES, 7)) == packed(fit(offers, RULES, 7))


def test_trees_as_arrays_say_what_xgboost_says() -> None:
    offers = simulate(1_500, 4).offers
    offers = offers.take(np.flatnonzero(offers.sold))
    known = features.encoding(offers, 20)
    numbers = features.matrix(offers, known)
    booster = xgboost.train(
        {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5, 0.9], "nthread": 1},
        xgboost.QuantileDMatrix(numbers, offers.log_price),
        num_boost_round=30,
    )
    forest = trees.exported(bytes(booster.save_raw("json")), 3)
    expected = booster.predict(xgboost.DMatrix(numbers))
    assert np.isnan(numbers).any()
    assert np.abs(forest.values(numbers) / UNIT - expected).max() < 1e-4
    assert (trees.stored(forest.document()).values(numbers) == forest.values(numbers)).all()
    # One by one and all together are the same, whatever the size of the block.
    alone = np.concatenate([forest.values(numbers[row : row + 1]) for row in range(300)])
    assert (alone == forest.values(numbers[:300])).all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"field": "nuclear_application"}, "too_few_of_field"),
        ({"field": "no_such_field"}, "too_few_of_field"),
        ({"mode": "self_implement"}, "category_unknown"),
        ({"section": "X"}, "category_unknown"),
        ({"ip_kind": "ic_layout"}, "category_unknown"),
        ({"day": LAST_DAY + timedelta(days=366)}, "beyond_the_model"),
        ({"day": date(2019, 1, 1)}, "beyond_the_model"),
    ],
)
def test_what_the_model_has_not_seen_is_refused_with_the_reason(
    model: Model, change: dict[str, Any], code: str
) -> None:
    asked = Question(**{**ASKED.__dict__, **change})
    with pytest.raises(Problem) as refused:
        model.estimate(asked)
    assert refused.value.code == code
    assert refused.value.field == "body.plan.learned"
    assert refused.value.detail("zh") != refused.value.detail("en")


def test_a_maturity_that_was_never_seen_is_refused() -> None:
    offers = simulate(1_500, 6).offers
    ripe = fit(offers.take(np.flatnonzero(offers.trl >= 5)), RULES, 1)
    assert ripe.refusal(ASKED) is None
    refused = ripe.refusal(Question(**{**ASKED.__dict__, "trl": 2}))
    assert refused is not None
    assert (refused.code, refused.facts["least"]) == ("maturity_unseen", 5)


def test_what_is_not_stated_or_of_no_matter_is_no_reason_to_refuse(model: Model) -> None:
    asked = Question(
        **{**ASKED.__dict__, "trl": None, "section": None, "ip_kind": None, "region": "65"}
    )
    assert model.estimate(asked).low_fen > 0
    assert model.estimate(Question(**{**ASKED.__dict__, "seller": "broker"})).low_fen > 0


def test_too_few_deals_teach_nothing() -> None:
    with pytest.raises(Problem) as refused:
        fit(simulate(400, 1).offers, RULES, 1)
    assert refused.value.code == "too_few_to_learn"
    same_day = simulate(1_000, 1).offers
    same_day.day[:] = LAST_DAY.toordinal()
    with pytest.raises(Problem) as refused:
        fit(same_day, RULES, 1)
    assert refused.value.code == "too_few_to_learn"


def test_prices_of_failed_offers_are_drawn_below_their_floors() -> None:
    random = np.random.default_rng(1)
    quantiles = np.tile([18.0, 19.0, 20.0], (4_000, 1))
    floors = np.full(4_000, 18.5)
    drawn = training.drawn(quantiles, floors, random)
    assert drawn.max() <= 18.5
    # A normal around 19 whose tenth part lies below 18, cut off at 18.5, has its median at 18.12.
    assert abs(float(np.median(drawn)) - 18.12) < 0.05
    above = training.drawn(quantiles, np.full(4_000, 30.0), random)
    assert abs(float(np.median(above)) - 19.0) < 0.05


def test_a_field_with_few_deals_is_corrected_as_all_are() -> None:
    offers = simulate(3_000, 8).offers
    offers = offers.take(np.flatnonzero(offers.sold))
    flat = np.tile(np.quantile(offers.log_price, [0.1, 0.5, 0.9]), (len(offers), 1))
    found = calibration.calibrate(offers, flat, offers.log_price, RULES)
    large, small = found.by_field["electronics_information"], found.by_field["aerospace"]
    own = RULES.model_copy(update={"field_weight": 1e9})
    pooled = calibration.calibrate(offers, flat, offers.log_price, own)
    assert all(
        abs(one - found.pooled[at]) < UNIT / 100
        for at, one in enumerate(pooled.by_field["aerospace"])
    )
    assert found.deals["aerospace"] < 80 < found.deals["electronics_information"]
    assert large != small != found.pooled
    unknown = offers_of([Question(**{**ASKED.__dict__, "field": "elsewhere"})])
    assert tuple(found.corrections(unknown)[0]) == found.pooled


def test_late_errors_count_more() -> None:
    days = np.array([LAST_DAY.toordinal() - 365, LAST_DAY.toordinal()], dtype=np.int32)
    assert calibration.ages(days, 365).tolist() == [0.5, 1.0]
    errors = np.array([1.0, 2.0, 3.0, 4.0])
    equal = np.ones(4)
    assert calibration.weighted_quantile(errors, equal, 0.5) == 2.0
    assert calibration.weighted_quantile(errors, equal, 0.5, beyond=1.0) == 3.0
    assert calibration.weighted_quantile(errors, equal, 0.9, beyond=1.0) == 4.0
    assert calibration.weighted_quantile(errors, np.array([0.1, 0.1, 0.1, 9.0]), 0.5) == 4.0


def test_prices_are_rounded_half_up_from_exact_decimals() -> None:
    assert fen_of(0) == 1
    assert fen_of(round(np.log(2.5e8) * UNIT)) == 250_000_000
    with pytest.raises(Problem) as refused:
        fen_of(40 * UNIT)
    assert refused.value.code == "value_too_large"


def judged(inside: int, below: int, above: int, failed: int = 0) -> list[Judged]:
    """So many deals within the interval, half of them over the median, below it, and above it."""
    prices = [*([150, 250] * (inside // 2)), *([50] * below), *([500] * above)]
    lost = [Judged(100, 200, 400, None, 150) for _ in range(failed)]
    return [*lost, *(Judged(100, 200, 400, one, None) for one in prices)]


def test_drift_is_found_beyond_binomial_limits_and_not_before() -> None:
    assert drift.found(judged(160, 20, 20), RULES) is None
    assert drift.found(judged(48, 0, 0), RULES) is None
    assert drift.found(judged(142, 29, 29), RULES) is None
    found = drift.found(judged(140, 30, 30), RULES)
    assert found is not None
    assert (found["reasons"], found["inside"], found["inside_limits"][0]) == (
        ["coverage"],
        140,
        142,
    )
    found = drift.found(judged(200, 0, 0), RULES)
    assert found is not None
    assert found["reasons"] == ["coverage"]
    high = drift.found(judged(120, 0, 80), RULES)
    assert high is not None
    assert high["reasons"] == ["coverage", "bias"]
    assert high["bias"] < 0


def test_failed_offers_stand_for_prices_below_the_median() -> None:
    deals = [*([150] * 70), *([300] * 105), *([90] * 12), *([450] * 13)]
    offers = [Judged(100, 200, 400, price, None) for price in deals]
    alone = drift.found(offers, RULES)
    assert alone is None or "bias" not in alone["reasons"]
    deals = [*([150] * 50), *([300] * 125), *([90] * 12), *([450] * 13)]
    offers = [Judged(100, 200, 400, price, None) for price in deals]
    alone = drift.found(offers, RULES)
    assert alone is not None
    assert alone["reasons"] == ["bias"]
    assert drift.found([*offers, *judged(0, 0, 0, failed=60)], RULES) is None


def test_the_configuration_is_dated_and_says_where_it_comes_from() -> None:
    [only] = learning_sets()
    assert learning_on(date(2020, 1, 1)) is only is learning_on(date(2030, 1, 1))
    assert only.code == "LEARNING_2026"
    named = {name for one in only.origins for name in one.parameter.split(", ")}
    told = named | {"code", "valid_from", "origins"}
    assert set(type(only).model_fields) == told


def test_the_simulated_market_is_as_it_is_described() -> None:
    market = simulate(20_000, 1)
    offers = market.offers
    again = simulate(20_000, 1).offers
    assert (again.day == offers.day).all()
    assert np.array_equal(again.log_price, offers.log_price, equal_nan=True)
    auctions = np.isfinite(offers.log_floor)
    assert 0.2 < 1 - offers.sold[auctions].mean() < 0.3
    assert offers.sold[~auctions].all()
    assert (
        offers.log_price[auctions & offers.sold] >= offers.log_floor[auctions & offers.sold]
    ).all()
    assert (market.latent[~offers.sold] < offers.log_floor[~offers.sold]).all()
    told = market.sale_probability[auctions]
    assert abs(told.mean() - offers.sold[auctions].mean()) < 0.01
    noise = (market.latent - market.location) / market.spread
    assert abs(noise.std() - 1) < 0.02
    assert level(np.array([4.0]))[0] > level(np.array([0.0]))[0] + 0.25
    assert Category.of(["b", None, "a"]).codes.tolist() == [1, -1, 0]
