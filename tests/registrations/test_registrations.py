"""From a signed contract to the public register, over HTTP."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit import clock
from app.kit.actor import Actor
from app.kit.calendar import end_of_day, local_day, official_calendar
from app.registrations import service
from tests.contracts.trades import audited, concluded, rows, signed
from tests.market import Market, calendar_year
from tests.registrations.offices import Office, accepted, applied, office, registered

TABLES = (
    "registration",
    "registration_office",
    "registration_counter",
    "audit_event",
    "procrastinate_jobs",
)


async def year_of(market: Market) -> int:
    async with market.sessions() as session:
        return local_day(await clock.now(session)).year


async def test_a_contract_is_registered_with_the_first_number_of_the_year(market: Market) -> None:
    at = await office(market, "1101", "07")
    trade = await signed(market)
    path = await applied(trade, at)
    assert (await at.first.get(path)).status_code == 404  # a draft is the applicant's alone
    await trade.seller.ok("POST", path + "/submit")
    text_shown = await at.first.ok("GET", path + "/contract")
    assert text_shown["text_sha256"] == (await trade.contract())["text_sha256"]
    taken = await at.first.ok("POST", path + "/accept")
    assert taken["rule_set"] == "RS_2026"
    assert taken["rule_set_verify"] is True
    day = local_day(datetime.fromisoformat(taken["accepted_at"]))
    counted = official_calendar().end_of_working_days(day, 15)
    assert datetime.fromisoformat(taken["due_at"]) == end_of_day(counted.day)
    assert taken["calendar_version"] == counted.calendar_version
    done = await at.second.ok("POST", path + "/register")
    year = await year_of(market)
    assert done["number"] == f"{year}110107000001"
    assert done["state"] == "registered"
    assert await audited(market, done["id"]) == [
        f"registration.{act}" for act in ("apply", "submit", "accept", "register")
    ]
    entry = await market.anonymous.ok("GET", f"/register/{done['number']}")
    contract = await trade.contract()
    assert entry["title"] == contract["title"]
    assert entry["sub_class"] == "transfer.patent_right"
    assert not [name for name in entry if name.endswith("_fen")]
    assert (await market.anonymous.ok("GET", "/register"))["items"] == [entry]
    unknown = await market.anonymous.get(f"/register/{year}110107000002")
    assert unknown.status_code == 404


async def test_the_register_is_read_page_by_page(market: Market) -> None:
    at = await office(market)
    numbers = [(await registered(market, at))[1]["number"] for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = await market.anonymous.ok("GET", f"/register?limit=2{cursor}")
        seen += [row["number"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == numbers[::-1]
    assert (await market.anonymous.ok("GET", "/register?q=没有的"))["items"] == []
    assert len((await market.anonymous.ok("GET", "/register?q=钙钛矿"))["items"]) == 3
    assert (await market.anonymous.ok("GET", "/register?contract_class=service"))["items"] == []
    day = page["items"][0]["registered_at"][:10]
    for narrowed, count in (
        ("technical_field=new_materials&seller_region=11&buyer_region=110000", 3),
        ("technical_field=agriculture", 0),
        ("seller_region=31", 0),
        (f"office_id={at.id}", 3),
        ("office_id=00000000-0000-0000-0000-000000000000", 0),
        ("q=太阳能 钙钛矿&contract_class=transfer", 3),
        ("to=2000-01-01", 0),
        ("from=2000-01-01", 3),
        (f"from={day}&to=9999-12-31", 3),
    ):
        found = await market.anonymous.ok("GET", f"/register?{narrowed}")
        assert len(found["items"]) == count, narrowed
    reversed_ = await market.anonymous.get("/register?from=2025-01-02&to=2025-01-01")
    assert reversed_.json()["errors"][0]["code"] == "register_period_reversed"
    assert (await market.anonymous.get("/register?seller_region=1")).status_code == 422
    for cursor in ("@@", "WzFd", "WyJ4IiwieSJd"):
        bad = await market.anonymous.get(f"/register?cursor={cursor}")
        assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")


async def test_tv_b7_a_contract_is_registered_once(market: Market) -> None:
    here, there = await office(market, "1101", "07"), await office(market, "1101", "08")
    trade = await signed(market)
    path = await accepted(trade, here)
    before = await rows(market, *TABLES)
    body = {"contract_id": trade.contract_id, "office_id": there.id}
    refused = await trade.seller.post("/registrations", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_registration")
    assert await rows(market, *TABLES) == before
    await here.second.ok("POST", path + "/register")
    assert (await trade.seller.post("/registrations", body)).status_code == 409
    async with market.sessions() as session:
        copied = "INSERT INTO registration SELECT (jsonb_populate_record(r, jsonb_build_object("
        copied += "'id', uuidv7(), 'state', 'draft', 'number', NULL, 'registered_at', NULL))).*"
        with pytest.raises(IntegrityError, match="uq_registration_live_contract"):
            await session.execute(text(copied + " FROM registration r"))


async def test_sixteen_applications_at_once_make_one_registration(market: Market) -> None:
    at = await office(market)
    trade = await signed(market)
    body = {"contract_id": trade.contract_id, "office_id": at.id}
    answers = await asyncio.gather(*(trade.seller.post("/registrations", body) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15


async def test_a_refused_contract_can_be_registered_anew(market: Market) -> None:
    at = await office(market)
    trade = await signed(market)
    path = await accepted(trade, at)
    vague = await at.second.post(path + "/refuse", {"reason": "other"})
    assert (vague.status_code, vague.json()["code"]) == (422, "reason_missing")
    wrong = await at.second.post(path + "/refuse", {"reason": "bad_weather"})
    assert wrong.status_code == 422
    refused = await at.second.ok(
        "POST", path + "/refuse", {"reason": "documents_missing", "note": "缺少权属证明"}
    )
    assert (refused["state"], refused["refusal_reason"]) == ("refused", "documents_missing")
    again = await accepted(trade, at)
    assert (await at.second.ok("POST", again + "/register"))["number"].endswith("000001")


async def test_sixteen_decisions_at_once_get_consecutive_numbers(market: Market) -> None:
    at = await office(market)
    seller = await market.join("university")
    buyer = await market.join("enterprise")
    paths = [
        await accepted(await signed(market, seller=seller, buyer=buyer), at) for _ in range(16)
    ]
    answers = await asyncio.gather(*(at.second.post(path + "/register") for path in paths))
    assert [answer.status_code for answer in answers] == [200] * 16
    year = await year_of(market)
    found = sorted(
        (datetime.fromisoformat(answer.json()["registered_at"]), answer.json()["number"])
        for answer in answers
    )
    assert [number for _, number in found] == [
        f"{year}110107{serial:06d}" for serial in range(1, 17)
    ]


async def test_a_decision_that_is_rolled_back_leaves_no_gap(market: Market) -> None:
    at = await office(market)
    kept = UUID((await accepted(await signed(market), at)).rpartition("/")[2])
    lost = UUID((await accepted(await signed(market), at)).rpartition("/")[2])
    actor = Actor(
        person_id=at.second.person_id,
        organisation_id=at.second.organisation_id,
        organisation_kind="registration_office",
        roles=frozenset({"registrar"}),
    )
    async with market.sessions() as session:
        row = await service.register(session, actor, lost)
        assert row.number is not None
        assert row.number.endswith("000001")
        await session.rollback()
    async with market.sessions() as session, session.begin():
        row = await service.register(session, actor, kept)
        assert row.number is not None
        assert row.number.endswith("000001")
    found = await rows(market, "registration_counter", "registration")
    assert [row["last_serial"] for row in found["registration_counter"]] == [1]
    assert sum(row["number"] is not None for row in found["registration"]) == 1


async def test_whoever_accepts_does_not_register_unless_alone(market: Market) -> None:
    at = await office(market)
    path = await accepted(await signed(market), at)
    before = await rows(market, *TABLES)
    refused = await at.first.post(path + "/register")
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")
    assert await rows(market, *TABLES) == before
    members = f"/organisations/{at.id}/members/{at.second.person_id}"
    assert (await at.first.request("DELETE", members)).status_code == 204
    assert (await at.first.ok("POST", path + "/register"))["state"] == "registered"


async def test_a_correction_restarts_the_clock(market: Market) -> None:
    at = await office(market)
    trade = await signed(market, price_fen=600_000_000)
    path = await accepted(trade, at)
    large = await at.first.ok("GET", path)
    asked = await at.first.ok("POST", path + "/request-correction", {"note": "请更正技术交易额"})
    assert (asked["state"], asked["due_at"]) == ("needs_correction", None)
    early = await at.second.post(path + "/register")
    assert (early.status_code, early.json()["code"]) == (409, "illegal_move")
    await market.advance(days=60)  # no time runs for the office while the applicant corrects
    assert (await at.first.ok("GET", path))["overdue_at"] is None
    before = await rows(market, *TABLES)
    more = {"note": "更正", "technical_fen": 600_000_001}
    wrong = await trade.seller.post(path + "/correct", more)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "technical_exceeds_total")
    assert await rows(market, *TABLES) == before
    fixed = await trade.seller.ok(
        "POST", path + "/correct", {"note": "更正", "technical_fen": 499_999_999}
    )
    assert fixed["state"] == "accepted"
    assert fixed["accepted_at"] > large["accepted_at"]
    day = local_day(datetime.fromisoformat(fixed["accepted_at"]))
    expected = official_calendar().end_of_working_days(day, 15).day
    assert datetime.fromisoformat(fixed["due_at"]) == end_of_day(expected)
    assert (await at.second.ok("POST", path + "/register"))["technical_fen"] == 499_999_999


async def test_a_late_decision_is_marked_once(market: Market) -> None:
    at = await office(market)
    path = await accepted(await signed(market), at)
    await market.advance(days=60)
    late = await at.first.ok("GET", path)
    assert late["overdue_at"] >= late["due_at"]
    await market.advance(days=1)
    assert (await audited(market, late["id"])).count("registration.overdue") == 1
    listed = await at.first.ok("GET", "/registrations?overdue=true")
    assert [row["id"] for row in listed["items"]] == [late["id"]]
    assert (await at.first.ok("GET", "/registrations?overdue=false"))["items"] == []
    done = await at.second.ok("POST", path + "/register")
    assert done["overdue_at"] == late["overdue_at"]


async def test_a_provisional_due_day_is_counted_anew_and_never_earlier(market: Market) -> None:
    at = await office(market)
    year = await year_of(market)
    async with market.sessions() as session:
        today = local_day(await clock.now(session))
    await market.advance(days=(date(year, 12, 20) - today).days)
    path = await accepted(await signed(market), at)
    first = await at.first.ok("GET", path)
    assert first["due_provisional"] is True
    admin = await market.admin()
    await admin.ok("PUT", f"/calendar/years/{year + 1}", calendar_year(year + 1))
    await market.settle()
    second = await at.first.ok("GET", path)
    assert second["due_provisional"] is False
    assert second["calendar_version"] != first["calendar_version"]
    # 4 January is off beyond the statutory holidays in the loaded table.
    moved = datetime.fromisoformat(second["due_at"]) - datetime.fromisoformat(first["due_at"])
    assert moved >= timedelta(days=1)
    assert (await audited(market, second["id"])).count("registration.recount") == 1
    await admin.ok("PUT", f"/calendar/years/{year + 1}", calendar_year(year + 1))
    await market.settle()
    assert (await audited(market, second["id"])).count("registration.recount") == 1


async def test_offices_have_their_own_codes(market: Market) -> None:
    at = await office(market, "3301", "07")
    other = await market.join("registration_office")
    enterprise = await market.join("enterprise")
    path = "/registrations/office"
    before = await rows(market, *TABLES)
    taken = await other.request("PUT", path, json={"region4": "3301", "point": "07"})
    assert (taken.status_code, taken.json()["code"]) == (409, "point_taken")
    nowhere = await other.request("PUT", path, json={"region4": "9901", "point": "07"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "bad_region")
    for wrong in ({"region4": "330", "point": "07"}, {"region4": "3301", "point": "7a"}):
        assert (await other.request("PUT", path, json=wrong)).status_code == 422
    registrar = await at.second.request("PUT", path, json={"region4": "3301", "point": "09"})
    assert (registrar.status_code, registrar.json()["code"]) == (403, "role_required")
    stranger = await enterprise.request("PUT", path, json={"region4": "3301", "point": "09"})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "role_required")
    assert await rows(market, *TABLES) == before
    changed = await at.first.ok("PUT", path, {"region4": "1101", "point": "09"})
    assert changed["point"] == "09"
    await registered(market, Office(at.first, at.second, "1101", "09"))
    fixed = await at.first.request("PUT", path, json={"region4": "1101", "point": "10"})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "office_in_use")
    assert (await at.first.ok("PUT", path, {"region4": "1101", "point": "09"}))["point"] == "09"
    listed = await market.anonymous.ok("GET", "/registrations/offices?region=11")
    assert [row["organisation_id"] for row in listed] == [at.id]
    assert await market.anonymous.ok("GET", "/registrations/offices?region=44") == []


async def test_what_cannot_be_applied_for(market: Market) -> None:
    at, far = await office(market), await office(market, "3301", "07")
    bare = await market.join("registration_office")
    unsigned = await concluded(market)
    trade = await signed(market)
    contract = trade.contract_id
    cases = [
        (trade.seller, unsigned.contract_id, at.id, 404, "not_found"),
        (unsigned.seller, unsigned.contract_id, at.id, 409, "contract_not_effective"),
        (trade.buyer, contract, at.id, 403, "wrong_applicant"),
        (trade.seller, contract, far.id, 422, "outside_territory"),
        (trade.seller, contract, str(bare.organisation_id), 422, "unknown_office"),
        (trade.seller, contract, str(uuid4()), 422, "unknown_office"),
        (trade.seller, str(uuid4()), at.id, 404, "not_found"),
        (at.first, contract, at.id, 403, "role_required"),
        (await market.join("regulator"), contract, at.id, 403, "role_required"),
        (await market.join("enterprise"), contract, at.id, 404, "not_found"),
        (market.anonymous, contract, at.id, 401, "unauthenticated"),
    ]
    before = await rows(market, *TABLES)
    for user, contract_id, office_id, status, code in cases:
        answer = await user.post(
            "/registrations", {"contract_id": contract_id, "office_id": office_id}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(market, *TABLES) == before


async def test_who_may_do_what(market: Market) -> None:
    at, elsewhere = await office(market, "1101", "07"), await office(market, "1101", "08")
    trade = await signed(market)
    path = await accepted(trade, at)
    users = {
        "anonymous": market.anonymous,
        "buyer": trade.buyer,
        "stranger": await market.join("enterprise"),
        "operator": await market.admin(),
        "other office": elsewhere.first,
        "regulator": await market.join("regulator"),
        "seller": trade.seller,
    }
    reads = ("", "/contract")
    office_acts = {
        "/accept": None,
        "/request-correction": {"note": "请补正"},
        "/register": None,
        "/refuse": {"reason": "documents_missing"},
    }
    applicant_acts = {"/submit": None, "/correct": {"note": "补正"}}
    before = await rows(market, *TABLES)
    for who, user in users.items():
        sees = who in {"buyer", "regulator", "seller"}
        hidden = 401 if who == "anonymous" else 404
        for suffix in reads:
            answer = await user.get(path + suffix)
            assert answer.status_code == (200 if sees else hidden), (who, suffix)
        for suffix, body in office_acts.items():
            answer = await user.post(path + suffix, body)
            assert answer.status_code == (403 if sees else hidden), (who, suffix)
        for suffix, body in applicant_acts.items():
            expected = 409 if who == "seller" else (403 if sees else hidden)
            answer = await user.post(path + suffix, body)
            assert answer.status_code == expected, (who, suffix)
    for suffix, body in applicant_acts.items():
        assert (await at.first.post(path + suffix, body)).status_code == 403
    assert await rows(market, *TABLES) == before
    listed = {"buyer": 1, "stranger": 0, "operator": 0, "other office": 0, "regulator": 1}
    for who, count in listed.items():
        assert len((await users[who].ok("GET", "/registrations"))["items"]) == count, who
    queue = await at.second.ok("GET", "/registrations?state=accepted")
    assert len(queue["items"]) == 1
    assert (await market.anonymous.get("/registrations")).status_code == 401


async def test_rule_sets_are_public_with_their_marks(market: Market) -> None:
    old, new = await market.anonymous.ok("GET", "/registrations/rule-sets")
    assert (old["id"], old["decision_days"], old["counting"]) == ("RS_2001", 30, "calendar_days")
    assert (new["id"], new["verify"], new["large_technical_fen"]) == ("RS_2026", True, 500_000_000)
