"""Portfolios: progress, refusals at single achievements, going on after a kill, results."""

import csv
import io
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from app.pricing import portfolios
from tests import flow
from tests.market import Market
from tests.pricing.steps import COST, INCOME, MARKET, import_deals


async def test_a_portfolio_values_what_it_can_and_says_why_not(market: Market) -> None:
    university, stranger = await market.join("university"), await market.join("enterprise")
    owned = [await flow.post_achievement(market, university) for _ in range(3)]
    foreign = await flow.post_achievement(market, await market.join("institute"))
    await import_deals(market, [180_000_000, 200_000_000, 220_000_000])
    twice = [{"achievement_id": owned[0]["id"]}] * 2
    body: dict[str, Any] = {"title": "年度盘点", "plan": {"market": MARKET}, "items": twice}
    refused = await university.post("/valuation-portfolios", body)
    assert refused.json()["code"] == "duplicate_item"

    items: list[dict[str, Any]] = [{"achievement_id": one["id"]} for one in owned]
    items[1]["plan"] = {"income": INCOME, "cost": COST}
    items[2]["plan"] = {"income": INCOME | {"economic_years": "-1"}}
    items += [{"achievement_id": foreign["id"]}, {"achievement_id": str(uuid4())}]
    started = await university.ok("POST", "/valuation-portfolios", body | {"items": items})
    assert (started["state"], started["waiting"], started["total"]) == ("running", 5, 5)
    path = f"/valuation-portfolios/{started['id']}"
    refused = await university.get(f"{path}/result")
    assert (refused.json()["code"], refused.json()["total"]) == ("portfolio_running", 5)
    await market.settle()

    done = await university.ok("GET", path)
    assert (done["state"], done["valued"], done["failed"]) == ("done", 2, 3)
    rows = await university.ok("GET", f"{path}/items")
    assert [row["state"] for row in rows] == ["valued", "valued", *["failed"] * 3]
    assert [row["error"]["code"] for row in rows[2:]] == ["bad_life", "not_found", "not_found"]
    valuation = await university.ok("GET", f"/valuations/{rows[1]['valuation_id']}")
    assert valuation["value_fen"] == rows[1]["value_fen"]
    assert (await university.ok("GET", "/valuations"))["items"] == []
    assert (await stranger.get(path)).status_code == 404
    assert (await university.post(f"{path}/stop")).json()["code"] == "illegal_move"

    table = await university.get(f"{path}/result?format=csv")
    read = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["state"] for row in read] == [row["state"] for row in rows]
    assert read[0]["value_yuan"] == f"{rows[0]['value_fen'] / 100:.2f}"
    assert "50 年" in read[2]["error"]
    book = await university.get(f"{path}/result?format=xlsx")
    sheet = CalamineWorkbook.from_filelike(BytesIO(book.content)).get_sheet_by_index(0)
    cells = sheet.to_python()
    assert cells[0][2] == "成果名称"
    assert [row[3] for row in cells[1:]] == [row["state"] for row in rows]
    assert cells[1][5] == rows[0]["value_fen"] / 100


async def test_a_killed_job_goes_on_and_values_each_once(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portfolios, "BATCH", 2)
    university = await market.join("university")
    owned = [await flow.post_achievement(market, university) for _ in range(4)]
    items = [{"achievement_id": one["id"]} for one in owned]
    body = {"title": "盘点", "plan": {"cost": COST}, "items": items}
    started = await university.ok("POST", "/valuation-portfolios", body)
    now = await flow.market_now(market)
    portfolio_id = UUID(started["id"])
    async with market.sessions() as session, session.begin():
        await portfolios.value_some(session, portfolio_id, now)
    async with market.sessions() as session:
        await portfolios.value_some(session, portfolio_id, now)
        await session.rollback()  # what a kill leaves: nothing of the batch
    halfway = await university.ok("GET", f"/valuation-portfolios/{started['id']}")
    assert (halfway["state"], halfway["valued"], halfway["waiting"]) == ("running", 2, 2)
    await market.settle()
    done = await university.ok("GET", f"/valuation-portfolios/{started['id']}")
    assert (done["state"], done["valued"], done["waiting"]) == ("done", 4, 0)
    async with market.sessions() as session:
        counted = await session.execute(text("SELECT count(*) FROM valuation"))
        assert counted.scalar_one() == 4

    stopped = await university.ok("POST", "/valuation-portfolios", body)
    path = f"/valuation-portfolios/{stopped['id']}"
    assert (await university.ok("POST", f"{path}/stop"))["state"] == "stopped"
    await market.settle()
    assert (await university.ok("GET", path))["waiting"] == 4
