"""The feed over HTTP: what is in it, for whom, and how a reader goes on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.feed.rules import START, decode_offset, encode_offset
from app.kit.db import Sessions
from app.kit.ids import new_id
from app.kit.settings import Settings
from tests import flow
from tests.access_stage import set_stage
from tests.conftest import running_market
from tests.demands import steps as demands
from tests.market import Market, User
from tests.notices import posted


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The stage of the role matrix has an auction of sealed bids."""
    return Settings(
        mode="sandbox", data_dir=tmp_path, opening_public_key="ephemeral", _env_file=None
    )


async def changes(reader: User, **asked: Any) -> list[dict[str, Any]]:
    """All changes that the reader gets, page by page."""
    found: list[dict[str, Any]] = []
    offset = None
    while True:
        page = await reader.ok(
            "GET", "/feed", params=asked | ({"offset": offset} if offset else {})
        )
        found += page["items"]
        offset = page["next_offset"]
        if not page["more"]:
            return found


def acts(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(change["kind"], change["act"]) for change in found]


async def test_a_trade_as_everyone_sees_it(market: Market) -> None:
    """Published acts alone, in order; no bid, no contract, no draft; links lead to the objects."""
    auction, _, [first, second] = await flow.start_auction(market)
    for bidder in (first, second):
        current = await flow.read_auction(market, auction)
        placed = await flow.bid(bidder, current, current["min_next_fen"])
        assert placed.status_code == 201
    await flow.close_auction(market, auction)
    found = await changes(market.anonymous, limit=2)
    assert acts(found) == [
        ("achievement", "publish"),
        ("listing", "approve"),
        ("listing", "close"),
        ("auction", "schedule"),
        ("auction", "open"),
        ("auction", "sell"),
        ("listing", "award"),
        ("deal", "conclude"),
    ]
    assert set(found[0]) == {"id", "offset", "kind", "act", "object_id", "at", "link"}
    for change in found:
        response = await market.client.get(change["link"])
        assert (response.status_code, response.json()["id"]) == (200, change["object_id"])
    auctions = await changes(market.anonymous, kind="auction")
    assert [change["act"] for change in auctions] == ["schedule", "open", "sell"]
    two = await changes(market.anonymous, kind=["auction", "deal"])
    assert acts(two) == [*acts(auctions), ("deal", "conclude")]


async def test_drafts_contracts_and_registrations_are_their_parties_alone(market: Market) -> None:
    stage = await set_stage(market)
    people = stage.people
    public = {(change["kind"], change["object_id"]) for change in await changes(market.anonymous)}
    hidden = {
        ("listing", stage.objects["draft_listing"]),
        ("achievement", stage.objects["draft_achievement"]),
        ("contract", stage.objects["contract_id"]),
        ("registration", stage.objects["registration_id"]),
    }
    assert not public & hidden
    assert ("listing", stage.objects["listing_id"]) in public
    seller = acts(await changes(people["university"], mine=True))
    assert ("contract", "complete") in seller
    assert ("registration", "apply") in seller
    assert ("achievement", "grant") in seller
    assert ("achievement", "grant") not in acts(await changes(market.anonymous))
    buyer = acts(await changes(people["enterprise"], mine=True))
    assert ("contract", "complete") in buyer
    assert ("achievement", "create") not in buyer
    assert await changes(people["broker"], mine=True) == await changes(
        people["university"], mine=True
    )
    seen = await changes(people["registrar"], mine=True)
    office = acts([one for one in seen if one["object_id"] == stage.objects["registration_id"]])
    assert office == [("registration", act) for act in ("submit", "accept", "register")]
    for outsider in ("other_registrar", "regulator"):
        assert await changes(people[outsider], mine=True) == [], outsider
    refused = await market.anonymous.get("/feed", params={"mine": True})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_what_ceases_to_be_public_is_told_once_more(market: Market) -> None:
    seller, other = await market.join("university"), await market.join("enterprise")
    internal = await flow.post_achievement(market, seller, secrecy="internal")
    public = await flow.post_achievement(market, seller)
    path = f"/achievements/{public['id']}"
    version = (await seller.get(path)).headers["ETag"]
    assert (await seller.patch(path, {"secrecy": "internal"}, version)).status_code == 200
    version = (await seller.get(path)).headers["ETag"]
    assert (await seller.patch(path, {"summary": "内部修改"}, version)).status_code == 200
    await market.settle()

    def of(found: list[dict[str, Any]], achievement: dict[str, Any]) -> list[str]:
        return [change["act"] for change in found if change["object_id"] == achievement["id"]]

    everyone = await changes(market.anonymous)
    assert of(everyone, public) == ["publish", "edit"]
    assert of(everyone, internal) == []
    assert (await market.anonymous.get(path)).status_code == 404
    members = await changes(other)
    assert of(members, public) == ["publish", "edit", "edit"]
    assert of(members, internal) == ["publish"]
    assert of(await changes(seller, mine=True), internal) == ["create", "publish"]


async def test_a_reader_goes_on_after_a_restart(
    market: Market, database_url: str, sessions: Sessions, settings: Settings
) -> None:
    seller = await market.join("university")
    await flow.post_achievement(market, seller)
    await market.settle()
    before = await market.anonymous.ok("GET", "/feed")
    assert len(before["items"]) == 1
    assert before["items"][0]["offset"] == before["next_offset"]
    later = await flow.post_achievement(market, seller)
    async with running_market(database_url, sessions, settings) as restarted:
        await restarted.settle()
        offset = {"offset": before["next_offset"]}
        page = await restarted.anonymous.ok("GET", "/feed", params=offset)
        assert [change["object_id"] for change in page["items"]] == [later["id"]]
        again = await restarted.anonymous.ok("GET", "/feed")
        assert again["items"] == before["items"] + page["items"]
        end = await restarted.anonymous.ok("GET", "/feed", params={"offset": "latest"})
        assert end == {"items": [], "next_offset": page["next_offset"], "more": False}


async def test_wrong_offsets_are_refused(market: Market) -> None:
    seller = await market.join("university")
    await flow.post_achievement(market, seller)
    await market.settle()
    good = (await market.anonymous.ok("GET", "/feed"))["next_offset"]
    position, _ = decode_offset(good)
    for offset, status, code in (
        ("1", 400, "bad_offset"),
        ("", 400, "bad_offset"),
        (good[:-1], 400, "bad_offset"),
        (good[:-1] + "\u0661", 400, "bad_offset"),
        (START.replace("0-", "1-"), 409, "unknown_offset"),
        ("f" * 15 + good[-9:], 409, "unknown_offset"),
        (encode_offset(position, str(new_id())), 409, "unknown_offset"),
        (encode_offset(position + 1, str(new_id())), 409, "unknown_offset"),
    ):
        refused = await market.anonymous.get("/feed", params={"offset": offset})
        assert (refused.status_code, refused.json()["code"]) == (status, code), offset
        assert refused.json()["errors"][0]["field"] == "query.offset"
    start = await market.anonymous.ok("GET", "/feed", params={"offset": START})
    assert len(start["items"]) == 1


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 1001}, {"wait": 26}, {"kind": "bid"}])
async def test_wrong_questions_are_refused(market: Market, asked: dict[str, Any]) -> None:
    refused = await market.anonymous.get("/feed", params=asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert refused.json()["errors"][0]["field"].startswith(f"query.{next(iter(asked))}")


async def test_a_waiting_reader_is_woken_by_what_it_asked_for(market: Market) -> None:
    """A change of another kind does not end the wait; its page ends behind both."""
    seller = await market.join("university")
    achievement = await flow.post_achievement(market, seller)
    drafted = await flow.draft_listing(market, seller, achievement)
    await market.settle()
    asked = {"offset": "latest", "kind": "listing", "wait": 25}
    waiting = asyncio.create_task(market.anonymous.ok("GET", "/feed", params=asked))
    await flow.post_achievement(market, seller)
    await seller.ok("POST", f"/listings/{drafted['id']}/submit")
    await market.settle()
    assert not waiting.done()
    operator = await market.admin()
    await operator.ok("POST", f"/listings/{drafted['id']}/review", {"act": "approve"})
    await market.settle()
    page = await asyncio.wait_for(waiting, 10)
    assert acts(page["items"]) == [("listing", "approve")]
    asked = {"offset": page["next_offset"], "wait": 1}
    nothing = await market.anonymous.ok("GET", "/feed", params=asked)
    assert nothing == {"items": [], "next_offset": page["next_offset"], "more": False}


async def test_demands_are_told_to_whom_they_are_shown(market: Market) -> None:
    owner, member = await market.join("enterprise"), await market.join("university")
    open_one = await demands.published(market, owner)
    internal = await demands.published(market, owner, confidentiality="internal")
    draft = await demands.drafted(owner)
    await owner.ok("POST", f"/demands/{open_one['id']}/withdraw", {"reason": "已自行解决"})
    await market.settle()
    asked: dict[str, Any] = {"kind": "demand"}
    everyone = await changes(market.anonymous, **asked)
    assert [(one["act"], one["object_id"]) for one in everyone] == [
        ("approve", open_one["id"]),
        ("withdraw", open_one["id"]),
    ]
    assert everyone[0]["link"] == f"/api/v1/demands/{open_one['id']}"
    members = await changes(member, **asked)
    assert [(one["act"], one["object_id"]) for one in members] == [
        ("approve", open_one["id"]),
        ("approve", internal["id"]),
        ("withdraw", open_one["id"]),
    ]
    own = await changes(owner, mine=True, **asked)
    assert [one["act"] for one in own if one["object_id"] == draft["id"]] == ["create"]
    handed_in = ("create", "submit", "approve")
    assert acts(own) == [("demand", act) for act in (*handed_in, *handed_in, "create", "withdraw")]
    assert await changes(member, mine=True, **asked) == []


async def test_notices_are_public_from_their_publication_and_concern_the_taker(
    market: Market,
) -> None:
    publisher, taker = await market.join("university"), await market.join("enterprise")
    drafted = await posted.drafted(market, publisher, taker)
    shown = await posted.published(market, publisher, taker)
    await posted.objected(await market.join("enterprise"), shown)
    await market.settle()
    asked: dict[str, Any] = {"kind": "notice"}
    everyone = await changes(market.anonymous, **asked)
    assert [one["act"] for one in everyone] == ["publish", "suspend"]
    assert {one["object_id"] for one in everyone} == {shown["id"]}
    assert await changes(taker, mine=True, **asked) == everyone
    own = await changes(publisher, mine=True, **asked)
    assert [one["act"] for one in own] == ["create", "create", "publish", "suspend"]
    assert own[0]["object_id"] == drafted["id"]


async def test_negotiations_are_told_to_their_two_sides_alone(market: Market) -> None:
    seller, buyer = await market.join("university"), await market.join("enterprise")
    outsider = await market.join("enterprise")
    listing = await flow.open_listing(market, seller, negotiation="open")
    talks = await buyer.ok("POST", "/negotiations", {"listing_id": listing["id"]})
    path = f"/negotiations/{talks['id']}"
    nda = await buyer.ok("GET", f"{path}/nda")
    await buyer.ok("POST", f"{path}/nda", {"text_sha256": nda["text_sha256"]})
    await seller.ok("POST", f"{path}/documents", files={"file": ("a.txt", b"a")})
    offer = await flow.offer(buyer, talks, flow.START_FEN)
    await seller.ok("POST", f"{path}/decline", {"offer_id": offer["id"], "reason": "价格"})
    await buyer.ok("POST", f"{path}/end", {"reason": "预算"})
    await market.settle()
    told = ["open", "sign_nda", "add_document", "offer", "decline", "end"]
    for side in (seller, buyer):
        found = await changes(side, mine=True, kind="negotiation")
        assert [one["act"] for one in found] == told
        assert {one["link"] for one in found} == {f"/api/v1{path}"}
    for reader in (market.anonymous, outsider, seller, await market.admin()):
        assert await changes(reader, kind="negotiation") == []
    assert await changes(outsider, mine=True, kind="negotiation") == []
