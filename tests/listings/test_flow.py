"""From a draft to a closed listing, over HTTP."""

from datetime import datetime

from tests.listings.offers import applied, drafted, expected_end
from tests.market import Market


async def test_a_listing_is_drafted_reviewed_published_and_closed(market: Market) -> None:
    seller = await market.join("university")
    draft = await drafted(seller)
    assert draft["state"] == "draft"
    assert draft["profile"] == "UNIVERSITY_LISTING"
    assert draft["rule_set"] == "LISTING_UNIVERSITY_2015"
    assert (await market.anonymous.get(f"/listings/{draft['id']}")).status_code == 404
    submitted = await seller.ok("POST", f"/listings/{draft['id']}/submit")
    assert submitted["state"] == "under_review"
    admin = await market.admin()
    shown = await admin.ok("POST", f"/listings/{draft['id']}/review", {"act": "approve"})
    assert shown["state"] == "published"
    assert datetime.fromisoformat(shown["closes_at"]) == expected_end(shown["published_at"], 5)
    await applied(market, shown)
    await market.advance(days=30)
    closed = await market.anonymous.ok("GET", f"/listings/{draft['id']}")
    assert closed["state"] in {"closed", "failed"}
