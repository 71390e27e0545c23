"""Words of the engine: what its data may say, and the stable codes of its answers."""

from enum import StrEnum


class Direction(StrEnum):
    """`forward`: a seller asks, the highest bid is best; `reverse`: a buyer asks, the lowest is."""

    FORWARD = "forward"
    REVERSE = "reverse"


class Takes(StrEnum):
    """What a phase takes."""

    OPEN = "open_bids"
    SEALED = "sealed_bids"
    CONFIRMATIONS = "confirmations"
    CLOCK = "first_taker"
    TURNS = "bids_in_turn"


class Admits(StrEnum):
    """Who may act in a phase; the service has admitted the bidders of the auction before."""

    BIDDERS = "every_bidder"
    ENTERED = "who_bid_before"
    CONFIRMED = "who_confirmed"
    ON_TURN = "whose_turn_it_is"


class Ends(StrEnum):
    """When a phase ends."""

    CLOSES_AT = "at_closes_at"
    EXTENDED = "at_closes_at_extended_by_late_bids"
    WINDOW = "after_confirm_s"
    COUNTDOWN = "after_cycle_s_from_the_last_bid"
    TURNS = "after_every_turn"
    LAST_STEP = "with_the_first_taker_or_after_the_last_price"


class Decides(StrEnum):
    """How the bids become a result."""

    LEADER = "leading_bid"
    SEALED = "best_sealed_bid"
    UNITS = "units_by_price_and_time"
    SCORE = "highest_score"
    PACKAGES = "exact_best_combination"


class Payment(StrEnum):
    """What a winner pays."""

    FIRST = "first_price"
    SECOND = "second_price"
    UNIFORM = "uniform"
    DISCRIMINATORY = "discriminatory"
    VCG = "vcg"


class Kind(StrEnum):
    """What an event is. `pause`, `resume`, `annul` and `outage` are acts of the operator."""

    BID = "bid"
    CONFIRM = "confirm"
    PASS = "pass"
    PAUSE = "pause"
    RESUME = "resume"
    ANNUL = "annul"
    OUTAGE = "outage"


class Code(StrEnum):
    """Which rule refused an event; the values are stable."""

    NOT_OPEN = "auction_not_open"
    CLOSED = "auction_closed"
    PAUSED = "auction_paused"
    TOO_LOW = "bid_too_low"
    TOO_HIGH = "bid_too_high"
    OFF_STEP = "bid_off_step"
    BELOW_MINIMUM = "bid_below_minimum"
    NOT_ADMITTED = "not_admitted_to_phase"
    NOT_YOUR_TURN = "not_your_turn"
    TURN_TAKEN = "turn_already_taken"
    ALREADY_BID = "already_bid"
    BAD_QUANTITY = "bad_quantity"
    TERM_MISSING = "term_missing"
    UNKNOWN_LOT = "unknown_lot"
    TOO_MANY_BIDS = "too_many_bids"
    WRONG_KIND = "not_in_this_phase"
    REQUEST_ID_REUSED = "request_id_reused"


class Verdict(StrEnum):
    """What an auction came to."""

    OPEN = "open"
    SOLD = "sold"
    FAILED = "failed"
    ANNULLED = "annulled"


class Reason(StrEnum):
    """Why an auction failed."""

    NO_BID = "no_valid_bid"
    RESERVE = "reserve_not_met"
    TOO_FEW = "too_few_bidders"
