"""Deposits of applicants over HTTP: paid by bank, by word, late, lost, set off, forfeited."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.kit.actor import SYSTEM
from app.kit.calendar import official_calendar
from app.listings import refund_terms
from app.listings import service as listings
from tests import flow
from tests.ledger.books import books
from tests.listings import offers
from tests.market import Market, User

FEN = flow.DEPOSIT_FEN
SETTLEMENT = {"number": "110060149013000123456", "name": "保证金专户", "bank_name": "示例银行"}


async def open_listing(market: Market, **terms: Any) -> dict[str, Any]:
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    return await flow.open_listing(market, await market.join("university"), **terms)


async def qualified(market: Market, listing: dict[str, Any]) -> tuple[User, str, dict[str, Any]]:
    """A bidder, the path of its application, and the deposit that is asked of it."""
    bidder = await market.join("enterprise")
    made = await flow.apply(market, listing, bidder)
    assert made["deposit"] is None
    path = f"/listings/{listing['id']}/applications/{made['id']}"
    admin = await market.admin()
    await admin.ok("POST", f"{path}/decision", {"act": "qualify"})
    return bidder, path, (await shown(bidder, listing))["deposit"]


async def shown(bidder: User, listing: dict[str, Any]) -> dict[str, Any]:
    """The bidder's application as it sees it."""
    [own] = (await bidder.ok("GET", f"/listings/{listing['id']}/applications"))["items"]
    found: dict[str, Any] = own
    return found


async def refunds_of(bidder: User) -> list[tuple[str, int, str]]:
    page = await bidder.ok("GET", "/ledger/refunds")
    return [(one["state"], one["amount_fen"], one["reason"]) for one in page["items"]]


async def sums(market: Market) -> dict[str, int]:
    async with market.sessions() as session:
        found = await books(session)
    assert found.wrong == []
    return {kind: fen for kind, fen in found.sums.items() if fen}


async def test_a_deposit_paid_by_bank_counts_from_when_it_was_credited(market: Market) -> None:
    listing = await open_listing(market)
    bidder, _, deposit = await qualified(market, listing)
    assert (deposit["state"], deposit["amount_fen"]) == ("expected", FEN)
    assert deposit["account"] == SETTLEMENT["number"]
    credited = (await flow.market_now(market)).replace(microsecond=0) - timedelta(hours=1)
    await flow.tell_bank(
        market,
        [flow.paid(FEN, deposit["reference"], booked_at=credited, booked_on=credited.date())],
    )
    own = await shown(bidder, listing)
    assert datetime.fromisoformat(own["deposit_confirmed_at"]) == credited
    assert (own["deposit"]["state"], own["deposit"]["held_fen"]) == ("held", FEN)
    accounts = (await bidder.ok("GET", "/ledger/accounts"))["items"]
    assert [(one["kind"], one["balance_fen"]) for one in accounts] == [
        ("received", 0),
        ("held", FEN),
    ]
    acts = [one["act"] for one in (await bidder.ok("GET", "/ledger/entries"))["items"]]
    assert acts == ["deposit.hold", "deposit.receive"]
    auction = await flow.open_auction(market, listing)
    assert auction["bidder_count"] == 1


async def test_sellers_and_other_bidders_do_not_see_a_deposit(market: Market) -> None:
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    seller = await market.join("university")
    listing = await flow.open_listing(market, seller)
    _, _, deposit = await qualified(market, listing)
    path = f"/listings/{listing['id']}/applications"
    assert (await seller.ok("GET", path))["items"][0]["deposit"] is None
    assert (await admin.ok("GET", path))["items"][0]["deposit"] == deposit
    other = await market.join("enterprise")
    assert (await other.ok("GET", "/ledger/entries"))["items"] == []


async def test_a_deposit_credited_after_the_close_is_late_and_goes_back(market: Market) -> None:
    listing = await open_listing(market)
    bidder, _, deposit = await qualified(market, listing)
    await flow.advance_to(market, listing["closes_at"])
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    own = await shown(bidder, listing)
    assert (own["state"], own["reason"]) == ("withdrawn", "deposit_missing")
    assert own["deposit_confirmed_at"] is None
    assert await refunds_of(bidder) == [("ordered", FEN, "surplus")]
    assert await sums(market) == {"bank": -FEN, "refund_ordered": FEN}


async def test_an_operators_word_is_noted_with_its_evidence(market: Market) -> None:
    listing = await open_listing(market)
    bidder, path, deposit = await qualified(market, listing)
    admin = await market.admin()
    decided = await admin.ok("POST", f"{path}/confirm-deposit", {"evidence": "银行回单 0042"})
    assert decided["deposit"]["state"] == "held"
    again = await admin.post(f"{path}/confirm-deposit")
    assert (again.status_code, again.json()["code"]) == (409, "no_deposit_due")
    [_, vouched] = (await bidder.ok("GET", "/ledger/entries"))["items"]
    assert (vouched["act"], vouched["note"]) == ("deposit.receive_by_hand", "银行回单 0042")
    assert await sums(market) == {"clearing": -FEN, "held": FEN}
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    assert await sums(market) == {"bank": -FEN, "held": FEN}
    async with market.sessions() as session:
        rows = await session.execute(
            text(
                "SELECT after->>'evidence' FROM audit_event"
                " WHERE action = 'application.confirm_deposit'"
            )
        )
        assert list(rows.scalars()) == ["银行回单 0042"]


async def test_stepping_back_and_refusal_give_the_deposit_back(market: Market) -> None:
    listing = await open_listing(market)
    gone, gone_path, one = await qualified(market, listing)
    refused, refused_path, other = await qualified(market, listing)
    await flow.tell_bank(
        market, [flow.paid(FEN, one["reference"]), flow.paid(FEN, other["reference"])]
    )
    await gone.ok("POST", f"{gone_path}/withdraw")
    admin = await market.admin()
    await admin.ok("POST", f"{refused_path}/decision", {"act": "refuse", "reason": "材料不符"})
    assert await refunds_of(gone) == [("due", FEN, "withdrawn")]
    assert await refunds_of(refused) == [("due", FEN, "refused")]
    await market.settle()
    assert await refunds_of(gone) == [("ordered", FEN, "withdrawn")]


async def test_a_suspended_disclosure_takes_deposits_and_a_terminated_one_gives_them_back(
    market: Market,
) -> None:
    listing = await open_listing(market)
    bidder, _, deposit = await qualified(market, listing)
    admin = await market.admin()
    path = f"/listings/{listing['id']}"
    await admin.ok("POST", f"{path}/suspend", {"reason": "第三方异议"})
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    assert (await shown(bidder, listing))["deposit"]["state"] == "held"
    await admin.ok("POST", f"{path}/terminate", {"reason": "异议成立"})
    assert await refunds_of(bidder) == [("due", FEN, "terminated")]


async def test_an_upheld_appeal_asks_for_the_deposit_and_counts_none_that_went_back(
    market: Market,
) -> None:
    listing = await open_listing(market)
    paid, paid_path, deposit = await qualified(market, listing)
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    waiting = await market.join("enterprise")
    made = await flow.apply(market, listing, waiting)
    waiting_path = f"/listings/{listing['id']}/applications/{made['id']}"
    first, second = await market.admin(), await market.join("exchange_operator")
    for user, path in ((paid, paid_path), (waiting, waiting_path)):
        await first.ok("POST", f"{path}/decision", {"act": "refuse", "reason": "材料不符"})
        await user.ok("POST", f"{path}/appeal", {"grounds": "材料齐全"})
        upheld = {"act": "uphold", "reason": "经核实齐全"}
        await second.ok("POST", f"{path}/appeal-decision", upheld)
    assert (await shown(waiting, listing))["deposit"]["state"] == "expected"
    returned = await shown(paid, listing)
    assert (returned["state"], returned["deposit"]["state"]) == ("qualified", "settled")
    assert returned["deposit_confirmed_at"] is None


@pytest.mark.parametrize("end", ["withdrawn", "no bids"])
async def test_without_a_winner_everyone_gets_the_deposit_back(market: Market, end: str) -> None:
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    seller = await market.join("university")
    listing = await flow.open_listing(market, seller)
    bidder, _, deposit = await qualified(market, listing)
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    if end == "withdrawn":
        decided = await flow.market_now(market)
        await seller.ok("POST", f"/listings/{listing['id']}/withdraw", {"reason": "权属争议"})
        latest = refund_terms.due_at(listing["rule_set"], decided, official_calendar())
    else:
        auction = await flow.open_auction(market, listing)
        await flow.close_auction(market, auction)
        decided = datetime.fromisoformat((await flow.read_auction(market, auction))["decided_at"])
        latest = decided + timedelta(hours=24)
    [refund] = (await bidder.ok("GET", "/ledger/refunds"))["items"]
    due_at = datetime.fromisoformat(refund["due_at"])
    assert abs(due_at - latest) < timedelta(minutes=1)
    assert refund["amount_fen"] == FEN


async def test_losers_get_it_back_and_the_winners_is_set_off_or_forfeited(market: Market) -> None:
    listing = await open_listing(market)
    told = [await qualified(market, listing) for _ in range(3)]
    await flow.tell_bank(market, [flow.paid(FEN, one["reference"]) for _, _, one in told])
    auction = await flow.open_auction(market, listing)
    placed = await flow.bid(told[0][0], auction, auction["min_next_fen"])
    assert placed.status_code == 201
    listing_id = UUID(listing["id"])
    winner, other = (user.organisation_id for user, _, _ in told[:2])
    assert winner is not None
    assert other is not None
    now = await flow.market_now(market)
    async with market.sessions() as session, session.begin():
        await listings.record_award(session, SYSTEM, listing_id, now, winner_ids=[winner, other])
    assert [await refunds_of(user) for user, _, _ in told] == [
        [],
        [],
        [("due", FEN, "not_awarded")],
    ]
    async with market.sessions() as session, session.begin():
        await listings.apply_deposit(session, listing_id, winner, FEN - 100, now)
        await listings.forfeit_deposit(session, listing_id, other, "悔拍", now)
    assert await refunds_of(told[0][0]) == [("due", 100, "rest")]
    found = await sums(market)
    assert (found["price"], found["forfeited"]) == (FEN - 100, FEN)
    assert "held" not in found


async def test_a_listing_without_deposit_moves_no_money(market: Market) -> None:
    seller = await market.join("university")
    listing = await offers.published(market, seller)
    applicant = await offers.applied(market, listing)
    assert (await shown(applicant.user, listing))["deposit"] is None
    await flow.advance_to(market, listing["closes_at"])
    assert await sums(market) == {}


def test_the_terms_of_refunds() -> None:
    decided = datetime(2025, 9, 26, 4, 0, tzinfo=UTC)  # a Friday before a make-up Sunday
    calendar = official_calendar()
    assert refund_terms.due_at("ONLINE_2016", decided, calendar) == decided + timedelta(hours=24)
    # Three working days: 28 September (made up), 29 and 30.
    for rule_set in ("LISTING_UNIVERSITY_2015", "LISTING_SOE_2016"):
        end = refund_terms.due_at(rule_set, decided, calendar)
        assert end == datetime(2025, 9, 30, 16, 0, tzinfo=UTC)
    assert refund_terms.term("ONLINE_2016", date(2017, 1, 1)).verify == ()
    assert refund_terms.term("LISTING_PRIVATE_2015", date(2020, 1, 1)).verify
