"""Formats of auctions as data.

A profile says which phases an auction has, who may act in each, what each takes, when it ends and
what decides; `engine.core` reads nothing else. The numbers of one auction are `engine.terms.Rules`,
of which each profile takes the part it names here. A further format is a further row.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.auctions.engine.codes import Admits, Decides, Direction, Ends, Payment, Takes


class Data(BaseModel):
    """Frozen data that takes no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(Data):
    """One phase of an auction."""

    name: str = Field(min_length=1)
    takes: Takes
    ends: Ends
    admits: Admits = Admits.BIDDERS


class Profile(Data):
    """A format. `fields` are the rules an auction may set, `required` those it must, `fixed` those
    the profile sets itself, `defaults` those it sets unless the auction does."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    source: str
    phases: tuple[Phase, ...] = Field(min_length=1)
    repeat: bool = False  # the last phase repeats `rounds` times
    decides: Decides
    payments: tuple[Payment, ...] = (Payment.FIRST,)
    directions: tuple[Direction, ...] = (Direction.FORWARD, Direction.REVERSE)
    many_bids: bool = False  # a bidder may hand in several sealed bids
    many_winners: bool = False
    minimum_hours: int = 0
    fields: frozenset[str]
    required: frozenset[str]
    fixed: dict[str, Any] = {}
    defaults: dict[str, Any] = {}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not self.required <= self.fields:
            raise ValueError(f"required but not taken: {sorted(self.required - self.fields)}")
        if self.fields & set(self.fixed):
            raise ValueError(f"fixed and taken: {sorted(self.fields & set(self.fixed))}")
        if len({phase.name for phase in self.phases}) < len(self.phases):
            raise ValueError("two phases have the same name")
        if self.repeat and self.phases[-1].ends is not Ends.TURNS:
            raise ValueError("only a phase of turns can repeat")
        return self


_TIMES = frozenset({"opens_at", "closes_at"})
_RESERVE = frozenset({"reserve_fen", "reserve_salt", "reserve_commitment"})
_COMMON = _TIMES | _RESERVE | {"direction", "start_fen", "minimum_bidders"}
_FLOOR = frozenset({"minimum_fen", "minimum_secret"})
_LADDER = frozenset({"increments", "multiples", "first_bid_at_start", "priority"})
_NEEDS = _TIMES | {"start_fen"}

_ROWS = (
    Profile(
        code="ascending",
        title="多次报价",
        source="拍卖法 art. 36, 50, 51; rules.md 5.3 (TV-D8), 5.4 ascending_multi",
        phases=(Phase(name="bidding", takes=Takes.OPEN, ends=Ends.EXTENDED),),
        decides=Decides.LEADER,
        fields=_COMMON
        | _LADDER
        | _FLOOR
        | {"extension_s", "extensions_max", "latest_end_at", "proxy"},
        required=_NEEDS | {"increments"},
    ),
    Profile(
        code="online_2016",
        title="网络司法拍卖",
        source="法释〔2016〕18号 art. 10, 11, 20, 21; rules.md 5.2 (TV-D5, TV-D7)",
        phases=(Phase(name="bidding", takes=Takes.OPEN, ends=Ends.EXTENDED),),
        decides=Decides.LEADER,
        directions=(Direction.FORWARD,),
        minimum_hours=24,
        fields=_TIMES | {"start_fen", "increments", "priority"},
        required=_NEEDS | {"increments"},
        # art. 10: the reserve is the start price; art. 11: one bidder is enough.
        fixed={"extension_s": 300, "first_bid_at_start": True, "multiples": True},
    ),
    Profile(
        code="free_then_limited",
        title="自由报价期 + 限时报价期",
        source="rules.md 5.3 (TV-D9)",
        phases=(
            Phase(name="free", takes=Takes.OPEN, ends=Ends.CLOSES_AT),
            Phase(
                name="confirmation",
                takes=Takes.CONFIRMATIONS,
                ends=Ends.WINDOW,
                admits=Admits.ENTERED,
            ),
            Phase(name="limited", takes=Takes.OPEN, ends=Ends.COUNTDOWN, admits=Admits.CONFIRMED),
        ),
        decides=Decides.LEADER,
        fields=_COMMON | _LADDER | _FLOOR | {"confirm_s", "cycle_s"},
        required=_NEEDS | {"increments"},
    ),
    Profile(
        code="sealed_once",
        title="一次报价",
        source="rules.md 5.4 sealed_once, reverse_sealed; Vickrey (1961) for the second price",
        phases=(Phase(name="sealed", takes=Takes.SEALED, ends=Ends.CLOSES_AT),),
        decides=Decides.SEALED,
        payments=(Payment.FIRST, Payment.SECOND),
        fields=_COMMON | _FLOOR | {"priority", "payment"},
        required=_TIMES,
    ),
    Profile(
        code="descending",
        title="减价式",
        source="rules.md 5.4 dutch",
        phases=(Phase(name="clock", takes=Takes.CLOCK, ends=Ends.LAST_STEP),),
        decides=Decides.LEADER,
        fields=frozenset(
            {"direction", "start_fen", "opens_at", "decrement_fen", "interval_s", "stop_fen"}
        ),
        required=frozenset({"start_fen", "opens_at", "decrement_fen", "interval_s", "stop_fen"}),
    ),
    Profile(
        code="multi_round",
        title="多轮次",
        source="rules.md 5.4 multi_round; Law of Ukraine 922-VIII On Public Procurement (Prozorro)",
        phases=(
            Phase(name="offers", takes=Takes.SEALED, ends=Ends.CLOSES_AT),
            Phase(name="round", takes=Takes.TURNS, ends=Ends.TURNS, admits=Admits.ON_TURN),
        ),
        repeat=True,
        decides=Decides.SEALED,
        fields=_COMMON | _FLOOR | {"increments", "multiples", "rounds", "turn_s", "break_s"},
        required=_TIMES | {"increments"},
        defaults={"multiples": False},
    ),
    Profile(
        code="multi_unit",
        title="份额报价",
        source="rules.md 5.4 ascending_multi_unit; price first, then time",
        phases=(Phase(name="sealed", takes=Takes.SEALED, ends=Ends.CLOSES_AT),),
        decides=Decides.UNITS,
        payments=(Payment.UNIFORM, Payment.DISCRIMINATORY),
        many_bids=True,
        many_winners=True,
        fields=_COMMON
        | {"units", "min_quantity", "max_quantity", "partial_fill", "payment", "priority"},
        required=_TIMES | {"units"},
        defaults={"payment": Payment.UNIFORM},
    ),
    Profile(
        code="weighted",
        title="权重报价",
        source="rules.md 5.4 weighted_score [M]",
        phases=(Phase(name="sealed", takes=Takes.SEALED, ends=Ends.CLOSES_AT),),
        decides=Decides.SCORE,
        fields=_COMMON | {"terms"},
        required=_TIMES | {"terms"},
    ),
    Profile(
        code="package",
        title="组合竞价",
        source="Clarke (1971), Groves (1973); Cramton, Shoham, Steinberg (2006), ch. 1 and 12",
        phases=(Phase(name="sealed", takes=Takes.SEALED, ends=Ends.CLOSES_AT),),
        decides=Decides.PACKAGES,
        payments=(Payment.FIRST, Payment.VCG),
        directions=(Direction.FORWARD,),
        many_bids=True,
        many_winners=True,
        fields=_TIMES | {"lots", "payment", "minimum_bidders"},
        required=_TIMES | {"lots"},
    ),
)

PROFILES: dict[str, Profile] = {row.code: row for row in _ROWS}
"""Every format by its code."""
