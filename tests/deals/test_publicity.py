"""The publicity of results (rules.md C-19), cancellation, default and the runner-up."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.deals import rules, service
from app.kit.calendar import official_calendar
from tests import flow
from tests.contracts.trades import rows
from tests.listings.test_deposits import SETTLEMENT
from tests.market import Market, User

TABLES = ("deal", "listing", "listing_claim", "runner_up_offer", "audit_event")


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        pytest.param(date(2025, 9, 22), 5, date(2025, 9, 28), id="TV-T7"),
        pytest.param(date(2026, 2, 9), 5, date(2026, 2, 14), id="TV-T9"),
        pytest.param(date(2025, 12, 22), 5, date(2025, 12, 29), id="TV-T10"),
        pytest.param(date(2026, 4, 27), 5, date(2026, 5, 7), id="TV-T11"),
    ],
)
def test_publicity_ends_with_its_last_working_day(start: date, days: int, last: date) -> None:
    noon = datetime(start.year, start.month, start.day, 4, tzinfo=UTC)
    period = rules.publicity(noon, days, official_calendar())
    assert (period.starts_on, rules.last_day(period.ends_at)) == (start, last)
    assert not period.provisional


def test_a_recount_never_ends_a_publicity_earlier() -> None:
    calendar = official_calendar()
    told = datetime(2025, 10, 15, 16, tzinfo=UTC)
    period = rules.recounted(date(2025, 9, 22), told, 5, calendar)
    assert period.ends_at == told
    late = rules.recounted(date(2025, 9, 22), datetime(2025, 9, 25, 16, tzinfo=UTC), 5, calendar)
    assert rules.last_day(late.ends_at) == date(2025, 9, 28)


async def signing(market: Market, deal: dict[str, Any], seller: User) -> tuple[str, dict[str, str]]:
    """The path and body of a signature under the deal's proposed contract."""
    [contract] = (await seller.ok("GET", f"/contracts?deal_id={deal['id']}"))["items"]
    path = f"/contracts/{contract['id']}"
    read = await seller.get(path)
    await seller.patch(path, {"licence_until": "2030-12-31"}, read.headers["etag"])
    proposed = await seller.ok("POST", f"{path}/propose")
    return f"{path}/sign", {"text_sha256": proposed["text_sha256"]}


async def test_a_contract_is_signed_after_the_publicity_and_not_before(market: Market) -> None:
    deal, seller, buyer = await flow.conclude_deal(market)
    assert deal["publicity_working_days"] == 5
    path, body = await signing(market, deal, seller)
    before = await rows(market, "contract_signature", "deal")
    early = await seller.post(path, body)
    assert (early.status_code, early.json()["code"]) == (409, "publicity_running")
    assert early.json()["publicity_ends_at"].startswith(deal["publicity_ends_at"][:19])
    async with market.sessions() as session, session.begin():
        statements = [
            "UPDATE deal SET state = 'publicised'",
            "UPDATE deal SET state = 'contracted', contracted_at = now()",
            "INSERT INTO contract_signature (id, contract_id, party_id, person_id, text_version,"
            " text_sha256, signed_at) SELECT uuidv7(), c.id, c.seller_id, p.id, c.text_version,"
            " c.text_sha256, now() FROM contract c, person p LIMIT 1",
        ]
        for statement in statements:
            with pytest.raises(DBAPIError, match="public"):
                async with session.begin_nested():
                    await session.execute(text(statement))
    assert await rows(market, "contract_signature", "deal") == before
    public = await flow.make_public(market, deal)
    assert public["state"] == "publicised"
    for party in (seller, buyer):
        await party.ok("POST", path, body)
    assert (await market.anonymous.ok("GET", f"/deals/{deal['id']}"))["state"] == "contracted"


async def test_the_stored_end_decides_when_the_tick_is_late(market: Market) -> None:
    deal, seller, _ = await flow.conclude_deal(market)
    path, body = await signing(market, deal, seller)
    now = await flow.stop_clock(market, deal["publicity_ends_at"])
    assert (await seller.post(path, body)).json()["code"] == "publicity_running"
    end = datetime.fromisoformat(deal["publicity_ends_at"])
    await flow.step_clock(market, int((end - now).total_seconds()) + 1)
    await seller.ok("POST", path, body)
    assert (await market.anonymous.ok("GET", f"/deals/{deal['id']}"))["state"] == "publicised"
    async with market.sessions() as session, session.begin():
        await service.publicise_due(session, UUID(deal["id"]), await flow.market_now(market))
    assert (await market.anonymous.ok("GET", f"/deals/{deal['id']}"))["state"] == "publicised"


async def test_a_suspended_publicity_waits_and_begins_anew(market: Market) -> None:
    deal, _, _ = await flow.conclude_deal(market)
    operator = await market.admin()
    path = f"/deals/{deal['id']}"
    held = await operator.ok("POST", f"{path}/suspend", {"reason": "收到异议"})
    assert (held["state"], held["note"]) == ("suspended", "收到异议")
    await market.advance(days=30)
    assert (await market.anonymous.ok("GET", path))["state"] == "suspended"
    again = await operator.ok("POST", f"{path}/resume")
    assert again["state"] == "concluded"
    assert again["publicity_from"] > deal["publicity_ends_at"][:10]
    assert (await flow.make_public(market, again))["state"] == "publicised"
    refused = await operator.post(f"{path}/suspend", {"reason": "太晚"})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move")


async def test_a_cancelled_deal_frees_the_right_for_another_listing(market: Market) -> None:
    deal, seller, buyer = await flow.conclude_deal(market)
    achievement = {"id": deal["achievement_id"]}
    again = await seller.post("/listings", await listing_body(deal))
    assert again.json()["code"] == "right_already_awarded"
    operator = await market.admin()
    path, body = await signing(market, deal, seller)
    done = await operator.ok("POST", f"/deals/{deal['id']}/cancel", {"reason": "权属争议"})
    assert (done["state"], done["note"]) == ("cancelled", "权属争议")
    assert (await buyer.post(path, body)).json()["code"] == "deal_ended"
    listing = await market.anonymous.ok("GET", f"/listings/{deal['listing_id']}")
    assert listing["state"] == "failed"
    await flow.open_listing(market, seller, achievement)
    async with market.sessions() as session, session.begin():
        await service.record_auction(session, UUID(deal["auction_id"]))
    assert len((await buyer.ok("GET", "/deals?mine=true"))["items"]) == 1


async def listing_body(deal: dict[str, Any]) -> dict[str, Any]:
    return {
        "achievement_id": deal["achievement_id"],
        "transfer_mode": "license",
        "license_manner": "exclusive",
        "disclosure_working_days": 5,
        "price_fen": flow.START_FEN,
        "increment_fen": flow.STEP_FEN,
    }


async def defaulted(market: Market, **options: Any) -> tuple[dict[str, Any], User, list[User]]:
    """A deal whose buyer defaulted and that was offered to the next bidder; its bidders."""
    auction, seller, bidders = await flow.start_auction(market, **options)
    for raises, bidder in enumerate(bidders):
        placed = await flow.bid(bidder, auction, auction["start_fen"] + raises * flow.STEP_FEN)
        assert placed.status_code == 201, placed.text
    await flow.close_auction(market, auction)
    deal = await flow.deal_of(market, auction)
    operator = await market.admin()
    default = {"reason": "逾期未签约", "following": "runner_up"}
    ended = await operator.ok("POST", f"/deals/{deal['id']}/default", default)
    assert ended["state"] == "defaulted"
    return deal, seller, bidders


async def pay_anew(market: Market, bidder: User, deal: dict[str, Any]) -> dict[str, Any]:
    """The bidder's new deposit as it was asked for; it is paid by bank."""
    await (await market.admin()).ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    applications = f"/listings/{deal['listing_id']}/applications"
    [own] = (await bidder.ok("GET", applications))["items"]
    asked: dict[str, Any] = own["deposit"]
    assert asked["state"] == "expected"
    await flow.tell_bank(market, [flow.paid(asked["amount_fen"], asked["reference"])])
    return asked


async def test_a_runner_up_who_does_not_pay_anew_in_time_frees_the_right(market: Market) -> None:
    """rules.md C-14: a deposit arrives in time, or the applicant is deemed to have withdrawn."""
    deal, _, [runner_up, _] = await defaulted(market)
    path = f"/deals/{deal['id']}/runner-up"
    accepted = await runner_up.ok("POST", path, {"accept": True})
    before = await flow.stop_clock(market, accepted["deposit_due_at"])
    await market.settle()
    assert (await runner_up.ok("GET", path))["lapsed_at"] is None
    await flow.step_clock(market, 2)
    await market.settle()
    lapsed = await runner_up.ok("GET", path)
    assert datetime.fromisoformat(lapsed["lapsed_at"]) > before
    listing = await market.anonymous.ok("GET", f"/listings/{deal['listing_id']}")
    assert listing["state"] == "failed"
    # What comes now goes back.
    await pay_late(market, runner_up, deal)
    reasons = [one["reason"] for one in (await runner_up.ok("GET", "/ledger/refunds"))["items"]]
    assert reasons[0] == "surplus"
    assert (await market.anonymous.ok("GET", f"/deals?listing_id={deal['listing_id']}"))[
        "items"
    ] == []


async def pay_late(market: Market, bidder: User, deal: dict[str, Any]) -> None:
    await (await market.admin()).ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    applications = f"/listings/{deal['listing_id']}/applications"
    [own] = (await bidder.ok("GET", applications))["items"]
    assert own["deposit"]["state"] == "settled"
    reference = own["deposit"]["reference"]
    await flow.tell_bank(market, [flow.paid(own["deposit"]["amount_fen"], reference)])


async def test_the_runner_up_takes_the_deal_at_its_own_highest_bid(market: Market) -> None:
    deal, seller, [runner_up, winner] = await defaulted(market)
    path = f"/deals/{deal['id']}/runner-up"
    offer = await runner_up.ok("GET", path)
    assert (offer["bidder_id"], offer["price_fen"]) == (
        str(runner_up.organisation_id),
        flow.START_FEN,
    )
    assert (await winner.get(path)).status_code == 404
    accepted = await runner_up.ok("POST", path, {"accept": True})
    # Its deposit went back after the bidding: it is asked for anew before the deal is concluded.
    assert (accepted["accepted"], accepted["concluded_at"]) == (True, None)
    assert (await market.anonymous.ok("GET", f"/deals?listing_id={deal['listing_id']}"))[
        "items"
    ] == []
    asked = await pay_anew(market, runner_up, deal)
    assert (asked["round"], asked["due_at"]) == (2, accepted["deposit_due_at"])
    assert (await runner_up.ok("GET", path))["concluded_at"] is not None
    [public] = (await market.anonymous.ok("GET", f"/deals?listing_id={deal['listing_id']}"))[
        "items"
    ]
    assert (public["succeeds_id"], public["price_fen"]) == (deal["id"], flow.START_FEN)
    assert (public["buyer_id"], public["state"]) == (str(runner_up.organisation_id), "concluded")
    again = await runner_up.post(path, {"accept": True})
    assert again.json()["code"] == "runner_up_offer_closed"
    await market.settle()
    contract = await flow.contract_of(market, public, seller, runner_up)
    assert (contract["state"], contract["total_fen"]) == ("signed", flow.START_FEN)


@pytest.mark.parametrize("answered", [True, False])
async def test_a_declined_or_lapsed_offer_frees_the_right(market: Market, answered: bool) -> None:
    deal, seller, [runner_up, _] = await defaulted(market)
    path = f"/deals/{deal['id']}/runner-up"
    if answered:
        await runner_up.ok("POST", path, {"accept": False})
    else:
        await flow.advance_to(market, (await runner_up.ok("GET", path))["valid_until"])
        assert (await runner_up.post(path, {"accept": True})).status_code == 409
    shown = await runner_up.ok("GET", path)
    assert shown["decided_at"] is not None
    assert shown["accepted"] is (False if answered else None)
    await flow.open_listing(market, seller, {"id": deal["achievement_id"]})


async def test_with_one_bidder_there_is_no_runner_up_and_nothing_is_written(
    market: Market,
) -> None:
    deal, _, _ = await flow.conclude_deal(market, bidders=1)
    operator = await market.admin()
    before = await rows(market, *TABLES)
    default = {"reason": "未签约", "following": "runner_up"}
    refused = await operator.post(f"/deals/{deal['id']}/default", default)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_runner_up")
    assert await rows(market, *TABLES) == before


async def test_default_under_contract_terminates_it(market: Market) -> None:
    deal, seller, buyer = await flow.conclude_deal(market)
    contract = await flow.contract_of(market, deal, seller, buyer)
    operator = await market.admin()
    await operator.ok("POST", f"/deals/{deal['id']}/default", {"reason": "未付款"})
    await market.settle()
    shown = await seller.ok("GET", f"/contracts/{contract['id']}")
    assert shown["state"] == "terminated"


async def test_a_listing_has_one_live_deal_in_the_database(market: Market) -> None:
    deal, _, _ = await flow.conclude_deal(market)
    copy = (
        "INSERT INTO deal SELECT (jsonb_populate_record(d, jsonb_build_object('id', uuidv7(),"
        " 'succeeds_id', d.id, 'award_id', NULL))).* FROM deal d WHERE id = :id"
    )
    async with market.sessions() as session:
        with pytest.raises(DBAPIError, match="uq_deal_live_listing"):
            await session.execute(text(copy), {"id": deal["id"]})
