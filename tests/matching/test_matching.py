"""Matches over HTTP: who sees what, why, and what becomes of judgments."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.kit.db import Sessions
from app.kit.settings import Settings
from app.matching import rules
from app.matching.service import chosen_model
from app.matching.states import Verdict
from search.evaluation.forms import read_set
from search.matching.model import BadModel
from tests.demands import steps as demands
from tests.flow import open_listing, post_achievement
from tests.market import Market


async def test_matches_have_reasons_and_judgments_are_kept(market: Market, tmp_path: Path) -> None:
    seller, owner = await market.join("university"), await market.join("enterprise")
    steel = await post_achievement(
        market,
        seller,
        title="一种高强度轴承钢的贝氏体等温淬火热处理工艺",
        summary="提高轴承钢的接触疲劳寿命。",
        technical_field="new_materials",
        ipc=["C21D 1/18"],
        trl=7,
    )
    seeds = await post_achievement(
        market,
        seller,
        title="轴承式玉米播种机",
        summary="用于玉米播种。",
        technical_field="agriculture",
        ipc=["A01C 7/00"],
    )
    hidden = await post_achievement(
        market, seller, title="轴承钢热处理工艺参数", summary="轴承钢", secrecy="internal"
    )
    listing = await open_listing(market, seller, steel)
    demand = await demands.published(market, owner)
    draft = await demands.drafted(owner, title="轴承")
    await market.settle()
    path = f"/demands/{demand['id']}/matches"

    seen = await market.anonymous.ok("GET", path)
    assert [one["achievement_id"] for one in seen["items"]] == [steel["id"], seeds["id"]]
    assert (seen["engine"], seen["degraded"]) == ("embedded", False)
    best, other = seen["items"]
    assert best["listing_ids"] == [listing["id"]]
    why = best["reasons"]
    for passage in why["passages"]:
        assert passage in steel["title"] + steel["summary"]
        assert passage in demand["profile"]["title"] + demand["profile"]["summary"] + "热处理"
    assert "轴承钢" in "".join(why["passages"])
    assert (why["fields"], why["maturity"]) == (["new_materials"], 7)
    assert [one["code"] for one in why["ipc"]] == ["C21D"]
    assert "热处理" in why["ipc"][0]["shared"]
    assert other["reasons"]["fields"] == []
    assert best["judged"] is None
    members = await owner.ok("GET", path)
    assert hidden["id"] in {one["achievement_id"] for one in members["items"]}
    assert (await market.anonymous.get(f"/demands/{draft['id']}/matches")).status_code == 404

    back = await market.anonymous.ok("GET", f"/achievements/{steel['id']}/matches")
    assert [one["demand_id"] for one in back["items"]] == [demand["id"]]
    assert (await market.anonymous.get(f"/achievements/{hidden['id']}/matches")).status_code == 404

    broker = await market.join("broker")
    operator = await market.admin()
    judge = f"{path}/{{}}/judgments"
    for user in (owner, seller):
        refused = await user.post(judge.format(steel["id"]), {"verdict": "accept"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_a_judge")
    bare = await broker.post(judge.format(seeds["id"]), {"verdict": "reject"})
    assert (bare.status_code, bare.json()["code"]) == (422, "rejection_needs_reason")
    assert (await broker.ok("GET", "/match_judgments"))["items"] == []
    await broker.ok("POST", judge.format(steel["id"]), {"verdict": "reject", "reason": "误点"})
    said = await broker.ok("POST", judge.format(steel["id"]), {"verdict": "accept"})
    assert said["model"] == seen["model"]
    await operator.ok(
        "POST", judge.format(seeds["id"]), {"verdict": "reject", "reason": "不是热处理"}
    )
    again = await broker.ok("GET", path)
    assert {one["achievement_id"]: one["judged"] for one in again["items"]} == {
        steel["id"]: "accept",
        seeds["id"]: None,
        hidden["id"]: None,
    }
    page = await broker.client.get(f"/demands/{demand['id']}")
    assert page.status_code == 200
    assert "匹配的成果" in page.text
    assert "一种高强度轴承钢的贝氏体等温淬火热处理工艺" in page.text
    mine = await broker.ok("GET", "/match_judgments")
    assert [one["verdict"] for one in mine["items"]] == ["accept", "reject"]
    everyones = await operator.ok("GET", "/match_judgments")
    assert len(everyones["items"]) == 3
    assert (await broker.get("/match_judgments/export")).status_code == 403

    files = []
    for part in ("achievements", "demands", "judgments"):
        answer = await operator.get("/match_judgments/export", params={"part": part})
        files.append(tmp_path / part)
        files[-1].write_bytes(answer.content)
    judged = read_set(*files)
    assert judged.levels == {demand["id"]: {steel["id"]: 3, seeds["id"]: 1}}
    assert judged.queries[demand["id"]].title == demand["profile"]["title"]


async def test_judgments_are_never_changed(sessions: Sessions) -> None:
    for statement in ("UPDATE match_judgment SET reason = 'x'", "DELETE FROM match_judgment"):
        async with sessions() as session:
            with pytest.raises(DBAPIError, match="append-only"):
                await session.execute(text(statement))


def test_judgments_come_to_one_level() -> None:
    one, two = "1", "2"
    votes = [(one, two, "accept"), (one, two, "reject"), (one, two, "accept"), (two, one, "accept")]
    assert rules.levels(votes) == {(one, two): 3, (two, one): 3}
    assert rules.levels([*votes, (one, two, "reject")])[one, two] == 1
    rules.require_reason(Verdict.ACCEPT, "")


def test_a_bad_model_file_ends_the_start(settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "model.json"
    bad.write_text("{}")
    with pytest.raises(BadModel):
        chosen_model(settings.model_copy(update={"matching_model": str(bad)}))
    assert chosen_model(settings).recipe["weights"].startswith("plain")
