"""Every refusal: its code, its field, and that nothing was written."""

from datetime import timedelta
from uuid import uuid4

from httpx import Response
from sqlalchemy import text

from app.kit import clock
from app.kit.calendar import local_day
from tests.listings.offers import (
    achievement_body,
    applied,
    counts,
    drafted,
    published,
    published_achievement,
    terms,
)
from tests.market import Market, User


def refusal(response: Response) -> tuple[int, str, str | None]:
    """Status, code and field."""
    body = response.json()
    if not body["errors"]:
        return response.status_code, body["code"], None
    error = body["errors"][0]
    return response.status_code, error["code"], error["field"]


async def refused(
    market: Market, user: User, path: str, body: object, expected: tuple[int, str, str | None]
) -> None:
    """The POST is refused as expected and writes nothing."""
    before = await counts(market)
    response = await user.post(path, body)
    assert refusal(response) == expected, response.text
    assert await counts(market) == before


async def test_bad_terms_are_refused_by_field(market: Market) -> None:
    seller = await market.join("university")
    good = terms(await published_achievement(seller))
    for change, code, field in (
        ({"price_fen": -1}, "greater_than_equal", "body.price_fen"),
        ({"price_fen": 0}, "greater_than_equal", "body.price_fen"),
        ({"price_fen": 1.5}, "int_type", "body.price_fen"),
        ({"title": "x" * 10_000_000}, "string_too_long", "body.title"),
        ({"title": "a\u0000b"}, "value_error", "body.title"),
        ({"surprise": 1}, "extra_forbidden", "body.surprise"),
        ({"transfer_mode": "give_away"}, "unknown_code", "body.transfer_mode"),
        ({"transfer_mode": "self_implement"}, "not_an_offer", "body.transfer_mode"),
        ({"transfer_mode": "license"}, "licence_manner_mismatch", "body.license_manner"),
        (
            {"transfer_mode": "equity_contribution"},
            "transfer_mode_not_offered",
            "body.transfer_mode",
        ),
        (
            {"transfer_mode": "license", "license_manner": "x"},
            "unknown_code",
            "body.license_manner",
        ),
        ({"profile": "PRIVATE"}, "profile_not_for_seller", "body.profile"),
        ({"deposit_fen": 50_000_001}, "deposit_too_high", "body.deposit_fen"),
        ({"disclosure_working_days": 4}, "disclosure_too_short", "body.disclosure_working_days"),
    ):
        await refused(market, seller, "/listings", good | change, (422, code, field))
    unknown = good | {"achievement_id": str(uuid4())}
    response = await seller.post("/listings", unknown)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_an_unpublished_or_foreign_achievement_is_not_listed(market: Market) -> None:
    seller = await market.join("university")
    other = await market.join("university")
    made = await seller.ok("POST", "/achievements", achievement_body())
    before = await counts(market)
    response = await seller.post("/listings", terms(made["id"]))
    assert (response.status_code, response.json()["code"]) == (409, "achievement_not_published")
    await seller.ok("POST", f"/achievements/{made['id']}/publish")
    response = await other.post("/listings", terms(made["id"]))
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    after = await counts(market)
    assert after["listing"] == before["listing"]


async def test_an_achievement_that_was_withdrawn_is_not_published_in_a_listing(
    market: Market,
) -> None:
    seller = await market.join("university")
    draft = await drafted(seller)
    path = f"/listings/{draft['id']}"
    await seller.ok("POST", path + "/submit")
    await seller.ok("POST", f"/achievements/{draft['achievement_id']}/withdraw")
    admin = await market.admin()
    expected = (409, "achievement_not_listable", "listing.achievement_id")
    await refused(market, admin, path + "/review", {"act": "approve"}, expected)


async def test_edits_are_for_drafts_against_the_version_that_was_read(market: Market) -> None:
    seller = await market.join("university")
    draft = await drafted(seller)
    path = f"/listings/{draft['id']}"
    tag = (await seller.get(path)).headers["etag"]
    licence = {"transfer_mode": "license", "license_manner": "sole", "title": "新标题"}
    changed = await seller.patch(path, licence, tag)
    assert (changed.status_code, changed.json()["license_manner"]) == (200, "sole")
    before = await counts(market)
    stale = await seller.patch(path, {"price_fen": 1}, tag)
    assert refusal(stale) == (412, "version_mismatch", "header.If-Match")
    bare = await seller.request("PATCH", path, json={"price_fen": 1})
    assert refusal(bare) == (428, "if_match_required", "header.If-Match")
    tag = changed.headers["etag"]
    short = await seller.patch(path, {"disclosure_working_days": 1}, tag)
    assert refusal(short)[1:] == ("disclosure_too_short", "body.disclosure_working_days")
    assert await counts(market) == before
    back = await seller.patch(path, {"transfer_mode": "assign"}, tag)
    assert back.json()["license_manner"] is None
    await seller.ok("POST", path + "/submit")
    before = await counts(market)
    fixed = await seller.patch(path, {"price_fen": 1}, (await seller.get(path)).headers["etag"])
    assert (fixed.status_code, fixed.json()["code"]) == (409, "illegal_move")
    assert fixed.json()["allowed"] == ["approve", "reject", "withdraw"]
    assert await counts(market) == before


async def test_reviews_and_withdrawals_need_reasons_and_free_the_right(market: Market) -> None:
    seller = await market.join("university")
    draft = await drafted(seller)
    path = f"/listings/{draft['id']}"
    admin = await market.admin()
    await refused(market, admin, path + "/review", {"act": "approve"}, (404, "not_found", None))
    await seller.ok("POST", path + "/submit")
    expected = (422, "reason_required", "body.reason")
    await refused(market, admin, path + "/review", {"act": "reject"}, expected)
    await admin.ok("POST", path + "/review", {"act": "reject", "reason": "材料不全"})
    assert (await seller.ok("GET", path))["review_note"] == "材料不全"
    async with market.sessions() as session:
        assert (await session.execute(text("SELECT count(*) FROM listing_claim"))).scalar_one() == 0
    await seller.ok("POST", path + "/submit")
    await admin.ok("POST", path + "/review", {"act": "approve"})
    await refused(market, seller, path + "/withdraw", {}, expected)
    await seller.ok("POST", path + "/withdraw", {"reason": "停止转让"})
    await refused(market, seller, path + "/withdraw", {"reason": "x"}, (409, "illegal_move", None))


async def mandated(market: Market, client: User) -> User:
    """A broker that acts for the client."""
    broker = await market.join("broker")
    async with market.sessions() as session:
        today = local_day(await clock.now(session))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["trade", "read"],
        "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=90)).isoformat(),
    }
    await client.ok("POST", "/mandates", mandate)
    return User(
        broker.client, broker.token, broker.organisation_id, on_behalf_of=client.organisation_id
    )


async def test_sellers_their_brokers_and_other_kinds_do_not_apply(market: Market) -> None:
    seller = await market.join("enterprise")
    broker = await mandated(market, seller)
    achievement_id = await published_achievement(seller)
    made = await drafted(broker, achievement_id)
    path = f"/listings/{made['id']}"
    await broker.ok("POST", path + "/submit")
    admin = await market.admin()
    shown = await admin.ok("POST", path + "/review", {"act": "approve"})
    assert shown["broker_id"] == str(broker.organisation_id)
    assert shown["seller_id"] == str(seller.organisation_id)
    buyer = await market.join("enterprise")
    double = await mandated(market, buyer)
    apply = path + "/applications"
    for user in (seller, broker):
        await refused(market, user, apply, {}, (403, "own_listing", None))
    async with market.sessions() as session:
        today = local_day(await clock.now(session))
    mandate = {
        "broker_id": str(broker.organisation_id),
        "scopes": ["trade"],
        "valid_from": today.isoformat(),
        "valid_until": today.isoformat(),
    }
    await buyer.ok("POST", "/mandates", mandate)
    broker.on_behalf_of = buyer.organisation_id
    await refused(market, broker, apply, {}, (403, "own_listing", None))
    university = await market.join("university")
    await refused(market, university, apply, {}, (403, "not_an_applicant", None))
    made = await double.ok("POST", apply, {})
    assert made["applicant_id"] == str(buyer.organisation_id)
    assert made["broker_id"] == str(double.organisation_id)
    await refused(market, buyer, apply, {}, (409, "already_applied", None))


async def test_applications_are_handled_within_the_period_only(market: Market) -> None:
    seller = await market.join("university")
    listing = await published(market, seller)
    one = await applied(market, listing)
    item = f"{one.path}/{one.application_id}"
    admin = await market.admin()
    for path, body, expected in (
        ("/decision", {"act": "refuse"}, (422, "reason_required", "body.reason")),
        ("/decision", {"act": "qualify"}, (409, "illegal_move", None)),
        ("/confirm-deposit", None, (409, "no_deposit_due", None)),
    ):
        await refused(market, admin, item + path, body, expected)
    stranger = await market.join("enterprise")
    await refused(market, stranger, item + "/withdraw", None, (404, "not_found", None))
    other = await published(market, seller)
    wrong = f"/listings/{other['id']}/applications/{one.application_id}/decision"
    await refused(market, admin, wrong, {"act": "qualify"}, (404, "not_found", None))
    await admin_clock(market)
    for user, path, body in (
        (stranger, one.path, {}),
        (admin, item + "/decision", {"act": "refuse", "reason": "x"}),
        (admin, item + "/confirm-deposit", None),
        (one.user, item + "/withdraw", None),
        (seller, f"/listings/{listing['id']}/withdraw", {"reason": "x"}),
    ):
        await refused(market, user, path, body, (409, "listing_not_open", None))


async def admin_clock(market: Market) -> None:
    """Past the end of the period, before any tick."""
    admin = await market.admin()
    await admin.ok("POST", "/sandbox/clock", {"advance_seconds": 30 * 86400})


async def test_bad_lists_are_refused(market: Market) -> None:
    for query, field in (
        ("sort=best", "query.sort"),
        ("ipc=9", "query.ipc"),
        ("region=1", "query.region"),
        ("price_min_fen=-1", "query.price_min_fen"),
    ):
        response = await market.anonymous.get(f"/listings?{query}")
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    for cursor in ("WzFd", "WyJ4IiwieSJd", "e30", "W251bGwsbnVsbF0"):
        response = await market.anonymous.get(f"/listings?cursor={cursor}")
        assert (response.status_code, response.json()["code"]) == (400, "bad_cursor")
