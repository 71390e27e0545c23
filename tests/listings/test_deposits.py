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
    assert deposit["due_at"] == listing["closes_at"]
    await admin.ok("POST", f"{path}/suspend", {"reason": "第三方异议"})
    assert (await shown(bidder, listing))["deposit"]["due_at"] is None
    await market.advance(days=3)
    resumed = await admin.ok("POST", f"{path}/resume", {"reason": "异议不成立"})
    moved = (await shown(bidder, listing))["deposit"]["due_at"]
    assert moved == resumed["closes_at"] > listing["closes_at"]
    await admin.ok("POST", f"{path}/suspend", {"reason": "再次异议"})
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    assert (await shown(bidder, listing))["deposit"]["state"] == "held"
    await admin.ok("POST", f"{path}/terminate", {"reason": "异议成立"})
    assert await refunds_of(bidder) == [("due", FEN, "terminated")]


async def test_an_upheld_appeal_asks_for_the_deposit_again_and_keeps_the_two_apart(
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
    assert (returned["state"], returned["deposit"]["state"]) == ("qualified", "expected")
    assert returned["deposit_confirmed_at"] is None
    second_one = returned["deposit"]
    assert second_one["reference"] != deposit["reference"]
    assert (second_one["round"], second_one["held_fen"]) == (2, 0)
    # Money under the old reference belongs to what is settled, and goes back.
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    assert (await shown(paid, listing))["deposit"] == second_one
    await flow.tell_bank(market, [flow.paid(FEN, second_one["reference"])])
    counted = await shown(paid, listing)
    assert (counted["deposit"]["state"], counted["deposit"]["held_fen"]) == ("held", FEN)
    assert counted["deposit_confirmed_at"] is not None
    assert sorted(await refunds_of(paid)) == [
        ("ordered", FEN, "refused"),
        ("ordered", FEN, "surplus"),
    ]
    assert await sums(market) == {"bank": -3 * FEN, "held": FEN, "refund_ordered": 2 * FEN}


async def test_a_refused_appeal_of_a_barred_bidder_names_the_relation(market: Market) -> None:
    """What became known since the refusal bars the bidder, and the appeal stays open."""
    listing = await open_listing(market)
    bidder = await market.join("enterprise")
    made = await flow.apply(market, listing, bidder)
    path = f"/listings/{listing['id']}/applications/{made['id']}"
    first, second = await market.admin(), await market.join("exchange_operator")
    await first.ok("POST", f"{path}/decision", {"act": "refuse", "reason": "材料不符"})
    await bidder.ok("POST", f"{path}/appeal", {"grounds": "材料齐全"})
    seller = await market.anonymous.ok("GET", f"/organisations/{listing['seller_id']}")
    tie = {
        "kind": "controlled_by",
        "other_credit_code": seller["credit_code"],
        "valid_from": "2026-01-01",
        "evidence": "章程",
    }
    await bidder.ok("POST", f"/organisations/{bidder.organisation_id}/relations", tie)
    refused = await second.post(f"{path}/appeal-decision", {"act": "uphold", "reason": "齐全"})
    assert (refused.status_code, refused.json()["code"]) == (403, "bidder_barred")
    assert (await shown(bidder, listing))["state"] == "appealed"
    assert refused.json()["conflicts"]


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
    async with market.sessions() as session:
        # All three came from one account: the screens of collusion compare the marks.
        paid = (await listings.deposit_payers(session, [listing_id]))[listing_id]
    assert paid.keys() == {user.organisation_id for user, _, _ in told}
    assert len(set(paid.values())) == 1
    assert flow.paid(1, "").party_account not in paid.values()
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


async def sole_negotiator(market: Market) -> tuple[dict[str, Any], User, User]:
    """The deal of a seller and the one bidder, whose deposit the platform holds."""
    admin = await market.admin()
    await admin.ok("PUT", "/ledger/settlement-account", SETTLEMENT)
    seller = await market.join("enterprise")
    listing = await flow.open_listing(market, seller, negotiation="one_bidder")
    bidder, _, deposit = await qualified(market, listing)
    await flow.tell_bank(market, [flow.paid(FEN, deposit["reference"])])
    await flow.advance_to(market, listing["closes_at"])
    [talks] = (await bidder.ok("GET", "/negotiations"))["items"]
    offer = await flow.offer(bidder, talks, flow.START_FEN)
    await seller.ok("POST", f"/negotiations/{talks['id']}/accept", {"offer_id": offer["id"]})
    await market.settle()
    [deal] = (await market.anonymous.ok("GET", f"/deals?listing_id={listing['id']}"))["items"]
    assert await sums(market) == {"bank": -FEN, "held": FEN}
    return deal, seller, bidder


async def test_the_deposit_of_one_who_agreed_is_set_off_when_the_contract_is_signed(
    market: Market,
) -> None:
    deal, seller, buyer = await sole_negotiator(market)
    await flow.make_public(market, deal)
    contract = await flow.contract_of(market, deal, seller, buyer)
    assert contract["state"] == "signed"
    found = await sums(market)
    assert found == {"bank": -FEN, "price": FEN}
    assert await refunds_of(buyer) == []


@pytest.mark.parametrize("end", ["cancel", "default"])
async def test_the_deposit_of_one_who_agreed_goes_back_or_is_forfeited(
    market: Market, end: str
) -> None:
    deal, _, buyer = await sole_negotiator(market)
    operator = await market.admin()
    await operator.ok("POST", f"/deals/{deal['id']}/{end}", {"reason": "未签约"})
    listing = await market.anonymous.ok("GET", f"/listings/{deal['listing_id']}")
    assert listing["state"] == "failed"
    if end == "cancel":
        assert await refunds_of(buyer) == [("due", FEN, "cancelled")]
    else:
        assert await refunds_of(buyer) == []
        assert await sums(market) == {"bank": -FEN, "forfeited": FEN}


async def test_before_a_re_auction_the_others_pay_anew_and_who_does_not_is_out(
    market: Market,
) -> None:
    listing = await open_listing(market, bidding_minutes=60)
    told = [await qualified(market, listing) for _ in range(3)]
    await flow.tell_bank(market, [flow.paid(FEN, one["reference"]) for _, _, one in told])
    auction = await flow.open_auction(market, listing)
    winner, payer, silent = (user for user, _, _ in told)
    assert (await flow.bid(winner, auction, auction["min_next_fen"])).status_code == 201
    await flow.close_auction(market, auction)
    [deal] = (await market.anonymous.ok("GET", f"/deals?listing_id={listing['id']}"))["items"]
    operator = await market.admin()
    body = {"reason": "未签约", "following": "re_auction"}
    await operator.ok("POST", f"/deals/{deal['id']}/default", body)
    asked = (await shown(payer, listing))["deposit"]
    assert (asked["state"], asked["round"]) == ("expected", 2)
    assert (await shown(winner, listing))["deposit"]["state"] == "settled"
    await flow.tell_bank(market, [flow.paid(FEN, asked["reference"])])
    await flow.advance_to(market, asked["due_at"])
    again = (await market.anonymous.ok("GET", f"/auctions?listing_id={listing['id']}"))["items"][0]
    assert (again["round"], again["bidder_count"]) == (2, 1)
    late = (await shown(silent, listing))["deposit"]["reference"]
    await flow.tell_bank(market, [flow.paid(FEN, late)])
    await flow.advance_to(market, again["opens_at"])
    again = await flow.read_auction(market, again)
    assert (await flow.bid(silent, again, again["min_next_fen"])).json()["code"] == "not_a_bidder"
    assert (await flow.bid(payer, again, again["min_next_fen"])).status_code == 201
    await flow.close_auction(market, again)
    [second] = (await market.anonymous.ok("GET", f"/deals?listing_id={listing['id']}"))["items"]
    assert second["buyer_id"] == str(payer.organisation_id)
    found = await sums(market)
    assert (found["held"], found["forfeited"], found["bank"]) == (FEN, FEN, -5 * FEN)


async def test_a_re_auction_that_nobody_pays_for_frees_the_right(market: Market) -> None:
    listing = await open_listing(market, bidding_minutes=60)
    told = [await qualified(market, listing) for _ in range(2)]
    await flow.tell_bank(market, [flow.paid(FEN, one["reference"]) for _, _, one in told])
    auction = await flow.open_auction(market, listing)
    assert (await flow.bid(told[0][0], auction, auction["min_next_fen"])).status_code == 201
    await flow.close_auction(market, auction)
    [deal] = (await market.anonymous.ok("GET", f"/deals?listing_id={listing['id']}"))["items"]
    operator = await market.admin()
    body = {"reason": "未签约", "following": "re_auction"}
    await operator.ok("POST", f"/deals/{deal['id']}/default", body)
    await flow.advance_to(market, (await shown(told[1][0], listing))["deposit"]["due_at"])
    assert (await market.anonymous.ok("GET", f"/listings/{listing['id']}"))["state"] == "failed"
    assert (await shown(told[1][0], listing))["deposit"]["state"] == "settled"


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
