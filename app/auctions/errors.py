"""Refusals of the auctions module."""

from typing import Any

from app.auctions.engine.codes import Code
from app.kit.errors import Conflict, Forbidden, Unprocessable
from app.kit.i18n import Language


class BidRefused(Conflict):
    """An act in an auction that the rules do not accept; it is in the record as refused.

    Facts: `required_fen` (the least demanding valid amount now, in fen: forward the smallest,
    reverse the largest; null when none would be valid), `phase` and `phase_name`, `sequence` (its
    place in the record), `ends_at` and `server_time` (when it was received).
    """

    code = "bid_refused"


class AuctionNotOpen(BidRefused):
    """Received before the opening, or before the phase began."""

    code = Code.NOT_OPEN
    zh = "竞价尚未开始,开始时间为 {opens_at}"
    en = "Bidding has not started; it starts at {opens_at}"


class AuctionClosed(BidRefused):
    """Received at or after the end (法释〔2016〕18号 art. 20)."""

    code = Code.CLOSED
    zh = "竞价已于 {ends_at} 结束,出价以平台收到的时间为准"
    en = "Bidding ended at {ends_at}; the time of a bid is when the platform received it"


class AuctionPaused(BidRefused):
    """Received while an operator had paused the auction (法释〔2016〕18号 art. 28)."""

    code = Code.PAUSED
    zh = "竞价已被中止,恢复时将公告并顺延结束时间"
    en = "The auction is paused; when it goes on, its end moves by the length of the pause"


class BidTooLow(BidRefused):
    """Below the start price, or not above the highest bid."""

    code = Code.TOO_LOW
    zh = "出价过低,现在的最低有效出价为 {required_fen} 分"
    en = "The bid is too low; the smallest valid bid now is {required_fen} fen"


class BidTooHigh(BidRefused):
    """Reverse auctions: above the ceiling, or not below the lowest bid."""

    code = Code.TOO_HIGH
    zh = "报价过高,现在的最高有效报价为 {required_fen} 分"
    en = "The bid is too high; the largest valid bid now is {required_fen} fen"


class BidOffStep(BidRefused):
    """The raise is not a positive multiple of the increment (rules.md 5.3)."""

    code = Code.OFF_STEP
    zh = "加价须为加价幅度 {increment_fen} 分的正整数倍,现在的最低有效出价为 {required_fen} 分"
    en = (
        "A raise is a positive multiple of {increment_fen} fen;"
        " the smallest valid bid now is {required_fen} fen"
    )


class BidBelowMinimum(BidRefused):
    """Reverse auctions: below the published minimum."""

    code = Code.BELOW_MINIMUM
    zh = "报价低于公布的最低限价"
    en = "The bid is below the published minimum"


class NotAdmittedToPhase(BidRefused):
    """Only who bid or confirmed before takes part in this phase."""

    code = Code.NOT_ADMITTED
    zh = "本阶段({phase_name})只允许此前已出价或已确认的竞买人参加"
    en = "Only bidders who bid or confirmed before take part in this phase ({phase_name})"


class NotYourTurn(BidRefused):
    """Bidders act one after another in this phase."""

    code = Code.NOT_YOUR_TURN
    zh = "现在不是您的报价轮次"
    en = "It is another bidder's turn now"


class TurnTaken(BidRefused):
    """One bid or pass in a turn."""

    code = Code.TURN_TAKEN
    zh = "本轮您已报价或放弃"
    en = "You have bid or passed in this turn already"


class AlreadyBid(BidRefused):
    """One sealed bid for each bidder (一次报价)."""

    code = Code.ALREADY_BID
    zh = "每位竞买人只能密封报价一次,您已报价"
    en = "Every bidder hands in one sealed bid; yours is in already"


class BadQuantity(BidRefused):
    """Outside the number of units that one bidder may ask for."""

    code = Code.BAD_QUANTITY
    zh = "份额数量超出公布的范围"
    en = "The quantity is outside the published limits"


class TermMissing(BidRefused):
    """Every scored term must be given, and no other."""

    code = Code.TERM_MISSING
    zh = "权重报价须填写全部评分项,且不得填写其他项"
    en = "A weighted bid gives every scored term and no other"


class UnknownLot(BidRefused):
    """Lots are named from those on offer, each once."""

    code = Code.UNKNOWN_LOT
    zh = "标的须从公布的清单中选择,且不得重复"
    en = "Lots are chosen from those on offer, each once"


class TooManyBids(BidRefused):
    """The number of package bids that can be decided exactly is limited."""

    code = Code.TOO_MANY_BIDS
    zh = "组合报价数量已达可精确求解的上限"
    en = "The auction has as many package bids as can be decided exactly"


class NotInThisPhase(BidRefused):
    """The phase takes other acts: bids, confirmations or passes."""

    code = Code.WRONG_KIND
    zh = "本阶段({phase_name})不接受此类操作"
    en = "This phase ({phase_name}) does not take that act"


REFUSALS: dict[str, type[BidRefused]] = {
    kind.code: kind
    for kind in (
        AuctionNotOpen,
        AuctionClosed,
        AuctionPaused,
        BidTooLow,
        BidTooHigh,
        BidOffStep,
        BidBelowMinimum,
        NotAdmittedToPhase,
        NotYourTurn,
        TurnTaken,
        AlreadyBid,
        BadQuantity,
        TermMissing,
        UnknownLot,
        TooManyBids,
        NotInThisPhase,
    )
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
    """The request id belongs to an earlier bid of another amount or another act."""

    code = "request_id_reused"
    zh = "该 request_id 已用于金额为 {amount_fen} 分的出价,请更换新的 request_id"
    en = "This request_id was used for a bid of {amount_fen} fen; take a new one"


class BeyondRecord(Unprocessable):
    """A watcher wants to go on after a place that the record has not reached."""

    code = "beyond_record"
    zh = "该竞价的记录目前只到第 {last} 条,续看位置须在 0 到 {last} 之间"
    en = "The record of this auction has {last} entries; go on after a place from 0 to {last}"


class BadPlan(Unprocessable):
    """A format or its rules cannot be taken; fact `problems`: field and what would be right, in
    English (`message`) and in Chinese (`zh`)."""

    code = "bad_auction_plan"
    zh = "竞价方案不可用:{reasons}"
    en = "The auction plan cannot be taken: {reasons}"

    def reasons(self, language: Language) -> str:
        """All that is wrong, in one line."""
        member = "zh" if language == "zh" else "message"
        return "; ".join(f"{one['field']}: {one[member]}" for one in self.facts["problems"])

    def detail(self, language: Language) -> str:
        """What is wrong and what would be right, in one sentence."""
        template = self.zh if language == "zh" else self.en
        return template.format(reasons=self.reasons(language))

    def details(self, language: Language, request_id: str | None = None) -> dict[str, Any]:
        """The problem-details document with one entry per field that is wrong."""
        document = super().details(language, request_id)
        member = "zh" if language == "zh" else "message"
        document["errors"] = [
            {"field": one["field"], "code": self.code, "message": one[member], "expected": {}}
            for one in self.facts["problems"]
        ]
        return document


class PlanFixed(Conflict):
    """The plan is published with the listing and fixed from its submission on (rules.md C-7)."""

    code = "plan_fixed"
    zh = "挂牌申请提交后竞价方案不可更改(当前状态 {state})"
    en = "The auction plan is fixed once the listing is handed in (state {state})"


class NotAwaitingOpening(Conflict):
    """Sealed bids are opened after their end, and once; fact: `state`."""

    code = "not_awaiting_opening"
    zh = "该竞价当前不处于开标环节(状态 {state}),不接收开标密钥"
    en = "The auction does not wait for its opening (state {state}); no key is taken"


class WrongOpeningKey(Unprocessable):
    """The key or the share does not open this auction."""

    code = "wrong_opening_key"
    zh = "开标密钥或密钥份额无效:{reason}"
    en = "The opening key or share does not fit: {reason}"


class NotTheDemandsOwner(Forbidden):
    """Only the owner of a demand, or its broker, calls for bids."""

    code = "not_the_demands_owner"
    zh = "只有需求方可以发起反向竞价"
    en = "Only the owner of the demand can call for bids"


class DemandNotReady(Conflict):
    """Bids are called for on a published demand without a running auction; fact: `state`."""

    code = "demand_not_ready"
    zh = "该需求当前状态为 {state},或已有进行中的竞价,不能发起反向竞价"
    en = "The demand is {state}, or has a running auction; bids cannot be called for"


class NoSuppliers(Conflict):
    """Bids are called for among shortlisted suppliers."""

    code = "no_suppliers"
    zh = "没有入围的供方,请先从收到的方案中确定入围者"
    en = "No supplier is shortlisted; choose some of the solutions first"


class DefaultOfDeal(Conflict):
    """That a buyer defaults is noted on the deal, which knows what follows."""

    code = "default_of_deal"
    zh = "挂牌竞价的违约请在成交记录上登记:POST /deals/<id>/default"
    en = "A default after the auction of a listing is noted on its deal: POST /deals/<id>/default"


class NoFurtherBidder(Conflict):
    """Nobody else was admitted to the auction, so it cannot be held again."""

    code = "no_further_bidder"
    zh = "没有其他竞买人,不能重新竞价"
    en = "There is no other bidder; the auction cannot be held again"


class BadScreeningPeriod(Unprocessable):
    """Screens look back, over three years at most."""

    code = "bad_screening_period"
    zh = "筛查期间的截止日不得早于起始日、不得晚于今天({today}),且期间不超过三年"
    en = "The period must end on or after its first day, not after today ({today}), within 3 years"
