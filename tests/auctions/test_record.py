"""The record of an auction: its chain, its signature, and what a check of it finds."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app.auctions import chain, deciding, rules, service
from app.auctions.engine import core, decide
from app.auctions.engine.profiles import PROFILES
from app.auctions.engine.state import Event
from app.auctions.models import Auction, AuctionAward, Bid
from app.auctions.verification import verify
from app.cli import cli
from app.kit import migrate
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.settings import Settings
from app.kit.signing import KEY_FILE, BadKey, SigningKey, signing_key
from tests import flow
from tests.auctions.test_races import another_process, bid
from tests.flow import START_FEN, STEP_FEN
from tests.market import Market
from tests.replaying import replayed

Record = dict[str, Any]
OPENS = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
ENDS = OPENS + timedelta(days=1)
AUCTION = "0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f11"
LISTING = "0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f12"
DATA = Path(__file__).parent / "data"


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return signing_key(Settings(data_dir=tmp_path, _env_file=None))


def seal(record: Record, key: SigningKey) -> Record:
    """Chain and sign whatever the events say, as a forger with the key could."""
    head = chain.GENESIS
    for event in record["events"]:
        event.pop("digest", None)
        head = chain.follow(head, event)
        event["digest"] = head.hex()
    record["chain_head"] = head.hex()
    record["signature"] = {
        "algorithm": "Ed25519",
        "key_id": key.key_id,
        "public_key": key.public_pem,
        "value": key.sign(chain.to_sign(record["auction_id"], head)).hex(),
    }
    return record


def made(key: SigningKey, bids: list[tuple[int, int, datetime]]) -> Record:
    """The record of an auction with these bids (number, amount in fen, receipt)."""
    profile = PROFILES["ascending"]
    offer = rules.Offer(price_fen=1_000, increment_fen=100, extension_s=300)
    terms = rules.terms_of(profile, rules.complete(profile, {}, offer, OPENS, ENDS))
    facts: dict[str, Any] = {
        "auction_id": AUCTION,
        "listing_id": LISTING,
        "round": 1,
        "rule_set": "ONLINE_2016",
        "format": profile.code,
        "terms": terms,
        "public_key": None,
        "bidders": 2,
    }
    state = rules.start_of(profile.code, terms, hidden=False)
    events = [chain.other("scheduled", 0, OPENS - timedelta(days=1), **facts)]
    early = [one for one in bids if one[2] < OPENS]
    for sequence, (number, amount, at) in enumerate(bids, start=1):
        if sequence == len(early) + 1:
            events.append(chain.other("opened", len(early), OPENS))
        state, judged = core.step(state, Event(at, str(number), amount))
        events.append(
            chain.bid(
                SimpleNamespace(
                    sequence=sequence,
                    number=number,
                    act="bid",
                    amount_fen=amount,
                    sealed=None,
                    received_at=at,
                    accepted=judged.accepted,
                    refusal=judged.code,
                    required_fen=judged.required_fen,
                    ends_at_after=judged.ends_at,
                )
            )
        )
    if len(early) == len(bids):
        events.append(chain.other("opened", len(early), OPENS))
    result = decide.result(state)
    came_to = deciding.outcome_facts(result, None)
    decided_at = state.ends_at + rules.DRAIN
    events.append(
        chain.other(result.state.value, len(bids), decided_at, ends_at=state.ends_at, **came_to)
    )
    record = {"format": chain.FORMAT, "auction_id": AUCTION, "events": events}
    return seal(record, key)


BIDS = [
    (1, 1_000, OPENS - timedelta(seconds=1)),
    (1, 1_000, OPENS + timedelta(seconds=1)),
    (2, 1_050, OPENS + timedelta(seconds=2)),
    (2, 1_000, OPENS + timedelta(seconds=3)),
    (2, 1_200, ENDS - timedelta(seconds=7, microseconds=1)),
    (1, 1_500, ENDS + timedelta(seconds=600)),
]


def findings(record: Record | bytes, trusted: str | None = None) -> dict[str, str]:
    """What is wrong with a record, by check."""
    content = record if isinstance(record, bytes) else json.dumps(record).encode()
    return {one.name: one.finding for one in verify(content, trusted) if not one.passed}


def test_the_canonical_form_is_fixed_byte_for_byte() -> None:
    """A change here makes every record that was published unreadable."""
    event = chain.other("opened", 3, OPENS)
    written = b'{"after_sequence":3,"at":"2026-03-02T01:00:00.000000Z","kind":"opened"}'
    assert chain.canonical(event) == written
    assert chain.follow(chain.GENESIS, event) == sha256(bytes(32) + written).digest()
    assert chain.moment(OPENS + timedelta(microseconds=7)) == "2026-03-02T01:00:00.000007Z"
    plain = {"b": None, "a": '中"\\\n', "c": True, "d": 2**63 - 1}
    by_hand = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert chain.canonical(plain) == by_hand.encode()
    assert chain.to_sign(UUID(AUCTION), chain.GENESIS) == (
        f"techmarket-auction-record/1\n{AUCTION}\n{'0' * 64}\n".encode()
    )


def test_whole_records_pass_every_check(key: SigningKey) -> None:
    for bids in (BIDS, BIDS[:1], []):
        checks = verify(json.dumps(made(key, bids)).encode(), key.public_pem)
        assert [one.name for one in checks] == ["form", "chain", "order", "signature", "result"]
        assert all(one.passed for one in checks), checks
    assert {event["refusal"] for event in made(key, BIDS)["events"] if event["kind"] == "bid"} == {
        None,
        "auction_not_open",
        "auction_closed",
        "bid_too_low",
        "bid_off_step",
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sold", "sold to number 2 at 1200 fen, as recomputed"),
        ("failed", "failed, as recomputed"),
    ],
)
def test_records_of_the_time_before_there_were_formats_still_hold(
    key: SigningKey, name: str, found: str
) -> None:
    """Records as they were published then: the terms are members of the first event."""
    content = (DATA / f"{name}_before_formats.json").read_bytes()
    checks = verify(content)
    assert [one.name for one in checks if not one.passed] == []
    assert checks[-1].finding == found
    record = json.loads(content)
    assert "terms" not in record["events"][0]
    record["events"][0]["start_fen"] += 100
    wrong = findings(seal(record, key))
    assert wrong["result"].startswith("event 2 (bid 1): required_fen"), wrong
    del record["events"][0]["ends_at"]
    assert "neither terms nor" in findings(seal(record, key))["result"]


def members(record: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every single value of a record is."""
    if isinstance(record, dict):
        return [one for name in record for one in members(record[name], (*path, name))]
    if isinstance(record, list):
        return [one for place, item in enumerate(record) for one in members(item, (*path, place))]
    return [path]


def changed(value: Any) -> list[Any]:
    """A value with one thing changed, in every way that one byte of it can be."""
    if value is None:
        return [0]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    return [
        value[:place] + chr(ord(letter) ^ bit) + value[place + 1 :]
        for place, letter in enumerate(value)
        for bit in (0x01, 0x20)
    ]


@pytest.mark.parametrize("kind", ["scheduled", "opened", "bid", "sold", "rest"])
def test_every_change_of_one_byte_is_found(key: SigningKey, kind: str) -> None:
    record = made(key, BIDS)
    tried = 0
    for path in members(record):
        event = record["events"][path[1]] if path[0] == "events" else None
        if (event["kind"] if event else "rest") != kind:
            continue
        *way, last = path
        for value in changed(_at(record, path)):
            forged = deepcopy(record)
            _at(forged, tuple(way))[last] = value
            wrong = findings(forged)
            assert wrong, (path, value)
            if event and "chain" in wrong:
                assert wrong["chain"].startswith(f"event {path[1] + 1} ("), (path, wrong)
            tried += 1
    assert tried >= {"opened": 150, "bid": 900}.get(kind, 200)


def _at(record: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        record = record[step]
    return record


def test_a_record_that_lost_events_is_found_even_when_it_is_chained_and_signed_anew(
    key: SigningKey,
) -> None:
    whole = made(key, BIDS)
    for place in range(len(whole["events"])):
        cut = deepcopy(whole)
        del cut["events"][place]
        assert "chain" in findings(cut)
        assert "order" in findings(seal(cut, key)), place
        cut["events"] = cut["events"][:place]
        wrong = findings(seal(cut, key))
        assert wrong.keys() & {"form", "order"}, place
    assert findings(json.dumps(whole).encode()[:-20]).keys() == {"form"}


def _set(place: int, **values: Any) -> Callable[[Record], None]:
    return lambda record: record["events"][place].update(values)


def _set_term(**values: Any) -> Callable[[Record], None]:
    return lambda record: record["events"][0]["terms"].update(values)


def _last_of_times(record: Record) -> None:
    """An end that no extension can move, with a bid just before it."""
    end = "9999-12-31T23:59:59.000000Z"
    record["events"][0]["terms"]["closes_at"] = end
    for event in record["events"]:
        if event["kind"] == "bid":
            event["ends_at_after"] = end
    record["events"][6]["received_at"] = "9999-12-31T23:59:00.000000Z"


@pytest.mark.parametrize(
    ("forge", "check", "named"),
    [
        (_set(-1, number=1), "result", "event 9 (sold): number"),
        (_set(-1, price_fen=1_300), "result", "event 9 (sold): price_fen"),
        (_set(-1, ends_at="2026-03-03T01:00:00.000000Z"), "result", "event 9 (sold): ends_at"),
        (_set(-1, at="2026-03-03T01:04:53.000000Z"), "result", "decided before"),
        (_set(-1, kind="failed"), "result", "event 9 (failed): kind"),
        (_set(-1, awards=[]), "result", "event 9 (sold): awards"),
        (_set(-1, awards=None), "result", "event 9 (sold): awards"),
        (_set(-1, reason="no_valid_bid"), "result", "event 9 (sold): reason"),
        (_set(6, amount_fen=1_201), "result", "event 7 (bid 5): accepted"),
        (_set(6, received_at="2026-03-03T01:00:00.000000Z"), "result", "event 7 (bid 5): accepted"),
        (_set(6, number=3), "result", "event 7 (bid 5) is by number 3"),
        (_set(4, required_fen=1_000), "result", "event 5 (bid 3): required_fen"),
        (_set(4, refusal="bid_too_low"), "result", "event 5 (bid 3): refusal"),
        (_set(3, ends_at_after="2026-03-04T01:00:00.000000Z"), "result", "event 4 (bid 2): ends"),
        (_set_term(start_fen=900), "result", "event 2 (bid 1): required_fen"),
        (_set_term(units=3), "result", "event 1 (scheduled) has terms that no auction can have"),
        (_set_term(extension_s=2**62), "result", "event 1 (scheduled) has terms that no auction"),
        (_last_of_times, "result", "out of range|overflow"),
        (_set(0, format="sealed_once"), "result", "event 1 (scheduled) has terms that no auction"),
        (_set(0, rule_set="OTHER"), "result", "event 1 (scheduled) names a rule set"),
        (_set(0, auction_id=LISTING), "order", "event 1 (scheduled) is of another auction"),
        (_set(2, at="2026-03-02T01:00:00.000001Z"), "result", "event 3 (opened): at is"),
        (_set(2, after_sequence=0), "order", "event 3 (opened) says it is after bid 0"),
        (_set(4, sequence=4), "order", "event 5 (bid 4) stands where bid 3"),
        (lambda record: record["events"].insert(2, record["events"].pop(3)), "order", "event 3"),
        (
            lambda record: record["events"].append(record["events"][-1]),
            "order",
            "stands behind the result",
        ),
        (lambda record: record["events"].insert(3, record["events"][2]), "order", "event 4"),
    ],
)
def test_a_forger_with_the_key_is_found_by_the_rules(
    key: SigningKey, forge: Callable[[Record], None], check: str, named: str
) -> None:
    record = made(key, BIDS)
    forge(record)
    record = json.loads(json.dumps(record))
    wrong = findings(seal(record, key), key.public_pem)
    assert check in wrong
    assert any(one in wrong[check] for one in named.split("|")), wrong
    assert not wrong.keys() & {"form", "chain", "signature"}


def test_another_key_is_found_when_the_platforms_is_given(key: SigningKey, tmp_path: Path) -> None:
    other = signing_key(Settings(data_dir=tmp_path / "other", _env_file=None))
    forged = made(other, BIDS)
    assert findings(forged) == {}
    assert findings(forged, key.public_pem).keys() == {"signature"}
    forged["signature"] |= {"public_key": key.public_pem, "key_id": key.key_id}
    assert findings(forged).keys() == {"signature"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "Expecting value"),
        (b"\xff", "decode"),
        (b"[]", "JSON object"),
        (b"{}", "Field required"),
        (b'{"format": 1, "format": 1}', "twice"),
        (b'{"format": 1.0}', "1.0 is not an integer"),
        (b'{"format": NaN}', "NaN is not an integer"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_what_is_no_record_is_said(content: bytes, found: str) -> None:
    assert found in findings(content)["form"]


def test_members_beyond_the_format_are_refused(key: SigningKey) -> None:
    record = made(key, BIDS) | {"note": "x"}
    assert findings(record) == {"form": "note: Extra inputs are not permitted"}


def test_the_command_prints_a_line_per_check_and_fails_on_a_wrong_record(
    key: SigningKey, tmp_path: Path
) -> None:
    public, file = tmp_path / "public.pem", tmp_path / "record.json"
    public.write_text(key.public_pem)
    record = made(key, BIDS)
    file.write_text(json.dumps(record))
    done = CliRunner().invoke(cli, ["verify-record", str(file), "--public-key", str(public)])
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.output.splitlines()] == [
        "ok  form",
        "ok  chain",
        "ok  order",
        "ok  signature",
        "ok  result",
    ]
    record["events"][3]["amount_fen"] = 1_100
    done = CliRunner().invoke(cli, ["verify-record", "-"], input=json.dumps(record))
    assert done.exit_code == 1
    assert "WRONG  chain: event 4 (bid 2)" in done.output
    public.write_text("no key")
    done = CliRunner().invoke(cli, ["verify-record", str(file), "--public-key", str(public)])
    assert done.exit_code == 2


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path / "new", _env_file=None)
    first = signing_key(chosen)
    path = tmp_path / "new" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [KEY_FILE]
    named = Settings(data_dir=tmp_path / "none", record_key_file=str(path), _env_file=None)
    assert signing_key(named).key_id == first.key_id
    assert not (tmp_path / "none").exists()


def test_a_named_key_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    named = Settings(data_dir=tmp_path, record_key_file=str(path), _env_file=None)
    with pytest.raises(FileNotFoundError):
        signing_key(named)
    path.write_text("no key")
    with pytest.raises(BadKey, match="holds no private key"):
        signing_key(named)


async def fetched(market: Market, auction: dict[str, Any]) -> bytes:
    """The record as it is published; it holds and nothing in it names a bidder."""
    answer = await market.anonymous.get(f"/auctions/{auction['id']}/record")
    assert answer.status_code == 200, answer.text
    again = await market.anonymous.get(f"/auctions/{auction['id']}/record")
    assert again.content == answer.content
    trusted = signing_key(market.settings).public_pem
    checks = verify(answer.content, trusted)
    assert len(checks) == 5
    assert all(one.passed for one in checks), checks
    return answer.content


async def test_the_record_of_a_sold_auction_verifies_and_waits_for_the_result(
    market: Market,
) -> None:
    auction, _, (first, second) = await flow.start_auction(market)
    refused = await market.anonymous.get(f"/auctions/{auction['id']}/record")
    assert (refused.status_code, refused.json()["code"]) == (409, "record_not_ready")
    for bidder, amount in ((first, 0), (second, 0), (second, 1), (first, 3)):
        await flow.bid(bidder, auction, START_FEN + amount * STEP_FEN)
    sold = await flow.close_auction(market, auction)
    content = await fetched(market, auction)
    record = json.loads(content)
    kinds = [event["kind"] for event in record["events"]]
    assert kinds == ["scheduled", "opened", "bid", "bid", "bid", "bid", "sold"]
    assert record["events"][-1]["price_fen"] == sold["price_fen"] == START_FEN + 3 * STEP_FEN
    for bidder in (first, second):
        assert str(bidder.organisation_id).encode() not in content
        assert str(bidder.person_id).encode() not in content


async def test_the_record_of_a_failed_auction_verifies_with_a_bid_before_the_opening(
    market: Market,
) -> None:
    seller, operator = await market.join("university"), await market.admin()
    listing = await flow.open_listing(market, seller, opens_after_minutes=60)
    bidder = await market.join("enterprise")
    await flow.qualify(market, operator, listing, bidder)
    auction = await flow.open_auction(market, listing)
    assert (await flow.bid(bidder, auction, START_FEN)).json()["code"] == "auction_not_open"
    await flow.advance_to(market, auction["opens_at"])
    assert (await flow.bid(bidder, auction, 1)).json()["code"] == "bid_too_low"
    assert (await flow.close_auction(market, auction))["state"] == "failed"
    record = json.loads(await fetched(market, auction))
    kinds = [event["kind"] for event in record["events"]]
    assert kinds == ["scheduled", "bid", "opened", "bid", "failed"]


async def test_the_chain_holds_when_two_processes_take_bids_at_once(market: Market) -> None:
    auction, _, bidders = await flow.start_auction(market, bidders=4)
    auction_id = UUID(auction["id"])
    async with another_process(market) as other:
        outcomes = await asyncio.gather(
            *(
                bid(
                    market,
                    bidders[n % 4],
                    auction_id,
                    START_FEN + n // 2 * STEP_FEN,
                    f"r{n}",
                    other if n % 2 else None,
                )
                for n in range(40)
            )
        )
    await flow.close_auction(market, auction)
    events = json.loads(await fetched(market, auction))["events"]
    bids = [event for event in events if event["kind"] == "bid"]
    assert len(bids) == 40
    assert sum(event["accepted"] for event in bids) == outcomes.count(True)


@pytest.fixture
async def decided(market: Market) -> tuple[Market, dict[str, Any]]:
    auction, _, (only,) = await flow.start_auction(market, bidders=1)
    await flow.bid(only, auction, START_FEN)
    await flow.close_auction(market, auction)
    return market, auction


async def test_events_are_append_only_and_a_changed_row_breaks_the_record(
    decided: tuple[Market, dict[str, Any]],
) -> None:
    market, auction = decided
    await fetched(market, auction)
    async with market.sessions() as session:
        with pytest.raises(DBAPIError, match="append-only"):
            await session.execute(text("UPDATE auction_event SET payload = '{}'"))
    async with market.sessions() as session, session.begin():
        await session.execute(text("ALTER TABLE bid DISABLE TRIGGER bid_append_only"))
        await session.execute(text("UPDATE bid SET received_at = received_at - interval '1 us'"))
    answer = await market.anonymous.get(f"/auctions/{auction['id']}/record")
    assert findings(answer.content)["chain"].startswith("event 3 (bid 1)")


async def test_a_record_can_be_checked_by_hand(decided: tuple[Market, dict[str, Any]]) -> None:
    """The steps of docs/guide/record.md, with none of our code."""
    record = json.loads(await fetched(*decided))
    head = bytes(32)
    for event in record["events"]:
        digest = event.pop("digest")
        written = json.dumps(event, sort_keys=True, separators=(",", ":"))
        head = sha256(head + written.encode()).digest()
        assert head.hex() == digest
    message = f"{record['format']}\n{record['auction_id']}\n{head.hex()}\n".encode()
    signature = record["signature"]
    raw = base64.b64decode("".join(signature["public_key"].splitlines()[1:-1]))[-32:]
    assert sha256(raw).hexdigest()[:16] == signature["key_id"]
    public, value = Ed25519PublicKey.from_public_bytes(raw), bytes.fromhex(signature["value"])
    public.verify(value, message)
    with pytest.raises(InvalidSignature):
        public.verify(value, message + b"x")


OF_OLD = """
SET session_replication_role = replica;
INSERT INTO auction (id, listing_id, seller_id, start_fen, increment_fen, extension_s, state,
  opens_at, planned_end, ends_at, next_sequence, bid_count, leading_bid_id, leading_number,
  price_fen, winner_id, rule_set, decided_at)
SELECT id, uuidv7(), uuidv7(), 1000, 100, 300, state, '2026-03-02T01:00Z', '2026-03-03T01:00Z',
  '2026-03-03T01:04:50Z', 6, 3, uuidv7(), 2, 1300, CASE state WHEN 'sold' THEN buyer END,
  'ONLINE_2016', CASE state WHEN 'sold' THEN timestamptz '2026-03-03T01:04:51Z' END
FROM (VALUES (%(sold)s::uuid, 'sold', %(buyer)s::uuid), (%(open)s, 'open', %(buyer)s))
  a (id, state, buyer);
INSERT INTO auction_bidder (id, auction_id, bidder_id, number)
SELECT uuidv7(), a.id, CASE n WHEN 2 THEN %(buyer)s::uuid ELSE uuidv7() END, n
FROM auction a, generate_series(1, 2) n;
INSERT INTO bid (id, auction_id, sequence, bidder_id, number, amount_fen, received_at, request_id,
  accepted, refusal, required_fen, ends_at_after)
SELECT uuidv7(), b.auction_id, v.sequence, b.bidder_id, v.number, v.amount, v.at::timestamptz,
  'r' || v.sequence, v.refusal IS NULL, v.refusal, v.required, v.ends_at::timestamptz
FROM (VALUES
  (1, 1, 1000, '2026-03-02T00:59Z', 'auction_not_open', 1000, '2026-03-03T01:00Z'),
  (2, 1, 1000, '2026-03-02T01:01Z', NULL, NULL, '2026-03-03T01:00Z'),
  (3, 2, 1100, '2026-03-03T00:59:50Z', NULL, NULL, '2026-03-03T01:04:50Z'),
  (4, 1, 1100, '2026-03-03T00:59:55Z', 'bid_too_low', 1200, '2026-03-03T01:04:50Z'),
  (5, 2, 1300, '2026-03-03T00:59:40Z', NULL, NULL, '2026-03-03T01:04:50Z')
) v (sequence, number, amount, at, refusal, required, ends_at)
JOIN auction_bidder b ON b.number = v.number;
"""


@pytest.fixture
def of_old(postgres: EmbeddedPostgres) -> Iterator[tuple[str, dict[str, UUID]]]:
    """A database of the time before the chain, with a sold and an open auction, brought up."""
    names = {name: uuid4() for name in ("sold", "open", "buyer")}
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE market_of_old")
        url = postgres.url("market_of_old")
        command.upgrade(migrate.alembic_config(url), "0010")
        with psycopg.ClientCursor(psycopg.connect(url, autocommit=True)) as cursor:
            cursor.execute(OF_OLD, names)
            cursor.connection.close()
        migrate.upgrade(url)
        yield url, names
        connection.execute("DROP DATABASE market_of_old WITH (FORCE)")


async def test_the_migrations_make_chains_and_standings_of_auctions_that_were_there(
    of_old: tuple[str, dict[str, UUID]], key: SigningKey
) -> None:
    url, names = of_old
    engine = make_engine(url, pool_size=1)
    async with make_sessions(engine)() as session:
        content = b"".join([part async for part in service.record(session, names["sold"], key)])
        assert findings(content, key.public_pem) == {}
        assert "terms" not in json.loads(content)["events"][0]
        for auction_id in (names["sold"], names["open"]):
            auction = await session.get_one(Auction, auction_id)
            bids = await session.execute(
                select(Bid).where(Bid.auction_id == auction_id).order_by(Bid.sequence)
            )
            state = replayed(auction, bids.scalars())
            result = decide.result(state)
            assert result.awards[0].bidder == "2"
            assert result.runner_up == ("1", 1_000)
        award = (await session.execute(select(AuctionAward))).scalar_one()
        assert (award.auction_id, award.bidder_id) == (names["sold"], names["buyer"])
        with pytest.raises(DBAPIError, match="append-only"):
            await session.execute(text("UPDATE bid SET amount_fen = 0"))
    await engine.dispose()
