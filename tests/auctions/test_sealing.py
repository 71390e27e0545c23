"""Sealed bids, the custody of auction keys, and secret reserves."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import msgspec
import pytest
from Crypto.Protocol.SecretSharing import Shamir
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auctions import sealing
from app.auctions.engine.terms import Rules, commitment
from app.auctions.sealing import (
    AuctionKeys,
    BadContent,
    BadCustody,
    BadShare,
    SealedBid,
    Share,
    new_keys,
    open_sealed,
    seal,
)
from app.kit.money import FEN_MAX
from app.kit.opening import (
    BadOpeningKey,
    CannotOpen,
    KeyHolder,
    Officers,
    public_half,
    seal_text,
)

OPENS = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
ENDS = OPENS + timedelta(days=1)
AUCTION = UUID("0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f11")
ANOTHER = UUID("0198c7a2-6f0e-7c55-9a54-3d7f0f2a9f12")
PRIVATE, STRANGER = b"\1" * 32, b"\2" * 32
PUBLIC = public_half(PRIVATE)
OFFICERS = {name: bytes([10 + number]) * 32 for number, name in enumerate("王李赵钱孙")}
RULES = Rules(opens_at=OPENS, closes_at=ENDS)
ROOM = sealing.room(RULES)
PLACE: dict[str, Any] = {"auction_id": AUCTION, "number": 3, "request_id": "first"}

amounts = st.integers(0, FEN_MAX)


def bid(amount_fen: int = 12_345_600, **change: Any) -> SealedBid:
    return SealedBid(**{**PLACE, "amount_fen": amount_fen, **change})


def split(threshold: int = 2, count: int = 3, **change: Any) -> AuctionKeys:
    """Keys of an auction that so many of the officers open."""
    keys = {name: public_half(OFFICERS[name]) for name in list(OFFICERS)[:count]}
    terms: dict[str, Any] = {"auction_id": AUCTION, "not_before": ENDS, **change}
    return new_keys(Officers(keys, threshold), **terms)


def opened(keys: AuctionKeys) -> list[Share]:
    """Every officer's share."""
    return [
        sealing.open_share(keys.custody, OFFICERS[sealed["officer"]])
        for sealed in keys.custody["shares"]
    ]


def changed(secret: Share, **change: Any) -> Share:
    return msgspec.structs.replace(secret, **change)


# Bids


@given(amounts, st.integers(1, 10**9), st.text(min_size=1, max_size=100))
def test_a_bid_comes_out_as_it_went_in(amount_fen: int, quantity: int, request_id: str) -> None:
    made = bid(amount_fen, quantity=quantity, request_id=request_id)
    sealed = seal(PUBLIC, made, ROOM)
    assert open_sealed(PRIVATE, sealed, **{**PLACE, "request_id": request_id}) == made


def test_lots_and_scored_values_are_sealed_too() -> None:
    made = bid(lots=("甲", "乙"), values={"warranty": 24, "days": -3})
    assert open_sealed(PRIVATE, seal(PUBLIC, made, ROOM), **PLACE) == made


@given(amounts, amounts, st.integers(1, 10**9))
def test_the_length_of_a_sealed_bid_tells_nothing(one: int, other: int, quantity: int) -> None:
    first = seal(PUBLIC, bid(one), ROOM)
    second = seal(PUBLIC, bid(other, quantity=quantity), ROOM)
    assert len(first) == len(second) == ROOM + 48


def test_the_room_follows_from_the_rules_and_takes_the_longest_bid() -> None:
    lots = {f"{number}" + "包" * 98: 1 for number in range(10, 20)}
    rules = Rules(
        opens_at=OPENS,
        closes_at=ENDS,
        lots=lots,
        terms=[
            {"code": "price", "weight_bp": 6_000, "min": 0, "max": 9},
            {"code": "质保期", "weight_bp": 4_000, "min": 0, "max": 9},
        ],
    )
    wide = sealing.room(rules)
    assert (ROOM, wide) == (1024, 3840)
    longest = bid(
        FEN_MAX,
        number=10**9,
        quantity=10**9,
        request_id="\0" * 100,
        lots=tuple(rules.lots),
        values={"price": -FEN_MAX, "质保期": -FEN_MAX},
    )
    assert len(seal(PUBLIC, longest, wide)) == len(seal(PUBLIC, bid(0), wide)) == wide + 48
    with pytest.raises(BadContent, match="the auction's room is 3583"):
        seal(PUBLIC, longest, wide - 256)


@given(st.integers(0, ROOM + 47), st.integers(1, 255))
def test_any_changed_byte_is_refused(place: int, flip: int) -> None:
    sealed = bytearray(seal(PUBLIC, bid(), ROOM))
    sealed[place] ^= flip
    with pytest.raises(CannotOpen):
        open_sealed(PRIVATE, bytes(sealed), **PLACE)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(CannotOpen, match="sealed to another key, or changed"):
        open_sealed(STRANGER, seal(PUBLIC, bid(), ROOM), **PLACE)


@pytest.mark.parametrize(
    "place", [{"auction_id": ANOTHER}, {"number": 4}, {"request_id": "second"}]
)
def test_a_sealed_bid_counts_in_its_own_place_alone(place: dict[str, Any]) -> None:
    sealed = seal(PUBLIC, bid(), ROOM)
    with pytest.raises(BadContent, match="sealed as request first of bidder 3") as caught:
        open_sealed(PRIVATE, sealed, **{**PLACE, **place})
    assert "12345600" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": -1},
        {"amount_fen": FEN_MAX + 1},
        {"amount_fen": 1.5},
        {"quantity": 0},
        {"number": 0},
        {"request_id": ""},
        {"request_id": "\ud800"},
        {"lots": ("x" * 101,)},
        {"values": {"days": FEN_MAX + 1}},
    ],
)
def test_a_bid_that_is_not_valid_is_not_sealed(change: dict[str, Any]) -> None:
    with pytest.raises(BadContent):
        seal(PUBLIC, bid(**change), ROOM)


def sealed_text(change: Callable[[bytes], bytes]) -> bytes:
    """What anybody could seal to the public half: the content of a bid, changed."""
    text = change(msgspec.json.encode(bid(), order="sorted"))
    return seal_text(PUBLIC, text + b"\x80" + bytes(63))


def test_the_content_of_a_stranger_is_read_as_strictly_as_it_is_written() -> None:
    assert open_sealed(PRIVATE, sealed_text(lambda text: text), **PLACE) == bid()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b":12345600", b":-1"),
        lambda text: text.replace(b":12345600", b":1.5"),
        lambda text: text.replace(b'"bid"', b'"reserve"'),
        lambda text: text.replace(b'"lots":[],', b""),
        lambda text: text.replace(b'"lots"', b'"amount_fen":1,"lots"'),
        lambda text: text.replace(b",", b", ", 1),
        lambda text: b"\xff",
    ],
)
def test_content_of_another_form_is_refused(change: Callable[[bytes], bytes]) -> None:
    assert change(msgspec.json.encode(bid(), order="sorted")) != msgspec.json.encode(
        bid(), order="sorted"
    )
    with pytest.raises(BadContent):
        open_sealed(PRIVATE, sealed_text(change), **PLACE)


@pytest.mark.parametrize("text", [b"", b"\0", b"{}"])
def test_content_without_padding_is_refused(text: bytes) -> None:
    with pytest.raises(BadContent, match="not padded"):
        open_sealed(PRIVATE, seal_text(PUBLIC, text), **PLACE)


def test_printing_shows_nothing_secret() -> None:
    keys = split()
    key = sealing.rebuild(keys.custody, opened(keys))
    reserve = sealing.Reserve(auction_id=AUCTION, reserve_fen=77_700, salt="ab" * 16)
    for secret, hidden in [
        (bid(), "12345600"),
        (opened(keys)[0], opened(keys)[0].share),
        (key, key.private_key),
        (reserve, "77700"),
    ]:
        shown = f"{secret} {secret!r} {secret.__rich_repr__()}"
        assert str(AUCTION) in shown
        assert hidden not in shown


# One opening key


def held(**change: Any) -> AuctionKeys:
    terms: dict[str, Any] = {"auction_id": AUCTION, "not_before": ENDS, **change}
    return new_keys(KeyHolder(PUBLIC), **terms)


def test_the_opening_key_gets_the_auction_key_back() -> None:
    keys = held()
    key = sealing.open_custody(json.loads(json.dumps(keys.custody)), PRIVATE)
    assert (key.auction_id, key.not_before) == (AUCTION, ENDS.astimezone(UTC))
    assert sealing.key_matches(key.private, keys.public_key)
    sealed = seal(keys.public_key, bid(), ROOM)
    assert open_sealed(key.private, sealed, **PLACE) == bid()
    assert key.private_key not in json.dumps(keys.custody)
    assert held().public_key != keys.public_key


def test_the_custody_says_what_it_is() -> None:
    assert held().custody["custody"] == "key_file"
    assert split().custody["custody"] == "officers"
    keys = new_keys(KeyHolder(PUBLIC, ephemeral=True), auction_id=AUCTION, not_before=ENDS)
    assert keys.custody["custody"] == "ephemeral"
    key = sealing.open_custody(keys.custody, PRIVATE)
    assert sealing.key_matches(key.private, keys.public_key)


def test_another_opening_key_is_told_which_one_is_needed() -> None:
    with pytest.raises(CannotOpen, match=PUBLIC.hex()):
        sealing.open_custody(held().custody, STRANGER)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"auction_id": str(ANOTHER)}, BadCustody),
        ({"public_key": public_half(STRANGER).hex()}, BadCustody),
        ({"sealed_key": "00" * 200}, CannotOpen),
        ({"sealed_key": "00"}, CannotOpen),
        ({"sealed_key": seal_text(PUBLIC, b"{}").hex()}, BadContent),
        ({"sealed_key": "no hex"}, BadCustody),
        ({"custody": "nobody"}, BadCustody),
        ({"more": 1}, BadCustody),
    ],
)
def test_a_changed_custody_is_refused(change: dict[str, Any], error: type[ValueError]) -> None:
    with pytest.raises(error):
        sealing.open_custody({**held().custody, **change}, PRIVATE)


def test_each_custody_is_opened_in_its_own_way() -> None:
    with pytest.raises(BadCustody, match="opened by officers"):
        sealing.open_custody(split().custody, PRIVATE)
    with pytest.raises(BadCustody, match="not by officers"):
        sealing.open_share(held().custody, PRIVATE)
    with pytest.raises(BadCustody, match="not by officers"):
        sealing.rebuild(held().custody, opened(split()))


# Officers


@st.composite
def thresholds(draw: st.DrawFn) -> tuple[int, int]:
    count = draw(st.integers(2, len(OFFICERS)))
    return draw(st.integers(2, count)), count


@settings(max_examples=40, deadline=None)
@given(thresholds(), st.randoms())
def test_any_k_of_n_shares_rebuild_the_key(of: tuple[int, int], chance: Any) -> None:
    threshold, count = of
    keys = split(threshold, count)
    shares = opened(keys)
    for some in combinations(shares, threshold):
        given_in = list(some)
        chance.shuffle(given_in)
        key = sealing.rebuild(keys.custody, given_in)
        assert sealing.key_matches(key.private, keys.public_key)
    assert sealing.rebuild(keys.custody, shares) == key
    for few in combinations(shares, threshold - 1):
        with pytest.raises(BadShare, match=f"{threshold} officers must open"):
            sealing.rebuild(keys.custody, few)


@settings(max_examples=40, deadline=None)
@given(thresholds(), st.binary(min_size=32, max_size=32))
def test_fewer_shares_tell_nothing(of: tuple[int, int], any_key: bytes) -> None:
    """Whatever the key is, one more share exists with which these shares give that key."""
    threshold, count = of
    shares = opened(split(threshold, count))[: threshold - 1]
    missing = threshold
    for part in (slice(16), slice(16, 32)):
        known = [(share.index, bytes.fromhex(share.share)[part]) for share in shares]
        # In this field x + missing is x ^ missing: the curve through the key at 0, read at missing.
        moved = [(missing, any_key[part]), *((x ^ missing, y) for x, y in known)]
        completing = Shamir.combine(moved)
        assert Shamir.combine([*known, (missing, completing)]) == any_key[part]


def refused(keys: AuctionKeys, shares: Sequence[Share], reason: str) -> None:
    with pytest.raises(BadShare, match=reason):
        sealing.rebuild(keys.custody, shares)


def test_a_wrong_share_is_named() -> None:
    keys = split()
    first, second, third = opened(keys)
    refused(keys, [first, changed(second, share="00" * 32)], "not the share that 李 was given")
    refused(keys, [first, changed(second, index=3)], "not the share that 李 was given")
    refused(keys, [first, changed(second, officer="赵")], "not the share that 赵 was given")
    refused(keys, [first, changed(third, officer="周")], "周 is not one of the officers")
    refused(keys, [first, first], "given twice")
    refused(keys, [], "2 officers must open their shares; 0 did")
    refused(keys, [first, opened(split())[1]], "not the share that 李 was given")
    other = opened(split(auction_id=ANOTHER))
    refused(keys, [first, other[1]], f"of auction {ANOTHER}, not of {AUCTION}")


def test_a_share_is_handed_in_as_json() -> None:
    share = opened(split())[0]
    document = json.loads(msgspec.json.encode(share))
    assert sealing.read_share(document) == share
    for change in ({"share": "00"}, {"index": "1"}, {"kind": "bid"}, {"more": 1}):
        with pytest.raises(BadShare, match="no opened share"):
            sealing.read_share({**document, **change})


def test_a_share_of_a_running_auction_does_not_pass_as_that_of_an_ended_one() -> None:
    running, ended = split(auction_id=ANOTHER).custody, split().custody
    with pytest.raises(BadCustody, match=f"what it seals of {ANOTHER}"):
        sealing.open_share({**ended, "shares": running["shares"]}, OFFICERS["王"])


def test_who_is_no_officer_has_no_share() -> None:
    with pytest.raises(CannotOpen, match="no share of this auction was sealed to the key"):
        sealing.open_share(split().custody, STRANGER)


def test_shares_that_give_another_key_are_refused() -> None:
    keys = split()
    forged = {**keys.custody, "public_key": PUBLIC.hex()}
    with pytest.raises(BadCustody, match="is not that of auction"):
        sealing.rebuild(forged, opened(keys))


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (3, 2), (0, 2), (2, 0)])
def test_a_number_of_officers_that_cannot_open_is_refused(threshold: int, count: int) -> None:
    with pytest.raises(BadCustody, match=f"{threshold} of {count} officers"):
        split(threshold, count)


def test_an_officer_has_one_share_and_a_name() -> None:
    with pytest.raises(BadCustody, match="same key"):
        new_keys(Officers({"王": PUBLIC, "李": PUBLIC}, 2), auction_id=AUCTION, not_before=ENDS)
    two = {"": PUBLIC, "李": public_half(STRANGER)}
    with pytest.raises(BadCustody, match="officer"):
        new_keys(Officers(two, 2), auction_id=AUCTION, not_before=ENDS)
    with pytest.raises(BadOpeningKey):
        new_keys(KeyHolder(bytes(32)), auction_id=AUCTION, not_before=ENDS)


def test_a_published_key_can_be_checked() -> None:
    assert sealing.key_matches(PRIVATE, PUBLIC)
    assert not sealing.key_matches(STRANGER, PUBLIC)
    with pytest.raises(BadOpeningKey):
        sealing.key_matches(b"short", PUBLIC)


# Reserves


@given(amounts)
def test_a_reserve_is_committed_before_and_opened_after(reserve_fen: int) -> None:
    made = sealing.commit_reserve(PUBLIC, auction_id=AUCTION, reserve_fen=reserve_fen)
    assert len(made.sealed) == 256 + 48
    reserve = sealing.open_reserve(
        PRIVATE, made.sealed, auction_id=AUCTION, published=made.commitment
    )
    assert reserve.reserve_fen == reserve_fen
    assert commitment(reserve_fen, reserve.salt) == made.commitment
    rules = Rules(
        opens_at=OPENS,
        reserve_fen=reserve.reserve_fen,
        reserve_salt=reserve.salt,
        reserve_commitment=made.commitment,
    )
    assert rules.reserve_fen == reserve_fen


def test_equal_reserves_have_commitments_that_differ() -> None:
    one, other = (
        sealing.commit_reserve(PUBLIC, auction_id=AUCTION, reserve_fen=5) for _ in range(2)
    )
    assert one.commitment != other.commitment


def test_another_reserve_is_refused() -> None:
    one, other = (
        sealing.commit_reserve(PUBLIC, auction_id=AUCTION, reserve_fen=fen) for fen in (5, 6)
    )
    with pytest.raises(BadContent, match="not the one that was committed to"):
        sealing.open_reserve(PRIVATE, one.sealed, auction_id=AUCTION, published=other.commitment)
    with pytest.raises(BadContent, match=f"of auction {AUCTION}"):
        sealing.open_reserve(PRIVATE, one.sealed, auction_id=ANOTHER, published=one.commitment)
    with pytest.raises(CannotOpen):
        sealing.open_reserve(STRANGER, one.sealed, auction_id=AUCTION, published=one.commitment)
    with pytest.raises(BadContent, match="content of a SealedBid"):
        open_sealed(PRIVATE, one.sealed, **PLACE)
    for wrong in (-1, FEN_MAX + 1):
        with pytest.raises(BadContent):
            sealing.commit_reserve(PUBLIC, auction_id=AUCTION, reserve_fen=wrong)
