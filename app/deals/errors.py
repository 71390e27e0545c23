"""Refusals of the deals module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class NotAPartyOfDeal(Forbidden):
    """Only seller and buyer act on a deal."""

    code = "not_a_party_of_deal"
    zh = "只有该交易的转让方和受让方可以执行此操作"
    en = "Only the seller and the buyer of the deal may do that"


class PublicityRunning(Conflict):
    """The contract is signed after the result's publicity (rules.md C-19)."""

    code = "publicity_running"
    zh = "成交公示尚未结束(状态 {state},公示截止 {publicity_ends_at}),期满后方可签署合同"
    en = (
        "The result is still being made public (state {state}, until {publicity_ends_at});"
        " the contract can be signed after that"
    )


class DealEnded(Conflict):
    """A cancelled or defaulted deal has no contract."""

    code = "deal_ended"
    zh = "该成交已终止(状态 {state}),不能签署合同"
    en = "The deal has ended (state {state}); its contract cannot be signed"


class NoRunnerUp(Conflict):
    """Nobody else can be offered the deal."""

    code = "no_runner_up"
    zh = "该成交没有可以递补的竞买人;following 可为 re_auction 或 none"
    en = "There is no other bidder to offer the deal to; `following` can be re_auction or none"


class RunnerUpOfferClosed(Conflict):
    """The offer was answered, or its time is over."""

    code = "runner_up_offer_closed"
    zh = "递补邀约已答复或已过期(有效期至 {valid_until})"
    en = "The offer to the runner-up was answered or has lapsed; it stood until {valid_until}"


class CertificateStands(Conflict):
    """A deal has one certificate that is in force."""

    code = "certificate_stands"
    zh = "该成交已有有效的交易凭证 {number};如需另行出具或终止成交,请先撤销该凭证"
    en = "Certificate {number} of this deal is in force; revoke it first"


class NotContracted(Conflict):
    """A certificate is issued once the contract is signed (rules.md C-18)."""

    code = "deal_not_contracted"
    zh = "合同签署后方可出具交易凭证,当前成交状态为 {state}"
    en = "A trade certificate is issued once the contract is signed; the deal is {state}"


class AlreadySettled(Conflict):
    """A deal's price is paid out once."""

    code = "deal_already_settled"
    zh = "该成交的价款已于 {settled_at} 结算"
    en = "The price of this deal was settled at {settled_at}"


class PricePaid(Conflict):
    """Nothing of the price is missing on the platform's account."""

    code = "price_paid"
    zh = "该成交的价款已全部到达平台账户"
    en = "The whole price of this deal is on the platform's account"


class CommissionTooHigh(Unprocessable):
    """Without an agreement a commission is 5 % of the price at most (拍卖法 57; rules.md TV-D3)."""

    code = "commission_too_high"
    zh = "未约定佣金比例时,佣金不得超过成交价的百分之五,即 {limit_fen} 分;有约定的请注明"
    en = "Without an agreement a commission is {limit_fen} fen at most (5 %); name the agreement"


class AlreadyRevoked(Conflict):
    """A certificate is revoked once."""

    code = "certificate_already_revoked"
    zh = "交易凭证 {number} 已于 {revoked_at} 撤销"
    en = "Certificate {number} was revoked at {revoked_at}"
