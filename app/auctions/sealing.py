"""Sealed bids and reserves: who can read them, and not before when.

Every auction with sealed bids has an X25519 pair of its own. Bids are sealed to its public half on
arrival. Its private half goes into a custody document at once, sealed to those who open it later,
and is kept nowhere else. After the end it is published, so that everybody can open every bid.
`docs/guide/sealed.md` says what this protects against and what not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from secrets import token_hex
from typing import Annotated, Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from Crypto.Protocol.SecretSharing import Shamir
from msgspec import Meta
from nacl.bindings import sodium_pad, sodium_unpad
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey

from app.auctions.engine.terms import Rules, commitment
from app.kit.money import FEN_MAX
from app.kit.opening import (
    CannotOpen,
    Hex,
    HexKey,
    KeyHolder,
    Officers,
    Openers,
    public_half,
    seal_text,
    unseal_text,
)
from app.kit.settings import MAX_OFFICERS

SALT_BYTES = 16
RESERVE_ROOM = 256
ROOM_STEP = 256
HALF = 16
"""Shamir's scheme of the library works on 16 bytes; a key is split as two halves."""

Fen: TypeAlias = Annotated[int, Meta(ge=0, le=FEN_MAX)]
Whole: TypeAlias = Annotated[int, Meta(ge=-FEN_MAX, le=FEN_MAX)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=10**9)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]


class BadContent(ValueError):
    """What is to be sealed, or was found sealed, has not the form that it must have."""


class BadCustody(ValueError):
    """A custody that cannot be made or read; the message says what would be right."""


class BadShare(ValueError):
    """A share that is not the officer's share of this auction, or shares that are too few."""


class _Secret(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """Something secret of one auction; printing it, in a log or a trace, does not show it."""

    auction_id: UUID

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of auction {self.auction_id}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("auction_id", self.auction_id)]


class SealedBid(_Secret, frozen=True, tag="bid"):
    """A bid as it is sealed: whose and where, so that it counts nowhere else, and what it says."""

    number: Count
    request_id: Name
    amount_fen: Fen
    quantity: Count = 1
    lots: tuple[Name, ...] = ()
    values: dict[Name, Whole] = {}


class Reserve(_Secret, frozen=True, tag="reserve"):
    """A secret reserve in fen and the salt that opens its commitment."""

    reserve_fen: Fen
    salt: Annotated[str, Meta(pattern=f"^[0-9a-f]{{{2 * SALT_BYTES}}}$")]


class AuctionKey(_Secret, frozen=True, tag="auction_key"):
    """The private half of an auction, not to be used before `not_before`."""

    not_before: Moment
    private_key: HexKey

    @property
    def private(self) -> bytes:
        """The private half, 32 bytes."""
        return bytes.fromhex(self.private_key)


class Share(_Secret, frozen=True, tag="share"):
    """An officer's share of an auction's private half, not to be opened before `not_before`."""

    not_before: Moment
    officer: Name
    index: Count
    share: HexKey


class _HolderCustody(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="custody",
    tag="key_file",
):
    """The private half, sealed to one opening key. Nothing in it is secret."""

    auction_id: UUID
    not_before: Moment
    public_key: HexKey
    opening_key: HexKey
    sealed_key: Hex


class _EphemeralCustody(_HolderCustody, frozen=True, tag="ephemeral"):
    """The same, with an opening key that the sandbox itself has: protects nothing."""


class _SealedShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share as its officer gets it; the digest tells it from any other when it is handed in."""

    officer: Name
    index: Count
    public_key: HexKey
    digest: HexKey
    sealed_share: Hex


class _OfficersCustody(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="custody",
    tag="officers",
):
    """The private half in shares, each sealed to its officer. Nothing in it is secret."""

    auction_id: UUID
    not_before: Moment
    public_key: HexKey
    threshold: Count
    shares: tuple[_SealedShare, ...]


_Custody: TypeAlias = _HolderCustody | _EphemeralCustody | _OfficersCustody
_S = TypeVar("_S", bound=_Secret)


@dataclass(frozen=True)
class AuctionKeys:
    """What the platform keeps of a new pair: the public half and the custody as JSON."""

    public_key: bytes
    custody: dict[str, Any] = field(repr=False)


def new_keys(openers: Openers, *, auction_id: UUID, not_before: datetime) -> AuctionKeys:
    """A new pair whose private half only the openers can get back, and should not before a time.

    Python cannot wipe memory; the private half is dropped here and is written nowhere. Raises
    BadCustody and BadOpeningKey.
    """
    pair = PrivateKey.generate()
    key = AuctionKey(
        auction_id=auction_id,
        not_before=not_before.astimezone(UTC),
        private_key=pair.encode().hex(),
    )
    public = pair.public_key.encode()
    if isinstance(openers, KeyHolder):
        custody: _Custody = _held(openers, key, public)
    else:
        custody = _shared(openers, key, public)
    document = msgspec.to_builtins(custody)
    _custody(document)
    return AuctionKeys(public, document)


def _held(holder: KeyHolder, key: AuctionKey, public: bytes) -> _HolderCustody:
    kind = _EphemeralCustody if holder.ephemeral else _HolderCustody
    return kind(
        auction_id=key.auction_id,
        not_before=key.not_before,
        public_key=public.hex(),
        opening_key=holder.public_key.hex(),
        sealed_key=seal_text(holder.public_key, _encode(key)).hex(),
    )


def _shared(officers: Officers, key: AuctionKey, public: bytes) -> _OfficersCustody:
    count = len(officers.public_keys)
    if not 2 <= officers.threshold <= count <= MAX_OFFICERS:
        raise BadCustody(
            f"{officers.threshold} of {count} officers cannot open it: at least 2 are needed,"
            f" of at most {MAX_OFFICERS}"
        )
    if len(set(officers.public_keys.values())) < count:
        raise BadCustody("two officers have the same key; every officer needs a key of their own")
    halves = [
        Shamir.split(officers.threshold, count, half)
        for half in (key.private[:HALF], key.private[HALF:])
    ]
    shares = []
    for (officer, to), (index, first), (_, second) in zip(
        officers.public_keys.items(), *halves, strict=True
    ):
        text = _encode(
            Share(
                auction_id=key.auction_id,
                not_before=key.not_before,
                officer=officer,
                index=index,
                share=(first + second).hex(),
            )
        )
        sealed = seal_text(to, text)
        shares.append(
            _SealedShare(officer, index, to.hex(), sha256(text).hexdigest(), sealed.hex())
        )
    return _OfficersCustody(
        auction_id=key.auction_id,
        not_before=key.not_before,
        public_key=public.hex(),
        threshold=officers.threshold,
        shares=tuple(shares),
    )


def openers_of(custody: Mapping[str, Any]) -> Openers:
    """Those who open an auction, for another one that the same are to open; raises BadCustody."""
    held = _custody(custody)
    if isinstance(held, _OfficersCustody):
        keys = {one.officer: bytes.fromhex(one.public_key) for one in held.shares}
        return Officers(keys, held.threshold)
    return KeyHolder(bytes.fromhex(held.opening_key), isinstance(held, _EphemeralCustody))


def open_custody(custody: Mapping[str, Any], opening_key: bytes) -> AuctionKey:
    """The auction's private half, by the opening key's.

    Raises BadCustody, BadContent and CannotOpen.
    """
    held = _custody(custody)
    if isinstance(held, _OfficersCustody):
        raise BadCustody("this auction is opened by officers, not by one opening key")
    if public_half(opening_key).hex() != held.opening_key:
        raise CannotOpen(f"this auction is opened by another key, {held.opening_key}")
    key = _decode(unseal_text(opening_key, bytes.fromhex(held.sealed_key)), AuctionKey)
    _require_same_auction(key.auction_id, held.auction_id)
    return _fitting(key, held)


def open_share(custody: Mapping[str, Any], officer_key: bytes) -> Share:
    """The share of the officer whose private half this is.

    Raises BadCustody, BadContent and CannotOpen.
    """
    split = _of_officers(custody)
    public = public_half(officer_key).hex()
    for sealed in split.shares:
        if sealed.public_key == public:
            share = _decode(unseal_text(officer_key, bytes.fromhex(sealed.sealed_share)), Share)
            _require_same_auction(share.auction_id, split.auction_id)
            return share
    raise CannotOpen(f"no share of this auction was sealed to the key {public}")


def read_share(document: Mapping[str, Any]) -> Share:
    """A share as an officer hands it in; raises BadShare."""
    try:
        return msgspec.convert(document, Share)
    except ValueError as error:
        raise BadShare(f"this is no opened share: {error}") from None


def check_share(custody: Mapping[str, Any], share: Share) -> None:
    """Make sure that it is that officer's share of this auction; raises BadShare, BadCustody."""
    split = _of_officers(custody)
    if share.auction_id != split.auction_id:
        raise BadShare(f"this share is of auction {share.auction_id}, not of {split.auction_id}")
    for sealed in split.shares:
        if sealed.officer == share.officer:
            if not compare_digest(sha256(_encode(share)).hexdigest(), sealed.digest):
                raise BadShare(f"this is not the share that {share.officer} was given")
            return
    raise BadShare(f"{share.officer} is not one of the officers who open this auction")


def rebuild(custody: Mapping[str, Any], shares: Sequence[Share]) -> AuctionKey:
    """The auction's private half from the shares of enough officers.

    Raises BadShare, also for one officer's share given twice, and BadCustody.
    """
    split = _of_officers(custody)
    for share in shares:
        check_share(custody, share)
    given = {share.index for share in shares}
    if len(given) < len(shares):
        raise BadShare("the share of an officer was given twice")
    if len(given) < split.threshold:
        raise BadShare(f"{split.threshold} officers must open their shares; {len(given)} did")
    first, second = (
        Shamir.combine(
            [(share.index, bytes.fromhex(share.share)[part]) for share in shares[: split.threshold]]
        )
        for part in (slice(HALF), slice(HALF, None))
    )
    key = AuctionKey(
        auction_id=split.auction_id,
        not_before=max(share.not_before for share in shares),
        private_key=(first + second).hex(),
    )
    return _fitting(key, split)


def key_matches(private_key: bytes, public_key: bytes) -> bool:
    """Whether the two are halves of one pair; raises BadOpeningKey for what is no private half."""
    return compare_digest(public_half(private_key), public_key)


def room(rules: Rules) -> int:
    """How many bytes a bid of this auction takes before it is sealed, whatever it says.

    It follows from the published rules alone, so that the length of a sealed bid tells nothing.
    """
    longest = SealedBid(
        auction_id=UUID(int=0),
        number=10**9,
        request_id="\0" * 100,  # six bytes each in JSON, which is the most
        amount_fen=FEN_MAX,
        quantity=10**9,
        lots=tuple(rules.lots),
        values={term.code: -FEN_MAX for term in rules.terms},
    )
    return (len(_encode(longest)) // ROOM_STEP + 1) * ROOM_STEP


def seal(public_key: bytes, bid: SealedBid, room: int) -> bytes:
    """The bid as only the auction's private half can read it: 48 bytes more than its room.

    Raises BadContent for a bid that is not valid or does not fit, and BadOpeningKey.
    """
    return _seal(public_key, bid, room)


def open_sealed(
    private_key: bytes, sealed: bytes, *, auction_id: UUID, number: int, request_id: str
) -> SealedBid:
    """The bid that was sealed for this auction, bidder and request.

    Raises CannotOpen for another key or changed bytes, and BadContent for what is sealed rightly
    but is not this bid: the public half is public, so anybody can seal anything to it.
    """
    bid = _unseal(private_key, sealed, SealedBid)
    if (bid.auction_id, bid.number, bid.request_id) != (auction_id, number, request_id):
        raise BadContent(
            f"sealed as request {bid.request_id} of bidder {bid.number} in auction"
            f" {bid.auction_id}, not as {request_id} of {number} in {auction_id}"
        )
    return bid


@dataclass(frozen=True)
class SealedReserve:
    """A commitment to publish now, and what opens it, sealed until the auction is opened."""

    commitment: str
    sealed: bytes = field(repr=False)


def commit_reserve(public_key: bytes, *, auction_id: UUID, reserve_fen: int) -> SealedReserve:
    """Commit to a secret reserve (拍卖法 art. 28).

    Amounts are few enough to try them all, so the commitment is salted, and the salt is sealed with
    the amount; keep neither. Raises BadContent and BadOpeningKey.
    """
    salt = token_hex(SALT_BYTES)
    reserve = Reserve(auction_id=auction_id, reserve_fen=reserve_fen, salt=salt)
    sealed = _seal(public_key, reserve, RESERVE_ROOM)
    return SealedReserve(commitment(reserve_fen, salt), sealed)


def open_reserve(private_key: bytes, sealed: bytes, *, auction_id: UUID, published: str) -> Reserve:
    """The reserve behind the published commitment; raises CannotOpen and BadContent."""
    reserve = _unseal(private_key, sealed, Reserve)
    if reserve.auction_id != auction_id:
        raise BadContent(f"this reserve is of auction {reserve.auction_id}, not of {auction_id}")
    if not compare_digest(commitment(reserve.reserve_fen, reserve.salt), published):
        raise BadContent("the sealed reserve is not the one that was committed to")
    return reserve


def _seal(public_key: bytes, secret: _Secret, room: int) -> bytes:
    text = _encode(secret)
    _decode(text, type(secret))
    if len(text) >= room:
        raise BadContent(f"the content takes {len(text)} bytes, the auction's room is {room - 1}")
    return seal_text(public_key, sodium_pad(text, room))


def _unseal(private_key: bytes, sealed: bytes, kind: type[_S]) -> _S:
    padded = unseal_text(private_key, sealed)
    try:
        text = sodium_unpad(padded, max(len(padded), 1))
    except CryptoError:
        raise BadContent("what was sealed is not padded") from None
    return _decode(text, kind)


def _encode(secret: _Secret) -> bytes:
    """Canonical JSON: UTF-8, members sorted by name, no white space, all of them there."""
    try:
        return msgspec.json.encode(secret, order="sorted")
    except UnicodeEncodeError:
        raise BadContent("a text has characters that are not Unicode") from None


def _decode(text: bytes, kind: type[_S]) -> _S:
    """Read canonical JSON and nothing else, so that all readers read the same."""
    try:
        secret = msgspec.json.decode(text, type=kind)
    except ValueError as error:
        raise BadContent(f"not the content of a {kind.__name__}: {error}") from None
    if _encode(secret) != text:
        raise BadContent(f"the content of this {kind.__name__} is not in canonical form")
    return secret


def _custody(document: Mapping[str, Any]) -> _Custody:
    try:
        custody: _Custody = msgspec.convert(document, _Custody)
    except ValueError as error:
        raise BadCustody(f"this is no custody document: {error}") from None
    return custody


def _of_officers(document: Mapping[str, Any]) -> _OfficersCustody:
    custody = _custody(document)
    if not isinstance(custody, _OfficersCustody):
        raise BadCustody("this auction is opened by one opening key, not by officers")
    return custody


def _require_same_auction(sealed_for: UUID, auction_id: UUID) -> None:
    """A share of an auction that still runs must not be opened as that of one that has ended."""
    if sealed_for != auction_id:
        raise BadCustody(f"the custody is of auction {auction_id}, what it seals of {sealed_for}")


def _fitting(key: AuctionKey, custody: _Custody) -> AuctionKey:
    if not key_matches(key.private, bytes.fromhex(custody.public_key)):
        raise BadCustody(f"the key found is not that of auction {custody.auction_id}")
    return key
