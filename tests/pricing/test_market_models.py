"""Market models over HTTP: deals come in, a model is trained, answers, drifts, is replaced."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.pricing import model_repository
from bench.simulated_market import LAST_DAY, records, simulate
from tests import flow
from tests.market import Market, User
from tests.pricing.steps import COST, ask, import_deals, imported
from tests.web.browser import Browser

DEALS = 1_000
LATER = 120


def as_deals(offers: int, seed: int, *, last: date, factor: float = 1.0) -> list[dict[str, Any]]:
    """Simulated deals as an operator imports them, with prices times a factor."""
    moved = last - LAST_DAY
    return [
        imported(
            f"{seed}-{place}",
            round(row["price_fen"] * factor),
            title=f"模拟交易 {seed}-{place}",
            reference="模拟市场,非真实数据",
            technical_field=row["field"],
            ipc=[f"{row['section']}01B 1/00"],
            trl=row["trl"],
            transfer_mode=row["mode"],
            exclusive=row["exclusive"],
            ip_kind=row["ip_kind"],
            seller_kind=row["seller"],
            region_code=row["region"] + "0000",
            traded_on=str(row["day"] + moved),
        )
        for place, row in enumerate(records(simulate(offers, seed)))
        if row["price_fen"] is not None
    ]


async def bring_in(market: Market, items: list[dict[str, Any]]) -> None:
    """Import deals, and do what follows from them."""
    operator = await market.admin()
    await operator.ok("POST", "/comparables", {"items": items})
    await market.settle()


async def today(market: Market) -> date:
    """The market's day."""
    async with market.sessions() as session:
        found = await session.execute(
            text("SELECT (market_now() AT TIME ZONE 'Asia/Shanghai')::date")
        )
        day: date = found.scalar_one()
        return day


async def feed_acts(reader: User) -> list[str]:
    """What the feed tells of market models."""
    changes = (await reader.ok("GET", "/feed?kind=market_model"))["items"]
    return [one["act"] for one in changes]


async def test_a_model_is_trained_answers_drifts_and_is_replaced(market: Market) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university)
    day = await today(market)
    assert (await market.anonymous.ok("GET", "/market_models"))["items"] == []
    await bring_in(market, as_deals(DEALS, 1, last=day - timedelta(days=2)))

    [row] = (await market.anonymous.ok("GET", "/market_models"))["items"]
    assert (row["number"], row["state"], row["failed"]) == (1, "current", 0)
    model = await market.anonymous.ok("GET", f"/market_models/{row['id']}")
    tested = model["backtest"]
    assert 0.7 < tested["whole"]["coverage"] < 0.9
    assert tested["whole"]["median_error"] < 0.9 * tested["naive_median_error"]
    assert await feed_acts(university) == ["train"]

    made = await ask(university, achievement, {"learned": {}, "cost": COST})
    by_name = {one["approach"]: one for one in made["result"]["approaches"]}
    learned = by_name["learned"]
    assert learned["low_fen"] < learned["value_fen"] < learned["high_fen"]
    assert learned["figures"]["model"]["sha256"] == model["sha256"]
    assert learned["figures"]["answered_by"] == "model"
    assert "公开的技术交易价格数据集" in learned["assumptions"][0]["zh"]
    assert learned["inputs"]["field"] == "new_energy_efficiency"
    report = await _issued(university, made)
    assert "市场模型" in report

    await bring_in(market, as_deals(LATER, 2, last=day - timedelta(days=1), factor=20.0))
    accuracy = await market.anonymous.ok("GET", "/price-accuracy")
    whole = accuracy["model"]["whole"]
    assert whole["coverage"] < 0.3
    assert whole["bias"] < -2
    assert await feed_acts(university) == ["train", "drift", "replace", "train"]
    rows = (await market.anonymous.ok("GET", "/market_models"))["items"]
    assert [(one["number"], one["state"]) for one in rows] == [(2, "current"), (1, "replaced")]
    old = await market.anonymous.ok("GET", f"/market_models/{row['id']}")
    assert old["alarm"]["reasons"] == ["coverage", "bias"]
    await _cells_below_three_are_masked(accuracy)
    await _the_page_shows(market)

    again = await university.ok("GET", f"/valuations/{made['id']}/reproduction")
    assert (again["same"], again["value_fen"]) == (True, made["value_fen"])
    newer = await ask(university, achievement, {"learned": {}})
    assert newer["result"]["approaches"][0]["figures"]["model"]["number"] == 2
    await _models_stand(market)


async def _issued(owner: User, made: dict[str, Any]) -> str:
    """The text of the report of a valuation that is issued."""
    path = f"/valuations/{made['id']}"
    await owner.ok("POST", f"{path}/issue", {"explanation": "方法不同"})
    found = await owner.ok("GET", f"{path}/report")
    assert found["content"]["result"]["approaches"][0]["approach"] == "learned"
    return "".join(step["zh"] for step in found["content"]["result"]["approaches"][0]["steps"])


async def _the_page_shows(market: Market) -> None:
    """The public page in both languages, with its charts, the model and what came before it."""
    visitor = Browser(market)
    shown = await visitor.page("/price-accuracy")
    for words in (
        "没有公开的技术交易价格数据集",
        "落入80%区间",
        "不足三个,不公布",
        "第 2 号",
        "历次模型",
        "曾报警偏离",
    ):
        assert words in shown.words
    drawn = (await visitor.get("/price-accuracy")).text
    assert drawn.count('<svg class="chart"') == 2
    assert "&lt;" not in drawn
    english = await visitor.page("/price-accuracy?lang=en")
    assert "no public data set of technology deal prices" in english.words
    wrong = await visitor.get("/price-accuracy?first=2026-02-01&last=2026-01-01")
    assert wrong.status_code == 422
    assert "is before the first day" in wrong.text


async def _cells_below_three_are_masked(accuracy: dict[str, Any]) -> None:
    cells = list(accuracy["model"]["by_field"].values())
    assert any(cell["deals"] is None for cell in cells)
    for cell in cells:
        if cell["deals"] is None:
            assert set(cell.values()) == {None}
        else:
            assert cell["deals"] >= 3


async def _models_stand(market: Market) -> None:
    for statement in (
        "UPDATE market_model SET artefact = '' WHERE state = 'current'",
        "UPDATE market_model SET state = 'current' WHERE state = 'replaced'",
        "DELETE FROM market_model",
    ):
        async with market.sessions() as session:
            with pytest.raises(IntegrityError, match=r"stands|stays on record"):
                await session.execute(text(statement))


async def test_without_a_model_comparables_answer_and_say_why(market: Market) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university)
    body = {"achievement_id": achievement["id"], "plan": {"learned": {}}}
    refused = await university.post("/valuations", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_comparables")
    await import_deals(market, [180_000_000, 200_000_000, 220_000_000])
    refused = await university.post(
        "/valuations", body | {"plan": {"learned": {"fallback": False}}}
    )
    assert refused.json()["code"] == "model_missing"
    assert refused.json()["errors"][0]["field"] == "body.plan.learned"

    made = await ask(
        university,
        achievement,
        {"learned": {}, "cost": COST, "weights": {"learned": "0.7", "cost": "0.3"}},
    )
    first = made["result"]["approaches"][0]
    assert (first["approach"], first["figures"]["answered_by"]) == ("market", "comparables")
    assert first["figures"]["instead_of"]["code"] == "model_missing"
    assert "市场模型未作估计" in first["assumptions"][0]["zh"]
    assert made["result"]["together"]["weights"] == {"market": "0.7", "cost": "0.3"}
    again = await university.ok("GET", f"/valuations/{made['id']}/reproduction")
    assert again["same"] is True
    items = [{"achievement_id": achievement["id"]}]
    portfolio = await university.ok(
        "POST", "/valuation-portfolios", {"title": "盘点", "plan": {"learned": {}}, "items": items}
    )
    await market.settle()
    done = await university.ok("GET", f"/valuation-portfolios/{portfolio['id']}")
    assert (done["state"], done["valued"]) == ("done", 1)
    async with market.sessions() as first, market.sessions() as second:
        assert await model_repository.take_training_lock(first)
        assert not await model_repository.take_training_lock(second)
        await first.rollback()
        assert await model_repository.take_training_lock(second)
    async with market.sessions() as session:
        kept = await session.execute(
            text("SELECT source, cleared_fen, refused FROM price_outcome ORDER BY cleared_fen")
        )
        assert [tuple(one) for one in kept] == [
            ("imported", price, "model_missing")
            for price in (180_000_000, 200_000_000, 220_000_000)
        ]
