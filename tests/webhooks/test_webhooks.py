"""Webhooks over HTTP, delivered to a real server."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from standardwebhooks import WebhookVerificationError

from app.feed.jobs import keep_numbering
from app.kit.settings import Settings
from app.webhooks.delivery import Deliverer, keep_delivering
from tests import flow
from tests.conftest import running_market
from tests.market import Market, User
from tests.webhooks.receiver import Receiver


async def add_webhook(user: User, receiver: Receiver, **asked: Any) -> tuple[str, str]:
    """A webhook to the receiver: its path and its secret."""
    made = await user.ok("POST", "/webhooks", {"url": receiver.url} | asked)
    return f"/webhooks/{made['webhook']['id']}", made["secret"]


async def post_three(market: Market, seller: User) -> list[str]:
    """Three public changes, each of an achievement of its own; their ids in order."""
    return [(await flow.post_achievement(market, seller))["id"] for _ in range(3)]


async def let_pause_pass(market: Market, **change: str) -> None:
    """As if the pause after a failure were over; `change` sets other columns, in SQL."""
    columns = {"next_attempt_at": "clock_timestamp()"} | change
    await execute(market, ", ".join(f"{name} = {value}" for name, value in columns.items()))


async def execute(market: Market, assignments: str) -> None:
    async with market.sessions() as session, session.begin():
        await session.execute(text(f"UPDATE webhook SET {assignments}"))


async def deliveries(user: User, path: str) -> list[tuple[str, int, int | None]]:
    """Outcome, attempt and status of the attempts, the oldest first."""
    page = await user.ok("GET", f"{path}/deliveries")
    return [(item["outcome"], item["attempt"], item["status"]) for item in page["items"]][::-1]


async def test_changes_arrive_signed_and_in_order(market: Market, receiver: Receiver) -> None:
    seller, reader = await market.join("university"), await market.join("enterprise")
    before = await post_three(market, seller)
    await market.settle()
    path, secret = await add_webhook(reader, receiver)
    ids = await post_three(market, seller)
    await market.settle()
    told = [request.verified(secret) for request in receiver.requests]
    assert [message["data"]["object_id"] for message in told] == ids
    assert not set(ids) & set(before)
    page = await market.anonymous.ok("GET", "/feed")
    assert [message["data"] for message in told] == page["items"][3:]
    for message, request in zip(told, receiver.requests, strict=True):
        assert message["type"] == "achievement.publish"
        assert message["timestamp"] == message["data"]["at"]
        assert request.id == "msg_" + UUID(message["data"]["id"]).hex
        with pytest.raises(WebhookVerificationError):
            request.verified("whsec_" + "A" * 44)
    shown = await reader.ok("GET", path)
    assert (shown["offset"], shown["failures"]) == (page["next_offset"], 0)
    assert secret not in (await reader.get(path)).text
    assert await deliveries(reader, path) == [("delivered", 1, 200)] * 3


async def test_kinds_and_own_changes_alone(market: Market, receiver: Receiver) -> None:
    seller, other = await market.join("university"), await market.join("university")
    await add_webhook(seller, receiver, mine=True, kinds=["listing"])
    await flow.open_listing(market, other)
    await flow.open_listing(market, seller)
    await market.settle()
    assert receiver.types == ["listing.create", "listing.submit", "listing.approve"]
    receiver.requests.clear()
    await add_webhook(other, receiver, kinds=["listing"])
    await market.advance(days=30)
    by_seller = receiver.types.count("listing.close") + receiver.types.count("listing.fail")
    assert by_seller == 3, receiver.types


async def test_a_refused_message_is_tried_again_before_those_that_follow(
    market: Market, receiver: Receiver
) -> None:
    seller = await market.join("university")
    path, secret = await add_webhook(seller, receiver)
    receiver.answers = [500, 0, 302]
    ids = await post_three(market, seller)
    for failures in (1, 2, 3):
        await market.settle()
        shown = await seller.ok("GET", path)
        assert (shown["failures"], len(receiver.requests)) == (failures, failures)
        await let_pause_pass(market)
    await market.settle()
    assert len({request.id for request in receiver.requests[:4]}) == 1
    told = [request.verified(secret)["data"]["object_id"] for request in receiver.requests[3:]]
    assert told == ids
    assert await deliveries(seller, path) == [
        ("failed", 1, 500),
        ("failed", 2, None),
        ("failed", 3, 302),
        ("delivered", 4, 200),
        ("delivered", 1, 200),
        ("delivered", 1, 200),
    ]
    shown = await seller.ok("GET", path)
    assert (shown["failures"], shown["failing_since"], shown["state"]) == (0, None, "active")


async def test_nothing_is_posted_during_the_pause(market: Market, receiver: Receiver) -> None:
    seller = await market.join("university")
    path, _ = await add_webhook(seller, receiver)
    receiver.answers = [503]
    await post_three(market, seller)
    await market.settle()
    await market.settle()
    assert len(receiver.requests) == 1
    shown = await seller.ok("GET", path)
    assert shown["next_attempt_at"] > shown["failing_since"]


async def test_five_days_of_failure_disable_and_tell_the_owner(
    market: Market, receiver: Receiver, settings: Settings
) -> None:
    seller = await market.join("university")
    organisation = f"/organisations/{seller.organisation_id}"
    version = (await seller.get(organisation)).headers["ETag"]
    contact = {"contact": "it@university.example"}
    assert (await seller.patch(organisation, contact, version)).status_code == 200
    path, secret = await add_webhook(seller, receiver)
    receiver.answers = [500, 500]
    ids = await post_three(market, seller)
    await market.settle()
    await let_pause_pass(market, failing_since="clock_timestamp() - interval '5 days'")
    await market.settle()
    shown = await seller.ok("GET", path)
    assert (shown["state"], shown["disabled_because"]) == ("disabled", "failing")
    mails = [path.read_text() for path in (settings.data_dir / "mail").glob("*.eml")]
    assert len(mails) == 1
    assert "it@university.example" in mails[0]
    await let_pause_pass(market)
    await market.settle()
    assert len(receiver.requests) == 2
    enabled = await seller.ok("POST", f"{path}/enable")
    assert (enabled["state"], enabled["disabled_because"], enabled["failures"]) == (
        "active",
        None,
        0,
    )
    await market.settle()
    told = [request.verified(secret)["data"]["object_id"] for request in receiver.requests[2:]]
    assert told == ids


async def test_410_disables_at_once(market: Market, receiver: Receiver) -> None:
    seller = await market.join("university")
    path, _ = await add_webhook(seller, receiver)
    receiver.answers = [410]
    await post_three(market, seller)
    await market.settle()
    shown = await seller.ok("GET", path)
    assert (shown["state"], shown["disabled_because"]) == ("disabled", "gone")
    assert len(receiver.requests) == 1


async def test_replay_from_a_delivery_and_from_an_offset(
    market: Market, receiver: Receiver
) -> None:
    seller = await market.join("university")
    start = (await market.anonymous.ok("GET", "/feed"))["next_offset"]
    path, _ = await add_webhook(seller, receiver)
    await post_three(market, seller)
    await market.settle()
    sent = [request.id for request in receiver.requests]
    page = await seller.ok("GET", f"{path}/deliveries", params={"limit": 2})
    assert [item["message_id"] for item in page["items"]] == sent[:0:-1]
    await seller.ok("POST", f"{path}/replay", {"delivery_id": page["items"][1]["id"]})
    await market.settle()
    assert [request.id for request in receiver.requests] == sent + sent[1:]
    await seller.ok("POST", f"{path}/replay", {"offset": start})
    await market.settle()
    assert [request.id for request in receiver.requests] == sent + sent[1:] + sent
    for body, status, code in (
        ({}, 422, "replay_from_one_place"),
        ({"offset": start, "delivery_id": str(UUID(int=1))}, 422, "replay_from_one_place"),
        ({"delivery_id": str(UUID(int=1))}, 404, "not_found"),
        ({"offset": "x"}, 400, "bad_offset"),
    ):
        refused = await seller.post(f"{path}/replay", body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    await market.settle()
    assert len(receiver.requests) == 8


async def test_a_test_message_goes_to_a_disabled_webhook_too(
    market: Market, receiver: Receiver
) -> None:
    seller = await market.join("university")
    path, secret = await add_webhook(seller, receiver)
    await seller.ok("POST", f"{path}/disable")
    await post_three(market, seller)
    assert (await seller.post(f"{path}/test")).status_code == 202
    await market.settle()
    [request] = receiver.requests
    webhook_id = path.rpartition("/")[2]
    assert request.verified(secret)["data"] == {"webhook_id": webhook_id}
    assert request.type == "webhook.test"
    [delivery] = (await seller.ok("GET", f"{path}/deliveries"))["items"]
    refused = await seller.post(f"{path}/replay", {"delivery_id": delivery["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_replay")
    await seller.ok("POST", f"{path}/enable")
    await market.settle()
    assert receiver.types == ["webhook.test"] + ["achievement.publish"] * 3


async def test_a_rotated_secret_signs_beside_the_former_one_for_a_day(
    market: Market, receiver: Receiver
) -> None:
    seller = await market.join("university")
    path, former = await add_webhook(seller, receiver)
    secret = (await seller.ok("POST", f"{path}/rotate-secret"))["secret"]
    assert secret != former
    await flow.post_achievement(market, seller)
    await market.settle()
    await execute(market, "rotated_at = clock_timestamp() - interval '24 hours'")
    await flow.post_achievement(market, seller)
    await market.settle()
    during, after = receiver.requests
    assert during.verified(former) == during.verified(secret)
    assert after.verified(secret)["type"] == "achievement.publish"
    with pytest.raises(WebhookVerificationError):
        after.verified(former)


async def test_the_worker_delivers_what_becomes_due_until_it_is_stopped(
    market: Market, receiver: Receiver
) -> None:
    seller = await market.join("university")
    path, _ = await add_webhook(seller, receiver)
    stop = asyncio.Event()
    running = [
        asyncio.create_task(keep_numbering(market.sessions, stop)),
        asyncio.create_task(keep_delivering(market.sessions, market.settings, stop)),
    ]
    await flow.post_achievement(market, seller)
    await asyncio.wait_for(receiver.arrived.wait(), 10)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*running), 10)
    assert await deliveries(seller, path) == [("delivered", 1, 200)]


async def test_two_workers_post_each_message_once(market: Market, receiver: Receiver) -> None:
    seller = await market.join("university")
    await add_webhook(seller, receiver)
    receiver.gate.clear()
    await post_three(market, seller)
    settling = asyncio.create_task(market.settle())
    await asyncio.wait_for(receiver.arrived.wait(), 10)
    async with Deliverer(market.sessions, market.settings) as other:
        assert await other.deliver_due() == 0
    receiver.gate.set()
    await settling
    assert len(receiver.requests) == 3
    assert len({request.id for request in receiver.requests}) == 3


async def test_a_worker_that_died_is_followed_by_another(
    market: Market, receiver: Receiver
) -> None:
    """What was posted and not noted is posted again, with the same id."""
    seller = await market.join("university")
    path, _ = await add_webhook(seller, receiver)
    await flow.post_achievement(market, seller)
    receiver.gate.clear()
    settling = asyncio.create_task(market.settle())
    await asyncio.wait_for(receiver.arrived.wait(), 10)
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)
    receiver.gate.set()
    await market.settle()
    assert len(receiver.requests) == 1
    await execute(market, "claimed_until = clock_timestamp()")
    await market.settle()
    assert [request.id for request in receiver.requests] == [receiver.requests[0].id] * 2
    assert await deliveries(seller, path) == [("delivered", 1, 200)]


async def test_what_is_under_way_does_not_undo_a_replay(market: Market, receiver: Receiver) -> None:
    seller = await market.join("university")
    start = (await market.anonymous.ok("GET", "/feed"))["next_offset"]
    path, _ = await add_webhook(seller, receiver)
    await post_three(market, seller)
    await market.settle()
    receiver.gate.clear()
    receiver.arrived.clear()
    await flow.post_achievement(market, seller)
    settling = asyncio.create_task(market.settle())
    await asyncio.wait_for(receiver.arrived.wait(), 10)
    await seller.ok("POST", f"{path}/replay", {"offset": start})
    receiver.gate.set()
    await settling
    sent = [request.id for request in receiver.requests]
    assert sent == [*sent[:4], *sent[:4]]
    assert len(set(sent)) == 4


async def test_a_suspended_organisation_is_told_nothing(market: Market, receiver: Receiver) -> None:
    seller, reader = await market.join("university"), await market.join("enterprise")
    path, _ = await add_webhook(reader, receiver)
    admin = await market.admin()
    review = f"/organisations/{reader.organisation_id}/review"
    await admin.ok("POST", review, {"act": "suspend", "reason": "失信"})
    await flow.post_achievement(market, seller)
    await market.settle()
    assert receiver.requests == []
    await admin.ok("POST", review, {"act": "reinstate"})
    shown = await reader.ok("GET", path)
    assert (shown["state"], shown["disabled_because"]) == ("disabled", "party_inactive")


async def test_a_replaced_key_disables_until_the_secret_is_rotated(
    market: Market, receiver: Receiver
) -> None:
    seller = await market.join("university")
    path, _ = await add_webhook(seller, receiver)
    await execute(market, "key_id = 'another'")
    await flow.post_achievement(market, seller)
    await market.settle()
    shown = await seller.ok("GET", path)
    assert (shown["state"], shown["disabled_because"]) == ("disabled", "key_changed")
    refused = await seller.post(f"{path}/enable")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_key_changed")
    secret = (await seller.ok("POST", f"{path}/rotate-secret"))["secret"]
    await seller.ok("POST", f"{path}/enable")
    await market.settle()
    [request] = receiver.requests
    assert request.verified(secret)["type"] == "achievement.publish"


async def test_webhooks_are_their_organisations_alone(market: Market, receiver: Receiver) -> None:
    owner, other = await market.join("university"), await market.join("university")
    path, _ = await add_webhook(owner, receiver)
    assert await other.ok("GET", "/webhooks") == []
    assert [item["url"] for item in await owner.ok("GET", "/webhooks")] == [receiver.url]
    assert (await other.get(path)).status_code == 404
    assert (await other.get(f"{path}/deliveries")).status_code == 404
    refused = await owner.post(f"{path}/enable")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move")
    assert (await other.request("DELETE", path)).status_code == 404
    assert (await owner.request("DELETE", path)).status_code == 204
    await post_three(market, owner)
    await market.settle()
    assert (await owner.get(path)).status_code == 404
    assert receiver.requests == []


async def test_an_organisation_has_ten_at_most(market: Market, receiver: Receiver) -> None:
    owner = await market.join("university")
    made = await asyncio.gather(
        *(owner.post("/webhooks", {"url": receiver.url}) for _ in range(12))
    )
    assert sorted(response.status_code for response in made) == [201] * 10 + [409] * 2
    assert {response.json()["code"] for response in made if response.status_code == 409} == {
        "too_many_webhooks"
    }


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/hooks", "bad_webhook_url"),
        ("https://user:secret@example.com/hooks", "bad_webhook_url"),
        ("https://127.0.0.1/hooks", "webhook_address_refused"),
        ("https://localhost/hooks", "webhook_address_refused"),
        ("https://2130706433/hooks", "webhook_address_refused"),
        ("https://169.254.169.254/latest/meta-data", "webhook_address_refused"),
        ("https://[::1]/hooks", "webhook_address_refused"),
        ("https://[::ffff:10.0.0.1]/hooks", "webhook_address_refused"),
        ("https://no-such-host.invalid/hooks", "webhook_host_unknown"),
    ],
)
async def test_addresses_inside_are_refused_when_they_are_named(
    market: Market, url: str, code: str, tmp_path: Any
) -> None:
    settings = Settings(mode="sandbox", data_dir=tmp_path, _env_file=None)
    async with running_market(market.database_url, market.sessions, settings) as strict:
        owner = await strict.join("university")
        refused = await owner.post("/webhooks", {"url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert refused.json()["errors"][0]["field"] == "body.url"
        assert await owner.ok("GET", "/webhooks") == []


async def test_addresses_inside_are_refused_in_an_edit_too(
    market: Market, receiver: Receiver, tmp_path: Any
) -> None:
    owner = await market.join("university")
    path, _ = await add_webhook(owner, receiver)
    before = await owner.get(path)
    settings = Settings(mode="sandbox", data_dir=tmp_path, _env_file=None)
    async with running_market(market.database_url, market.sessions, settings) as strict:
        there = replace(owner, client=strict.client)
        for url, code in (
            ("https://127.0.0.1/hooks", "webhook_address_refused"),
            ("ftp://example.com/hooks", "bad_webhook_url"),
        ):
            refused = await there.patch(path, {"url": url}, before.headers["ETag"])
            assert (refused.status_code, refused.json()["code"]) == (422, code)
            assert refused.json()["errors"][0]["field"] == "body.url"
    assert (await owner.get(path)).json() == before.json()


async def test_address_kinds_and_description_are_edited_against_the_version_that_was_read(
    market: Market, receiver: Receiver
) -> None:
    """What waited for a broken address goes to the new one, signed with the same secret; the kinds
    hold for everything that was not delivered yet."""
    owner = await market.join("university")
    broken = f"{receiver.url}/broken"
    made = await owner.ok("POST", "/webhooks", {"url": broken, "kinds": ["listing"]})
    path, secret = f"/webhooks/{made['webhook']['id']}", made["secret"]
    receiver.answers = [500]
    await flow.open_listing(market, owner)
    await market.settle()
    assert (await owner.ok("GET", path))["failures"] == 1
    version = (await owner.get(path)).headers["ETag"]
    change = {"url": receiver.url, "kinds": ["listing", "achievement"], "description": "检索系统"}
    unversioned = await owner.request("PATCH", path, json=change)
    assert (unversioned.status_code, unversioned.json()["code"]) == (428, "if_match_required")
    edited = await owner.patch(path, change, version)
    assert edited.status_code == 200
    assert edited.json() == await owner.ok("GET", path)
    shown = {name: edited.json()[name] for name in (*change, "failures", "version")}
    assert shown == change | {"kinds": ["achievement", "listing"], "failures": 0, "version": 2}
    stale = await owner.patch(path, {"kinds": []}, version)
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    await market.settle()
    first, *again = (request.verified(secret) for request in receiver.requests)
    assert [message["type"] for message in again] == ["achievement.publish", "listing.approve"]
    assert again[1] == first
    removed = await owner.patch(path, {"description": None}, edited.headers["ETag"])
    assert (removed.json()["description"], removed.json()["url"]) == (None, receiver.url)
