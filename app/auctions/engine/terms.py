"""The rules of one auction: which its profile takes, whether they fit together, their schema."""

import hashlib
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from app.auctions.engine.codes import Decides, Direction, Ends, Payment
from app.auctions.engine.profiles import PROFILES, Data, Profile
from app.kit.money import FEN_MAX


def _text_or_time(value: object) -> object:
    """Numbers would pass as seconds since 1970, which nobody means."""
    if isinstance(value, int | float):
        raise ValueError("must be a time such as 2026-03-02T10:00:00+08:00")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text_or_time)]
Fen = Annotated[int, Field(ge=0, le=FEN_MAX, strict=True)]
PositiveFen = Annotated[int, Field(ge=1, le=FEN_MAX, strict=True)]
Seconds = Annotated[int, Field(ge=0, le=366 * 86_400, strict=True)]
PositiveSeconds = Annotated[int, Field(ge=1, le=366 * 86_400, strict=True)]
Count = Annotated[int, Field(ge=1, le=10**9, strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=100)]

WEIGHTS_SUM = 10_000
PRICE_TERM = "price"
MAX_LOTS = 20
MAX_PACKAGE_BIDS = 2_000


class BadRules(ValueError):
    """Rules that cannot be taken; `problems` are pairs of field and what would be right."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems))
        self.problems = problems


class ScoredTerm(Data):
    """A scored term of a weighted auction.

    The points are `weight_bp` x (value - min) / (max - min), or (max - value) when `lower` values
    are better; values outside the scale count as its ends. The term `price` is the bid's amount.
    """

    code: Name
    weight_bp: int = Field(ge=1, le=WEIGHTS_SUM, strict=True)
    min: int = Field(strict=True)
    max: int = Field(strict=True)
    lower: bool = False

    @model_validator(mode="after")
    def _scale(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min {self.min} must be below max {self.max}")
        return self


class Rules(Data):
    """The numbers of one auction. Amounts in fen; times are aware; a profile takes a part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    direction: Direction = Direction.FORWARD
    opens_at: Moment
    closes_at: Moment | None = None
    start_fen: Fen | None = Field(None, description="Forward: least bid; reverse: greatest")
    increments: PositiveFen | tuple[tuple[Fen, PositiveFen], ...] | None = Field(
        None, description="One step, or tiers [[from_fen, step_fen], ...], the first from 0"
    )
    multiples: bool | None = Field(
        None, description="A raise is a multiple of the step; by default unless proxy"
    )
    first_bid_at_start: bool = True
    extension_s: Seconds = 0
    extensions_max: Count | None = Field(None, description="How often the end may move")
    latest_end_at: Moment | None = Field(None, description="Where extensions stop")
    proxy: bool = Field(False, description="Amounts are secret maxima that bid for their owners")
    reserve_fen: Fen | None = Field(None, description="Secret; forward: least price; reverse: most")
    reserve_salt: Name | None = None
    reserve_commitment: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description='SHA-256 of "{reserve_fen}:{reserve_salt}"'
    )
    minimum_fen: Fen | None = Field(None, description="Reverse: bids below it do not count")
    minimum_secret: bool = False
    minimum_bidders: Count = 1
    priority: dict[Name, Count] = Field({}, description="Bidder to rank; rank 1 is the first")
    payment: Payment = Payment.FIRST
    confirm_s: PositiveSeconds = 300
    cycle_s: PositiveSeconds = 300
    rounds: int = Field(3, ge=1, le=20, strict=True)
    turn_s: PositiveSeconds = 120
    break_s: Seconds = Field(0, description="Pause before every round")
    decrement_fen: PositiveFen | None = None
    interval_s: PositiveSeconds | None = None
    stop_fen: Fen | None = Field(None, description="The last price of the clock")
    units: Count | None = None
    min_quantity: Count = 1
    max_quantity: Count | None = Field(None, description="Most units of one bidder, all bids")
    partial_fill: bool = True
    terms: tuple[ScoredTerm, ...] = ()
    lots: dict[Name, Fen] = Field({}, description="Lot to its least price")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for check in (_check_times, _check_ladder, _check_limits, _check_scores):
            check(self)
        return self

    @property
    def sign(self) -> int:
        """+1 where higher is better, -1 where lower is."""
        return 1 if self.direction is Direction.FORWARD else -1

    @property
    def tiers(self) -> tuple[tuple[int, int], ...]:
        """The increments as a table of (from, step) in fen."""
        if isinstance(self.increments, int):
            return ((0, self.increments),)
        return self.increments or ((0, 1),)

    @property
    def in_multiples(self) -> bool:
        """Whether raises are multiples of the step; a secret maximum may be any amount."""
        return not self.proxy if self.multiples is None else self.multiples


def _check_times(rules: Rules) -> None:
    if rules.closes_at is not None and rules.closes_at <= rules.opens_at:
        raise ValueError("closes_at must be after opens_at")
    if rules.latest_end_at is not None and (
        rules.closes_at is None or rules.latest_end_at < rules.closes_at
    ):
        raise ValueError("latest_end_at must not be before closes_at")


def _check_ladder(rules: Rules) -> None:
    froms = [from_fen for from_fen, _ in rules.tiers]
    if froms[0] != 0 or froms != sorted(set(froms)):
        raise ValueError("increments must begin with a tier from 0 and then rise")
    if rules.proxy and rules.priority:
        raise ValueError("proxy and priority exclude each other: a maximum would hide who equals")
    if rules.decrement_fen is not None and rules.start_fen is not None:
        falls = rules.stop_fen is not None and rules.sign * (rules.start_fen - rules.stop_fen) > 0
        if not falls:
            raise ValueError("stop_fen must be below start_fen (reverse: above it)")


def _check_limits(rules: Rules) -> None:
    if rules.reserve_commitment is not None and rules.reserve_fen is not None:
        salt = rules.reserve_salt
        if salt is None or commitment(rules.reserve_fen, salt) != rules.reserve_commitment:
            raise ValueError("reserve_fen and reserve_salt do not open reserve_commitment")
    if rules.minimum_fen is not None:
        if rules.direction is Direction.FORWARD:
            raise ValueError("minimum_fen is for reverse auctions; forward ones have start_fen")
        if rules.start_fen is not None and rules.minimum_fen > rules.start_fen:
            raise ValueError("minimum_fen must not be above start_fen")
    if rules.max_quantity is not None and rules.max_quantity < rules.min_quantity:
        raise ValueError("max_quantity must not be below min_quantity")
    if rules.units is not None and rules.min_quantity > rules.units:
        raise ValueError("min_quantity must not be above units")
    if len(rules.lots) > MAX_LOTS:
        raise ValueError(f"lots: at most {MAX_LOTS} can be decided exactly")


def _check_scores(rules: Rules) -> None:
    if not rules.terms:
        return
    codes = [term.code for term in rules.terms]
    if len(set(codes)) < len(codes):
        raise ValueError("terms: a code stands twice")
    if PRICE_TERM not in codes:
        raise ValueError("terms: the price must be one of the scored terms")
    total = sum(term.weight_bp for term in rules.terms)
    if total != WEIGHTS_SUM:
        raise ValueError(f"terms: the weights sum to {total} basis points, not {WEIGHTS_SUM}")
    price = next(term for term in rules.terms if term.code == PRICE_TERM)
    if price.lower != (rules.direction is Direction.REVERSE):
        raise ValueError("terms: lower prices are better in reverse auctions only")


def commitment(reserve_fen: int, salt: str) -> str:
    """What is published of a secret reserve before the sale (拍卖法 art. 28)."""
    return hashlib.sha256(f"{reserve_fen}:{salt}".encode()).hexdigest()


def profile_of(code: str) -> Profile:
    """A format by its code; raises BadRules."""
    profile = PROFILES.get(code)
    if profile is None:
        raise BadRules([("profile", f"{code!r} is not one of {', '.join(PROFILES)}")])
    return profile


def rules_of(profile: Profile, given: dict[str, Any]) -> Rules:
    """The rules of an auction of a format; raises BadRules with every problem there is."""
    problems = [
        (f"rules.{name}", f"{profile.code} sets this itself")
        if name in profile.fixed
        else (f"rules.{name}", f"{profile.code} has no such rule; it has {_listed(profile)}")
        for name in sorted(set(given) - profile.fields)
    ]
    problems += [
        (f"rules.{name}", f"{profile.code} needs it")
        for name in sorted(profile.required - set(given))
    ]
    if problems:
        raise BadRules(problems)
    try:
        rules = Rules.model_validate({**profile.defaults, **given, **profile.fixed})
    except ValidationError as error:
        raise BadRules(_problems(error)) from None
    _check_profile(profile, rules)
    return rules


def _check_profile(profile: Profile, rules: Rules) -> None:
    if rules.direction not in profile.directions:
        raise BadRules([("rules.direction", f"{profile.code} is {profile.directions[0]} only")])
    if rules.payment not in profile.payments:
        raise BadRules([("rules.payment", f"must be one of {', '.join(profile.payments)}")])
    needs_end = profile.phases[0].ends is not Ends.LAST_STEP
    if needs_end and rules.closes_at is None:
        raise BadRules([("rules.closes_at", "must be a time")])
    if rules.closes_at is not None:
        open_for = rules.closes_at - rules.opens_at
        if open_for < timedelta(hours=profile.minimum_hours):
            text = f"must be {profile.minimum_hours} hours after opens_at or more"
            raise BadRules([("rules.closes_at", text)])
    for name in profile.required:
        if getattr(rules, name) in (None, (), {}):
            raise BadRules([(f"rules.{name}", "must not be empty")])


def _problems(error: ValidationError) -> list[tuple[str, str]]:
    return [
        (".".join(["rules", *(str(part) for part in one["loc"])]), one["msg"])
        for one in error.errors(include_url=False, include_context=False)
    ]


def _listed(profile: Profile) -> str:
    return ", ".join(sorted(profile.fields))


def schema_of(profile: Profile) -> dict[str, Any]:
    """The JSON Schema of the rules of a format, in 2020-12; definitions stand inside."""
    whole = Rules.model_json_schema()
    properties = {
        name: dict(part) for name, part in whole["properties"].items() if name in profile.fields
    }
    for name, value in profile.defaults.items():
        properties[name]["default"] = value
    if "direction" in properties:
        properties["direction"] = {"enum": list(profile.directions), "default": "forward"}
    if "payment" in properties:
        default = profile.defaults.get("payment", Payment.FIRST)
        properties["payment"] = {"enum": list(profile.payments), "default": default}
    schema: dict[str, Any] = {
        "title": f"{profile.code} {profile.title}",
        "description": profile.source,
        "type": "object",
        "additionalProperties": False,
        "required": sorted(profile.required),
        "properties": properties,
    }
    if profile.decides is Decides.SCORE:
        schema["$defs"] = {"ScoredTerm": whole["$defs"]["ScoredTerm"]}
    return schema
