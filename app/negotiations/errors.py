"""Refusals of the negotiations module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class NotNegotiable(Conflict):
    """The seller chose another way to the price."""

    code = "not_negotiable"
    zh = "该挂牌不接受协商定价(negotiation 为 {negotiation}),请在披露期内申请受让"
    en = "The listing is not open to negotiation (it is {negotiation}); apply to it instead"


class NotANegotiator(Forbidden):
    """Enterprises negotiate for a technology."""

    code = "not_a_negotiator"
    zh = "仅企业可以发起协商,当前机构类型为 {kind}"
    en = "Only enterprises open a negotiation; this organisation is of kind {kind}"


class AlreadyNegotiating(Conflict):
    """One open negotiation of one buyer on one listing."""

    code = "already_negotiating"
    zh = "该机构在此挂牌上已有进行中的协商 {negotiation_id}"
    en = "This party has an open negotiation on this listing: {negotiation_id}"


class NegotiationOver(Conflict):
    """The time to agree has passed."""

    code = "negotiation_over"
    zh = "协商期限已于 {expires_at} 届满"
    en = "The time to agree ended at {expires_at}"


class OfferSuperseded(Conflict):
    """Only the latest offer can be answered."""

    code = "offer_superseded"
    zh = "该要约已被第 {latest} 号要约取代,请答复最新要约"
    en = "A later offer, number {latest}, took this one's place; answer that one"


class OfferAnswered(Conflict):
    """An offer is answered once."""

    code = "offer_answered"
    zh = "该要约已经答复"
    en = "This offer was answered already"


class OfferExpired(Conflict):
    """An offer binds until its time is over (民法典 478)."""

    code = "offer_expired"
    zh = "该要约有效期至 {valid_until},已经失效"
    en = "The offer was valid until {valid_until} and has lapsed"


class OwnOffer(Forbidden):
    """The other side answers an offer."""

    code = "own_offer"
    zh = "要约只能由对方答复;如需变更,请提出新的要约"
    en = "Only the other side answers an offer; to change it, make another one"


class OfferValidityWrong(Unprocessable):
    """An offer is valid for some time, and not beyond the negotiation."""

    code = "offer_validity_wrong"
    zh = "要约有效期应晚于 {now},且不晚于协商截止时间 {expires_at}"
    en = "valid_until must be after {now} and not after the negotiation's end, {expires_at}"


class PriceBelowFloor(Unprocessable):
    """The assured price reaches the base price (rules.md C-16)."""

    code = "price_below_floor"
    zh = "保底价款合计 {committed_fen} 分,不得低于底价 {floor_fen} 分"
    en = "The assured price is {committed_fen} fen; the base price is {floor_fen} fen at least"


class RoyaltyWrong(Unprocessable):
    """A royalty on units has a price per unit, others a rate; a cap lies above the minimum."""

    code = "royalty_wrong"
    zh = (
        "提成基数为 units 时须填写 unit_fen 且不填 rate_bp,其他基数相反;"
        "cap_fen 不得低于 minimum_fen"
    )
    en = (
        "A royalty on units has unit_fen and no rate_bp, others have it the other way round;"
        " cap_fen is not below minimum_fen"
    )


class TermWrong(Unprocessable):
    """A licence has a term, a transfer has none (rules.md 3.1)."""

    code = "term_wrong"
    zh = "许可须约定期限 term_months,转让等方式不得约定"
    en = "A licence states term_months; other ways of transfer do not"


class ExclusivityNotListed(Unprocessable):
    """What was published is not changed in private (rules.md C-7)."""

    code = "exclusivity_not_listed"
    zh = "许可方式须与挂牌公布的一致,应为 {expected_manner}"
    en = "The manner of licence is the published one: {expected_manner}"


class BrokerConflict(Forbidden):
    """A broker for both sides needs both sides' written consent."""

    code = "broker_conflict"
    zh = "该经纪机构已代理对方,须经双方书面同意;尚缺:{missing}"
    en = "The broker acts for the other side too and needs both sides' consent; missing: {missing}"


class NotTheClient(Forbidden):
    """Clients themselves consent to what their brokers do, and agree on commissions."""

    code = "not_the_client"
    zh = "此事项须由委托人本人办理,不能由经纪机构代办"
    en = "The client does this itself; a broker cannot in its name"


class CommissionTermsWrong(Unprocessable):
    """A commission is a rate or a fixed amount; a cap belongs to a rate."""

    code = "commission_terms_wrong"
    zh = "佣金应为费率(rate_bp)或固定金额(fixed_fen)之一;封顶 cap_fen 只用于费率"
    en = "A commission has rate_bp or fixed_fen, one of them; cap_fen goes with a rate"


class CommissionAccepted(Conflict):
    """A commission agreement is accepted once."""

    code = "commission_accepted"
    zh = "该佣金约定已被接受"
    en = "This commission agreement was accepted already"


class FeeNotOpen(Conflict):
    """A reasonable fee is claimed once it is earned, where no amount was agreed on."""

    code = "fee_not_open"
    zh = "该佣金(状态 {state})没有待商定的数额;技术合同成立后,对未约定数额的佣金方可主张合理报酬"
    en = (
        "No amount of this commission (state {state}) is open; a reasonable fee is claimed after"
        " the contract was concluded, where none was agreed on"
    )


class FeeNotClaimed(Conflict):
    """One agrees to the fee that the broker claims, and to no other."""

    code = "fee_not_claimed"
    zh = "经纪方目前主张的报酬总额为 {claimed_fen} 分,请核对后再确认"
    en = "The broker claims a fee of {claimed_fen} fen at present; read it again before you agree"


class FeeAmountOpen(Conflict):
    """A commission without an amount cannot be paid."""

    code = "fee_amount_open"
    zh = "该佣金的数额尚未商定,不能登记收讫"
    en = "The amount of this commission is not agreed on yet; it cannot be noted as received"


class NdaNotSigned(Forbidden):
    """Documents are read under the agreement of confidentiality."""

    code = "nda_not_signed"
    zh = "请先签署保密协议(版本 {text_version})再查阅资料"
    en = "Sign the confidentiality agreement, version {text_version}, before you read documents"


class StaleNda(Conflict):
    """The signature is over another text than the one in force."""

    code = "stale_nda"
    zh = "保密协议现行版本为 {text_version},请阅读后对现行文本签署"
    en = "The confidentiality agreement is at version {text_version}; read and sign that text"


class EmptyFile(Unprocessable):
    """A document has bytes."""

    code = "file_empty"
    zh = "文件为空"
    en = "The file is empty"
