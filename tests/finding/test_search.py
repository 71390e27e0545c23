"""Searching as people do, over HTTP: what is found, by whom, and what alerts tell."""

from email import message_from_bytes, policy

from sqlalchemy import text

from app.kit.settings import Settings
from tests.conftest import running_market
from tests.demands import steps as demands
from tests.flow import open_listing, post_achievement
from tests.market import Market


async def titles(user, q: str = "", **asked: object) -> list[str]:
    """Titles of what a user finds, in order."""
    answer = await user.ok("GET", "/search", params={"q": q} | asked)
    return [one["title"] for one in answer["items"]]


async def test_achievements_listings_and_demands_are_found_together(market: Market) -> None:
    seller = await market.join("university")
    owner = await market.join("enterprise")
    public = await post_achievement(
        market, seller, title="轴承钢的贝氏体淬火工艺", summary="提高接触疲劳寿命", trl=7
    )
    await post_achievement(
        market, seller, title="内部轴承试验台", summary="轴承", secrecy="internal"
    )
    await seller.ok(
        "POST",
        "/achievements",
        {k: public[k] for k in ("technical_field", "ipc", "transfer_modes")}
        | {"title": "轴承草稿", "summary": "轴承"}
        | {"rights": [{"type": "know_how", "title": "轴承"}]},
    )
    listing = await open_listing(market, seller, public)
    await demands.published(market, owner, title="寻求轴承钢热处理", anonymous=True)
    await demands.published(
        market, owner, title="轴承密封件", confidentiality="internal", summary="轴承的密封"
    )
    await market.settle()

    answer = await market.anonymous.ok("GET", "/search", params={"q": "軸承鋼"})
    assert answer["engine"] == "embedded"
    assert answer["degraded"] is False
    assert sorted(one["kind"] for one in answer["items"]) == ["achievement", "demand", "listing"]
    assert answer["total"] == 3
    counted = {
        name: {v["value"]: v["count"] for v in values} for name, values in answer["facets"].items()
    }
    assert counted["kind"] == {"achievement": 1, "demand": 1, "listing": 1}
    assert counted["maturity"] == {"7": 2}, "a listing has its achievement's"
    assert counted["ipc"] == {"H01M": 2}
    assert counted["region"] == {"110000": 3}, "an achievement's is its owner's"
    assert counted["price_band"] == {"50w_100w": 1, "100w_500w": 1}
    assert all("owner" not in str(one) for one in answer["items"])
    (lot,) = (one for one in answer["items"] if one["kind"] == "listing")
    assert lot["links"]["self"] == f"/api/v1/listings/{listing['id']}"
    for one in answer["items"]:
        for start, end in one["highlights"]["title"]:
            assert one["title"][start:end] in {"轴承", "轴承钢", "钢"}

    members = {"轴承钢的贝氏体淬火工艺", "寻求轴承钢热处理", "内部轴承试验台", "轴承密封件"}
    assert set(await titles(market.anonymous, "轴承")) == members - {"内部轴承试验台", "轴承密封件"}
    assert set(await titles(owner, "轴承")) == members
    typed = {"q": "内部轴"}
    path = "/search/suggestions"
    assert (await market.anonymous.ok("GET", path, params=typed))["suggestions"] == []
    assert (await owner.ok("GET", path, params=typed))["suggestions"] == ["内部轴承试验台"]
    pinyin = await market.anonymous.ok("GET", path, params={"q": "zhoucheng"})
    assert "轴承钢的贝氏体淬火工艺" in pinyin["suggestions"]

    narrowed = {"kind": ["listing", "demand"], "price_max_fen": 100_000_000}
    assert await titles(market.anonymous, "轴承", **narrowed) == ["寻求轴承钢热处理"]
    either = await market.anonymous.ok("GET", "/search", params=narrowed | {"q": "轴承"})
    assert {v["value"]: v["count"] for v in either["facets"]["kind"]} == {"demand": 1}
    kinds = await market.anonymous.ok("GET", "/search", params={"q": "轴承钢", "kind": "demand"})
    assert sorted(v["value"] for v in kinds["facets"]["kind"]) == [
        "achievement",
        "demand",
        "listing",
    ]
    assert [v["value"] for v in kinds["facets"]["price_band"]] == ["50w_100w"]
    assert (await titles(market.anonymous, sort="-price"))[0] == "轴承钢的贝氏体淬火工艺"
    bad = await market.anonymous.get("/search", params={"sort": "rank"})
    assert bad.status_code == 422

    # What has ceased to be public is not shown, however stale the index is.
    async with market.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE achievement SET secrecy = 'internal' WHERE id = :id"), {"id": public["id"]}
        )
    asked = {"q": "贝氏体", "kind": "achievement"}
    stale = await market.anonymous.ok("GET", "/search", params=asked)
    assert stale["items"] == []
    gone = await market.anonymous.get(f"/achievements/{public['id']}/similar")
    assert gone.status_code == 404


async def test_similar_achievements(market: Market) -> None:
    seller = await market.join("university")
    first, second, _ = [
        await post_achievement(market, seller, title=title, summary=summary)
        for title, summary in (
            ("锂电池陶瓷隔膜", "陶瓷涂覆的电池隔膜"),
            ("聚烯烃电池隔膜", "湿法拉伸的隔膜"),
            ("水稻抗旱品种", "选育方法"),
        )
    ]
    await market.settle()
    found = await market.anonymous.ok("GET", f"/achievements/{first['id']}/similar")
    assert [one["id"] for one in found["items"]] == [second["id"]]


async def test_an_alert_tells_of_new_answers_once(market: Market) -> None:
    seller = await market.join("university")
    reader = await market.join("enterprise")
    await post_achievement(market, seller, title="早先的隔膜")
    refused = await reader.post("/search_alerts", {"name": "一切", "question": {}})
    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_asked")
    wrong = {"name": "隔膜", "question": {"q": "隔膜"}, "mail": "nobody"}
    refused = await reader.post("/search_alerts", wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_mail_address")
    alert = await reader.ok("POST", "/search_alerts", wrong | {"mail": "reader@example.com"})
    await market.settle()
    path = f"/search_alerts/{alert['id']}"
    assert (await reader.ok("GET", path))["matches"] == [], "it was published before"

    await market.advance(minutes=1)
    found = await post_achievement(market, seller, title="新的陶瓷隔膜")
    await post_achievement(market, seller, title="水稻")
    await market.settle()
    async with market.sessions() as session, session.begin():
        await session.execute(
            text("UPDATE achievement SET summary = '改' WHERE id = :id"), {"id": found["id"]}
        )
    await market.settle()
    shown = await reader.ok("GET", path)
    assert [one["id"] for one in shown["matches"]] == [found["id"]]
    assert await reader.ok("GET", "/search_alerts") == [shown]
    (mail,) = (
        message_from_bytes(one.read_bytes(), policy=policy.default)
        for one in (market.settings.data_dir / "mail").glob("*.eml")
    )
    assert mail["To"] == "reader@example.com"
    assert f"/achievements/{found['id']}" in mail.get_content()
    told = await reader.ok("GET", "/feed", params={"mine": "true", "kind": "search_alert"})
    assert [one["act"] for one in told["items"]] == ["create", "match"]
    public = await market.anonymous.ok("GET", "/feed", params={"kind": "search_alert"})
    assert public["items"] == []

    other = await market.join("enterprise")
    assert (await other.get(path)).status_code == 404
    assert (await reader.request("DELETE", path)).status_code == 204
    assert (await reader.get(path)).status_code == 404
    await post_achievement(market, seller, title="更新的隔膜")
    await market.settle()
    assert len(list((market.settings.data_dir / "mail").glob("*.eml"))) == 1


async def test_the_embedded_engine_stands_in_and_says_so(
    database_url: str, sessions, unreachable: Settings
) -> None:
    async with running_market(database_url, sessions, unreachable) as market:
        seller = await market.join("university")
        await post_achievement(market, seller, title="电池隔膜")
        await market.settle()
        answer = await market.anonymous.ok("GET", "/search", params={"q": "隔膜"})
        assert [one["title"] for one in answer["items"]] == ["电池隔膜"]
        assert (answer["engine"], answer["degraded"]) == ("embedded", True)
        admin = await market.admin()
        embedded, away = await admin.ok("GET", "/search/indexes")
        assert (embedded["waiting"], away["waiting"], away["answers"]) == (0, 1, True)
        assert away["lag_seconds"] > 0
        assert "connection" in away["error"].lower()
        metrics = (await market.client.get("/metrics")).text
        assert 'techmarket_search_waiting{target="meilisearch"} 1.0' in metrics
        assert 'techmarket_search_lag_seconds{target="embedded"} 0.0' in metrics
