"""Notices over HTTP: publication, objections, republication, effect."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.kit.calendar import end_of_day, local_day, official_calendar
from app.notices import service
from tests import flow
from tests.market import Market, calendar_year
from tests.notices.posted import PROCEDURE, drafted, objected, published, read
from tests.parties.test_relations import declare


def refusal(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def rows(market: Market) -> dict[str, list]:
    """Everything a refused act must leave alone."""
    found = {}
    async with market.sessions() as session:
        for table in ("notice", "notice_edition", "notice_objection", "audit_event"):
            query = text(f"SELECT coalesce(jsonb_agg(t ORDER BY t.id), '[]') FROM {table} t")
            found[table] = (await session.execute(query)).scalar_one()
    return found


async def acts(market: Market, notice: dict) -> list[str]:
    async with market.sessions() as session:
        query = "SELECT action FROM audit_event WHERE object_id = :id ORDER BY id"
        return list((await session.execute(text(query), {"id": notice["id"]})).scalars())


async def test_a_notice_is_published_for_15_days_and_takes_effect_once(market: Market) -> None:
    university = await market.join("university")
    draft = await drafted(market, university)
    assert (draft["state"], draft["edition"], draft["ends_at"]) == ("draft", 0, None)
    assert (await market.anonymous.get(f"/notices/{draft['id']}")).status_code == 404
    shown = await university.ok("POST", f"/notices/{draft['id']}/publish")
    start = local_day(datetime.fromisoformat(shown["published_at"]))
    end = official_calendar().end_of_calendar_days(start, 15).day
    assert datetime.fromisoformat(shown["ends_at"]) == end_of_day(end)
    assert (shown["state"], shown["edition"], shown["rule_set"]) == ("published", 1, "NOTICE_2016")
    public = await market.anonymous.ok("GET", f"/notices?achievement_id={shown['achievement_id']}")
    assert [one["id"] for one in public["items"]] == [shown["id"]]
    await flow.advance_to(market, datetime.fromisoformat(shown["ends_at"]) - timedelta(hours=1))
    assert (await read(market, shown))["state"] == "published"
    await flow.advance_to(market, shown["ends_at"])
    after = await read(market, shown)
    assert (after["state"], after["days_left"]) == ("effective", 0)
    assert datetime.fromisoformat(after["effective_at"]) >= end_of_day(end)
    async with market.sessions() as session, session.begin():
        await service.take_effect(session, UUID(shown["id"]), datetime(2100, 1, 1, tzinfo=UTC))
    assert await read(market, shown) == after
    assert await acts(market, shown) == ["notice.create", "notice.publish", "notice.take_effect"]


async def test_an_objection_stops_the_count_and_a_rejection_resumes_what_is_left(
    market: Market,
) -> None:
    university, objector = await market.join("university"), await market.join("enterprise")
    notice = await published(market, university)
    await market.advance(days=4)
    made = await objected(objector, notice)
    stopped = await read(market, notice)
    assert (stopped["state"], stopped["ends_at"], stopped["days_left"]) == ("suspended", None, 12)
    await market.advance(days=40)
    assert (await read(market, notice))["state"] == "suspended"
    path = f"/notices/{notice['id']}/objections/{made['id']}"
    before = await rows(market)
    response = await university.post(path + "/decision", {"act": "reject", "reason": ""})
    assert refusal(response) == (422, "notice_reason_required")
    assert await rows(market) == before
    reasons = "作价依据评估报告,程序合规。"
    await university.ok("POST", path + "/decision", {"act": "reject", "reason": reasons})
    resumed = await read(market, notice)
    today = local_day(await flow.market_now(market))
    end = official_calendar().end_of_calendar_days(today, 12).day
    assert (resumed["state"], resumed["counts_from"]) == ("published", str(today))
    assert datetime.fromisoformat(resumed["ends_at"]) == end_of_day(end)
    [outcome] = await market.anonymous.ok("GET", f"/notices/{notice['id']}/objections")
    assert (outcome["state"], outcome["reason"]) == ("rejected", reasons)
    assert outcome["overdue_at"] is not None
    assert (outcome["person_id"], outcome["grounds"]) == (None, None)
    [own] = await objector.ok("GET", f"/notices/{notice['id']}/objections")
    assert (own["person_id"], own["grounds"]) == (str(objector.person_id), "作价过低")
    await flow.advance_to(market, resumed["ends_at"])
    assert (await read(market, notice))["state"] == "effective"


async def test_the_count_waits_for_the_last_open_objection(market: Market) -> None:
    university = await market.join("university")
    one, two = await market.join("enterprise"), await market.join("enterprise")
    notice = await published(market, university)
    first, second = await objected(one, notice), await objected(two, notice)
    path = f"/notices/{notice['id']}/objections"
    response = await one.post(path, {"grounds": "再次"})
    assert refusal(response) == (409, "already_objected")
    operator = await market.admin()
    decision = {"act": "reject", "reason": "不成立"}
    await operator.ok("POST", f"{path}/{first['id']}/decision", decision)
    assert (await read(market, notice))["state"] == "suspended"
    response = await two.post(f"{path}/{first['id']}/withdraw")
    assert response.status_code == 404
    await two.ok("POST", f"{path}/{second['id']}/withdraw")
    assert (await read(market, notice))["state"] == "published"
    response = await operator.post(f"{path}/{second['id']}/decision", decision)
    assert refusal(response) == (409, "illegal_move")


async def test_an_upheld_objection_voids_the_price_and_a_new_edition_counts_anew(
    market: Market,
) -> None:
    university = await market.join("university")
    one, two = await market.join("enterprise"), await market.join("enterprise")
    notice = await published(market, university)
    await market.advance(days=3)
    made, other = await objected(one, notice), await objected(two, notice)
    path = f"/notices/{notice['id']}"
    response = await university.post(path + "/republish", {"price_fen": 60_000_000})
    assert refusal(response) == (409, "illegal_move")
    decision = {"act": "uphold", "reason": "作价未计入配套软件"}
    await university.ok("POST", f"{path}/objections/{made['id']}/decision", decision)
    void = await read(market, notice)
    assert (void["state"], void["ends_at"], void["closing_note"]) == (
        "void",
        None,
        decision["reason"],
    )
    states = {row["id"]: row for row in await market.anonymous.ok("GET", path + "/objections")}
    assert states[other["id"]]["state"] == "lapsed"
    again = await university.ok("POST", path + "/republish", {"price_fen": 60_000_000})
    assert (again["state"], again["edition"], again["days_left"]) == ("published", 2, 15)
    today = local_day(await flow.market_now(market))
    assert again["counts_from"] == str(today)
    editions = await market.anonymous.ok("GET", path + "/editions")
    prices = [(row["edition"], row["content"]["price_fen"]) for row in editions]
    assert prices == [(1, 50_000_000), (2, 60_000_000)]


async def test_republication_restarts_the_count_and_takes_the_effect_away(market: Market) -> None:
    university = await market.join("university")
    notice = await published(market, university)
    path = f"/notices/{notice['id']}"
    await flow.advance_to(market, notice["ends_at"])
    assert (await read(market, notice))["state"] == "effective"
    before = await rows(market)
    response = await university.post(path + "/republish", {"price_fen": 50_000_000})
    assert refusal(response) == (422, "nothing_changed")
    assert await rows(market) == before
    again = await university.ok("POST", path + "/republish", {"title": "另一名称"})
    assert (again["state"], again["edition"], again["effective_at"]) == ("published", 2, None)
    assert again["ends_at"] > notice["ends_at"]


async def test_what_is_drafted_is_edited_and_withdrawn_by_its_publisher_alone(
    market: Market,
) -> None:
    university, stranger = await market.join("university"), await market.join("university")
    draft = await drafted(market, university)
    path = f"/notices/{draft['id']}"
    response = await stranger.patch(path, {"price_fen": 1}, '"v1"')
    assert response.status_code == 404
    edited = await university.patch(path, {"price_fen": 70_000_000, "days": 20}, '"v1"')
    assert (edited.json()["price_fen"], edited.json()["days_left"]) == (70_000_000, 20)
    response = await university.patch(path, {"price_fen": 1}, '"v1"')
    assert refusal(response) == (412, "version_mismatch")
    await university.ok("POST", path + "/publish")
    response = await university.patch(path, {"price_fen": 1}, '"v3"')
    assert refusal(response) == (409, "illegal_move")
    response = await university.post(path + "/withdraw", {})
    assert refusal(response) == (422, "notice_reason_required")
    gone = await university.ok("POST", path + "/withdraw", {"reason": "交易取消"})
    assert (gone["state"], gone["closing_note"]) == ("withdrawn", "交易取消")
    assert (await read(market, gone))["state"] == "withdrawn"
    objector = await market.join("enterprise")
    response = await objector.post(path + "/objections", {"grounds": "晚了"})
    assert refusal(response) == (409, "notice_not_open")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"days": 14}, "notice_too_short", "body.days"),
        ({"taker_name": "某人"}, "taker_unclear", "body.taker_id"),
        ({"taker_id": None}, "taker_unclear", "body.taker_id"),
        ({"transfer_mode": "gift"}, "unknown_code", "body.transfer_mode"),
        ({"taker_id": None, "taker_name": "李四"}, "interest_not_marked", "body.interest"),
    ],
)
async def test_a_draft_against_the_rules_is_refused(
    market: Market, change: dict, code: str, field: str
) -> None:
    university, taker = await market.join("university"), await market.join("enterprise")
    achievement = await flow.post_achievement(market, university, persons=[{"name": "李四"}])
    before = await rows(market)
    body = {
        "achievement_id": achievement["id"],
        "transfer_mode": "assign",
        "price_fen": 50_000_000,
        "taker_id": str(taker.organisation_id),
        "objection_procedure": PROCEDURE,
    } | change
    response = await university.post("/notices", body)
    assert refusal(response) == (422, code)
    assert response.json()["errors"][0]["field"] == field
    assert await rows(market) == before


async def test_a_marked_inventor_is_public(market: Market) -> None:
    university = await market.join("university")
    achievement = await flow.post_achievement(market, university, persons=[{"name": "李四"}])
    mark = {"interest": "inventor", "interest_note": "受让方为第一完成人"}
    taker = {"taker_id": None, "taker_name": "李四"}
    notice = await published(market, university, achievement=achievement, **taker, **mark)
    shown = await read(market, notice)
    assert (shown["interest"], shown["interest_note"]) == ("inventor", "受让方为第一完成人")


async def test_a_taker_that_the_unit_controls_is_marked(market: Market) -> None:
    university, daughter = await market.join("university"), await market.join("enterprise")
    draft = await drafted(market, university, daughter)
    await declare(university, university, "controls", daughter)
    path = f"/notices/{draft['id']}"
    before = await rows(market)
    refused = await university.post(path + "/publish")
    assert refusal(refused) == (422, "interest_not_marked")
    assert await rows(market) == before
    mark = {"interest": "interested_party", "interest_note": "受让方由本校控股"}
    edited = await university.patch(path, mark, f'"v{draft["version"]}"')
    assert edited.status_code == 200, edited.text
    shown = await university.ok("POST", path + "/publish")
    assert (shown["state"], shown["interest"]) == ("published", "interested_party")


async def test_nobody_decides_an_objection_of_their_own(market: Market) -> None:
    university = await market.join("university")
    notice = await published(market, university)
    made = await objected(university, notice)
    path = f"/notices/{notice['id']}/objections/{made['id']}/decision"
    response = await university.post(path, {"act": "reject", "reason": "不成立"})
    assert refusal(response) == (403, "own_objection")


async def test_the_database_refuses_effect_before_the_end_and_changes_of_what_is_public(
    market: Market,
) -> None:
    university, objector = await market.join("university"), await market.join("enterprise")
    notice = await published(market, university)
    effect = "UPDATE notice SET state = 'effective', effective_at = ends_at, days_left = 0"
    changes = {
        effect: "the period of notice",
        "UPDATE notice SET price_fen = 1": "a change is a new edition",
        "UPDATE notice SET days = 14": "days",
        "UPDATE notice SET ends_at = published_at + interval '14 days'": "stands_long_enough",
        "UPDATE notice_edition SET days = 20": "append-only",
    }
    for change, why in changes.items():
        async with market.sessions() as session:
            with pytest.raises(DBAPIError, match=why):
                await session.execute(text(change))
    await objected(objector, notice)
    await market.advance(days=60)
    moved = "UPDATE notice SET state = 'published', ends_at = published_at + interval '16 days'"
    async with market.sessions() as session:
        await session.execute(text(moved))
        with pytest.raises(DBAPIError, match="the period of notice"):
            await session.execute(text(effect))


async def test_two_objections_of_one_person_at_once_leave_one(market: Market) -> None:
    university, objector = await market.join("university"), await market.join("enterprise")
    notice = await published(market, university)
    path = f"/notices/{notice['id']}/objections"
    answers = await asyncio.gather(*(objector.post(path, {"grounds": "低"}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    async with market.sessions() as session:
        copy = text(
            "INSERT INTO notice_objection (id, notice_id, edition, person_id, organisation_id,"
            " grounds, due_at) SELECT uuidv7(), notice_id, edition, person_id, organisation_id,"
            " grounds, due_at FROM notice_objection"
        )
        with pytest.raises(IntegrityError, match="uq_notice_objection_open"):
            await session.execute(copy)


async def test_an_objection_and_the_end_of_the_period_have_one_winner(market: Market) -> None:
    university, objector = await market.join("university"), await market.join("enterprise")
    notice = await published(market, university)
    ends = datetime.fromisoformat(notice["ends_at"])
    await flow.stop_clock(market, ends)
    await flow.step_clock(market, 1)
    objection, _ = await asyncio.gather(
        objector.post(f"/notices/{notice['id']}/objections", {"grounds": "低"}),
        market.ticker.tick(),
    )
    assert refusal(objection) == (409, "notice_not_open")
    await market.settle()
    assert (await read(market, notice))["state"] == "effective"


async def test_a_year_that_is_loaded_recounts_a_provisional_end(market: Market) -> None:
    await flow.advance_to(market, datetime(2026, 12, 20, 2, 0, tzinfo=UTC))
    university = await market.join("university")
    notice = await published(market, university)
    assert notice["ends_provisional"] is True
    admin = await market.admin()
    await admin.ok("PUT", "/calendar/years/2027", calendar_year(2027))
    await market.settle()
    shown = await read(market, notice)
    assert shown["ends_provisional"] is False
    assert shown["ends_at"] >= notice["ends_at"]
    assert (await acts(market, notice))[-1] == "notice.recount"
