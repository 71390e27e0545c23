"""Refusals of the listings module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class DisclosureTooShort(Unprocessable):
    """The disclosure period is shorter than the profile asks for (rules.md C-5, C-6)."""

    code = "disclosure_too_short"
    zh = "信息披露期 {given} 个工作日过短:{profile} 在此价格下不得少于 {minimum} 个工作日"
    en = (
        "A disclosure period of {given} working days is too short:"
        " {profile} asks for {minimum} at least at this price"
    )


class ProfileNotForSeller(Unprocessable):
    """The listing profile is for sellers of another kind."""

    code = "profile_not_for_seller"
    zh = "{kind} 类机构不能使用挂牌规则 {profile};可用:{allowed}"
    en = "A seller of kind {kind} cannot use the profile {profile}; it has: {allowed}"


class LicenceMannerMismatch(Unprocessable):
    """A licence says in which manner; nothing else does."""

    code = "licence_manner_mismatch"
    zh = "转化方式为许可(license)时必须填写许可方式,其他方式不得填写"
    en = "license_manner is required when transfer_mode is license, and must be absent otherwise"


class NegotiationNotForProfile(Unprocessable):
    """State-owned assets of enterprises are sold in public (企业国有资产法 54; rules.md C-1)."""

    code = "negotiation_not_for_profile"
    zh = "挂牌规则 {profile} 不允许公开协商定价,negotiation 可为 none 或 one_bidder"
    en = "The profile {profile} has no open negotiation; negotiation can be none or one_bidder"


class OthersApplied(Conflict):
    """With other applicants the price is found by open competition (rules.md C-1, C-16)."""

    code = "others_applied"
    zh = "另有 {count} 家企业已申请受让,应通过公开竞价确定受让方"
    en = "{count} other enterprises have applied; the transferee is found by open bidding"


class NotAnOffer(Unprocessable):
    """The transfer mode offers nothing to another party."""

    code = "not_an_offer"
    zh = "转化方式 {transfer_mode} 不涉及受让方,不能挂牌"
    en = "The transfer mode {transfer_mode} has no other party, so it cannot be listed"


class TransferModeNotOffered(Unprocessable):
    """The achievement's owner offers other ways of transfer."""

    code = "transfer_mode_not_offered"
    zh = "该成果未提供转化方式 {transfer_mode};可用:{allowed}"
    en = "The achievement is not offered by {transfer_mode}; it is offered by: {allowed}"


class PatentsExpired(Unprocessable):
    """Every patent of the achievement has expired (专利法 42): there is no right to transfer."""

    code = "patents_expired"
    zh = "该成果的专利均已期满(最后期满日 {expired_on}),不能挂牌"
    en = "Every patent of the achievement has expired, the last on {expired_on}; nothing to list"


class DepositTooHigh(Unprocessable):
    """The deposit is higher than the price."""

    code = "deposit_too_high"
    zh = "保证金 {deposit_fen} 分不得高于底价 {price_fen} 分"
    en = "The deposit of {deposit_fen} fen must not be higher than the price of {price_fen} fen"


class ReasonRequired(Unprocessable):
    """The act needs a reason that the other side can read."""

    code = "reason_required"
    zh = "此操作必须说明理由"
    en = "This act needs a reason"


class ExclusiveRightListed(Conflict):
    """The achievement has a live listing that excludes this one."""

    code = "exclusive_right_listed"
    zh = "该成果的同一权利已在挂牌 {listing_id} 中,独占性权利不能重复挂牌"
    en = "Listing {listing_id} already offers this right; an exclusive right is listed once"


class RightAlreadyAwarded(Conflict):
    """The right went to a buyer; there is nothing left that could be offered."""

    code = "right_already_awarded"
    zh = "该成果的独占性权利已通过挂牌 {listing_id} 成交,不能再次挂牌"
    en = "Listing {listing_id} awarded this right to a buyer; it cannot be listed again"


class AchievementNotListable(Conflict):
    """The achievement is no longer published, or not public."""

    code = "achievement_not_listable"
    zh = "成果当前状态为 {state}、密级为 {secrecy};只有已发布且密级为 public 的成果可以挂牌"
    en = "The achievement is {state} and {secrecy}; it must be published and public to be listed"


class ListingNotOpen(Conflict):
    """Applications are taken in the disclosure period only (rules.md C-14)."""

    code = "listing_not_open"
    zh = "挂牌当前状态为 {state},披露期截止于 {closes_at};仅在披露期内可以办理"
    en = (
        "The listing is in state {state} and its period ends at {closes_at};"
        " this is possible during the period only"
    )


class BidderBarred(Forbidden):
    """The bidder, or the agent that acts for it, is related to someone who must not bid.

    Facts: `conflicts`, each with `code`, `source` and `evidence`; `party_id`, whom they are about.
    """

    code = "bidder_barred"
    zh = "机构 {party_id} 不得参与本次竞买({rules}):{found_zh}"
    en = "Organisation {party_id} must not bid here ({rules}): it {found_en}"


class OwnListing(Forbidden):
    """Sellers, and brokers who act for them on this listing, do not apply to it (拍卖法 30).

    To an applicant it says the same facts as BidderBarred.
    """

    code = "own_listing"
    zh = "转让方及其受托经纪机构不得申请受让本挂牌项目"
    en = "The seller, and the broker who listed it in the seller's name, cannot apply"


class NotAnApplicant(Forbidden):
    """Enterprises apply."""

    code = "not_an_applicant"
    zh = "仅企业可以申请受让,当前机构类型为 {kind}"
    en = "Only enterprises apply; this organisation is of kind {kind}"


class AlreadyApplied(Conflict):
    """One application of one party to one listing."""

    code = "already_applied"
    zh = "该机构已对本挂牌提交过申请 {application_id}"
    en = "This party has applied to this listing already: {application_id}"


class NoDepositDue(Conflict):
    """The listing asks for no deposit, or it was confirmed before."""

    code = "no_deposit_due"
    zh = "本挂牌不收取保证金,或保证金已确认到账"
    en = "The listing asks for no deposit, or its arrival is confirmed already"


class GuardsFailed(Unprocessable):
    """Guards stop the listing; `reasons` has their codes (rules.md 13.8)."""

    code = "listing_guards_failed"
    zh = "挂牌前审查未通过:{reasons_zh}"
    en = "Checks before the listing goes public have failed: {reasons_en}"


class ChecksOpen(Conflict):
    """Something has to be checked by an operator before the listing is published."""

    code = "listing_checks_open"
    zh = "发布前须由交易场所核实并记录依据:{reasons_zh}"
    en = "An operator has to check this and record the evidence before publication: {reasons_en}"


class NotCheckable(Unprocessable):
    """Nothing of this code waits for an operator's check."""

    code = "not_checkable"
    zh = "审查项 {check} 不待核实;待核实的有:{allowed}"
    en = "{check} does not wait for a check; these do: {allowed}"


class ProlongationWrong(Unprocessable):
    """A prolongation has a least length, and is announced with how often it may happen."""

    code = "prolongation_wrong"
    zh = "延长披露每次不得少于 {minimum} 个工作日,次数为 1 至 {most} 次;不延长时两项均为 0"
    en = (
        "A prolongation has {minimum} working days at least and happens 1 to {most} times;"
        " without any, both are 0"
    )


class PriceCutTooDeep(Unprocessable):
    """A relisting is cheaper by the profile's cut at most (法释〔2016〕18号 26)."""

    code = "price_cut_too_deep"
    zh = "再次挂牌价 {price_fen} 分过低,不得低于 {least_fen} 分"
    en = "A price of {price_fen} fen is too low for a relisting; the least is {least_fen} fen"


class RelistTooLate(Conflict):
    """A failed listing is relisted within its term; afterwards a new listing starts."""

    code = "relist_too_late"
    zh = "再次挂牌期限已于 {latest} 届满,请重新申请挂牌"
    en = "The term for relisting ended on {latest}; apply for a new listing"


class AlreadyRelisted(Conflict):
    """A listing has one next round."""

    code = "already_relisted"
    zh = "该挂牌已有下一轮 {listing_id}"
    en = "This listing has its next round already: {listing_id}"


class ChangePending(Conflict):
    """One change waits for a decision at a time."""

    code = "change_pending"
    zh = "已有一项变更待审核"
    en = "A change is waiting for a decision already"


class ChangeDecided(Conflict):
    """A change is decided once."""

    code = "change_decided"
    zh = "该变更已处理,状态为 {change_state}"
    en = "The change is decided already: {change_state}"


class RequirementTwice(Unprocessable):
    """Every published condition has a code of its own."""

    code = "requirement_twice"
    zh = "受让条件代码 {requirement} 重复"
    en = "The code {requirement} names two conditions"


class RequirementNotPublished(Unprocessable):
    """Applications are refused by published conditions only (rules.md C-12)."""

    code = "requirement_not_published"
    zh = "{requirement} 不是已公布的受让条件;可引用:{allowed}"
    en = "{requirement} is not a published condition; published are: {allowed}"


class TermPassed(Conflict):
    """The term for a correction or an appeal is over."""

    code = "term_passed"
    zh = "期限已于 {due_at} 届满"
    en = "The term ended at {due_at}"


class AppealDecided(Conflict):
    """A refusal is appealed once."""

    code = "appeal_decided"
    zh = "对该决定的申诉已处理"
    en = "The appeal against this refusal is decided already"


class FirstDecider(Forbidden):
    """An appeal is decided by another person than the one who refused."""

    code = "first_decider"
    zh = "申诉须由作出原决定以外的人员处理"
    en = "Somebody else than who refused the application decides the appeal"
