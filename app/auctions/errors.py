"""Refusals of the auctions module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class BidRefused(Conflict):
    """A bid that the rules do not accept; it is in the record as refused.

    Facts: `required_fen` (the smallest valid amount now, in fen; null after the end), `phase`,
    `sequence` (its place in the record) and `server_time` (when the bid was received).
    """

    code = "bid_refused"


class AuctionNotOpen(BidRefused):
    """The bid was received before the opening."""

    code = "auction_not_open"
    zh = "竞价尚未开始,开始时间为 {opens_at}"
    en = "Bidding has not started; it starts at {opens_at}"


class AuctionClosed(BidRefused):
    """The bid was received at or after the end (法释〔2016〕18号 art. 20)."""

    code = "auction_closed"
    zh = "竞价已于 {ends_at} 结束,出价以平台收到的时间为准"
    en = "Bidding ended at {ends_at}; the time of a bid is when the platform received it"


class BidTooLow(BidRefused):
    """The bid is below the start price, or not above the highest one."""

    code = "bid_too_low"
    zh = "出价过低,现在的最低有效出价为 {required_fen} 分"
    en = "The bid is too low; the smallest valid bid now is {required_fen} fen"


class BidOffStep(BidRefused):
    """The raise is not a positive multiple of the increment (rules.md 5.3)."""

    code = "bid_off_step"
    zh = "加价须为加价幅度 {increment_fen} 分的正整数倍,现在的最低有效出价为 {required_fen} 分"
    en = (
        "A raise is a positive multiple of {increment_fen} fen;"
        " the smallest valid bid now is {required_fen} fen"
    )


REFUSALS: dict[str, type[BidRefused]] = {
    kind.code: kind for kind in (AuctionNotOpen, AuctionClosed, BidTooLow, BidOffStep)
}


class RecordNotReady(Conflict):
    """The record is signed when the auction is decided; fact: `state`."""

    code = "record_not_ready"
    zh = "竞价结果尚未产生(当前状态 {state}),竞价记录在结果产生后公布"
    en = "The auction is not decided (state {state}); its record is published with the result"


class SellerMayNotBid(Forbidden):
    """The seller does not bid for the own offer (拍卖法 art. 30)."""

    code = "seller_may_not_bid"
    zh = "委托人(转让方)不得参与竞买"
    en = "The seller does not bid for the own offer"


class NotABidder(Forbidden):
    """Only qualified bidders with a confirmed deposit may bid (法释〔2016〕18号 art. 17)."""

    code = "not_a_bidder"
    zh = "只有在公告期内取得竞买资格的机构可以出价"
    en = "Only organisations that qualified during the listing may bid"


class RequestIdReused(Unprocessable):
    """The request id belongs to an earlier bid of another amount."""

    code = "request_id_reused"
    zh = "该 request_id 已用于金额为 {amount_fen} 分的出价,请更换新的 request_id"
    en = "This request_id was used for a bid of {amount_fen} fen; take a new one"


class BeyondRecord(Unprocessable):
    """A watcher wants to go on after a place that the record has not reached."""

    code = "beyond_record"
    zh = "该竞价的记录目前只到第 {last} 条,续看位置须在 0 到 {last} 之间"
    en = "The record of this auction has {last} entries; go on after a place from 0 to {last}"


class BadScreeningPeriod(Unprocessable):
    """Screens look back, over three years at most."""

    code = "bad_screening_period"
    zh = "筛查期间的截止日不得早于起始日、不得晚于今天({today}),且期间不超过三年"
    en = "The period must end on or after its first day, not after today ({today}), within 3 years"
