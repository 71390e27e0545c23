"""Refusals of the registrations module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class DuplicateRegistration(Conflict):
    """One technology contract is registered once (北京市技术市场条例 22; rules.md B-1, TV-B7)."""

    code = "duplicate_registration"
    zh = "该合同已在申请登记或已经登记,同一项技术合同不得重复登记"
    en = "This contract is registered or being registered; a contract is registered once"


class ContractNotEffective(Conflict):
    """A contract is registered after it is signed by both parties (rules.md B-2)."""

    code = "contract_not_effective"
    zh = "合同尚未生效(状态为 {state}),双方签署后方可申请登记"
    en = "The contract is not in effect (state {state}); register it after both parties signed"


class WrongApplicant(Forbidden):
    """The other side of the contract registers it (rules.md B-1)."""

    code = "wrong_applicant"
    zh = "该合同应由{side_zh}申请登记"
    en = "This contract is registered by its {side}"


class UnknownOffice(Unprocessable):
    """The office does not exist or has not set itself up."""

    code = "unknown_office"
    zh = "该登记机构不存在或尚未启用"
    en = "There is no such registration office, or it has not set itself up"


class OutsideTerritory(Unprocessable):
    """A contract is registered where the registering party is (rules.md B-1)."""

    code = "outside_territory"
    zh = "应向登记方所在地(行政区划 {province} 开头)的登记机构申请,该机构的地区为 {office_region}"
    en = "Register at an office of the own province ({province}); that one's is {office_region}"


class TechnicalExceedsTotal(Unprocessable):
    """The technical amount lies between nothing and the total (rules.md TV-B3)."""

    code = "technical_exceeds_total"
    zh = "技术交易额不得超过合同总额 {total_fen} 分"
    en = "The technical amount is at most the contract's total of {total_fen} fen"


class FourEyes(Forbidden):
    """Who accepted an application does not decide on it alone."""

    code = "four_eyes"
    zh = "受理人与登记人不得为同一人,请由本机构其他登记员办理"
    en = "Whoever accepted the application may not register it; another registrar must"


class ReasonMissing(Unprocessable):
    """A refusal for another reason says which."""

    code = "reason_missing"
    zh = "以“其他”为由不予登记时须写明理由"
    en = "A refusal with reason 'other' says what the reason is"


class BadRegion(Unprocessable):
    """The office's four digits are not those of a province or city."""

    code = "bad_region"
    zh = "地区代码 {region4} 有误,应为省级或地级行政区划代码的前四位"
    en = "Region {region4} is wrong; it is the first four digits of a province's or city's code"


class PointTaken(Conflict):
    """Two offices cannot issue the same numbers."""

    code = "point_taken"
    zh = "地区 {region4} 的登记点 {point} 已被其他机构使用"
    en = "Point {point} of region {region4} is another office's"


class OfficeInUse(Conflict):
    """Numbers were issued under the office's region and point."""

    code = "office_in_use"
    zh = "该机构已按现有代码发出登记编号,不能更改"
    en = "Numbers were issued under the office's present codes; they cannot be changed"


class SerialsExhausted(Conflict):
    """A year has 999,999 numbers at one office."""

    code = "serials_exhausted"
    zh = "该机构 {year} 年的登记编号已用完"
    en = "The office's numbers of {year} are used up"


class RegisterPeriodReversed(Unprocessable):
    """The register is asked for a period that ends before it begins."""

    code = "register_period_reversed"
    zh = "from 不得晚于 to"
    en = "from may not be after to"


class SubClassUnknown(Unprocessable):
    """The sub-class is not one of the class (rules.md 3.1)."""

    code = "sub_class_unknown"
    zh = "类别 {contract_class} 没有子类 {sub_class},可选:{allowed}"
    en = "Class {contract_class} has no sub-class {sub_class}; it has {allowed}"


class UnknownItem(Unprocessable):
    """An answer to a question that is not on the list of the class."""

    code = "unknown_item"
    zh = "类别 {scheme} 的认定清单中没有 {items}"
    en = "The checklist of {scheme} has no {items}"


class AnswersMissing(Unprocessable):
    """Recognition needs an answer to every test and exclusion (rules.md 3.2)."""

    code = "answers_missing"
    zh = "认定清单尚未答完:{items}"
    en = "The checklist is not answered: {items}"


class ClassNotSupported(Unprocessable):
    """The answers say that it is not a contract of this class (rules.md 3.2)."""

    code = "class_not_supported"
    zh = "认定清单的回答不支持认定为 {scheme}:{items};请另选类别、要求补正或者不予登记"
    en = "The answers do not make it {scheme}: {items}; choose another class, correct, or refuse"


class ReasonForClass(Unprocessable):
    """Deciding against what the content proposes needs a reason."""

    code = "reason_for_class"
    zh = "合同内容指向 {proposed},认定为 {chosen} 须说明理由"
    en = "The content proposes {proposed}; to decide on {chosen}, say why"


class EqualWeights(Unprocessable):
    """Two classes of a mixed contract weigh the same (rules.md 3.2)."""

    code = "equal_weights"
    zh = "各部分技术内容的比重相同({schemes} 均为 {technical_fen} 分),请拆分登记"
    en = "The parts weigh the same ({schemes}, {technical_fen} fen each); split the contract"


class PartsDoNotSum(Unprocessable):
    """The parts of a mixed contract make up the whole."""

    code = "parts_do_not_sum"
    zh = "各部分金额之和({given_fen} 分)应等于 {expected_fen} 分"
    en = "The parts sum to {given_fen} fen; right is {expected_fen}"


class AssessmentNeeded(Conflict):
    """The content speaks against the declared class: a registrar judges first (rules.md 3.2)."""

    code = "assessment_needed"
    zh = "合同内容与申报类别不一致(建议:{proposed}),请先填写认定清单"
    en = "The content does not fit the declared class (proposed: {proposed}); answer the checklist"


class PossibleDuplicate(Conflict):
    """Another registration looks like the same contract (B-1, TV-B7)."""

    code = "possible_duplicate"
    zh = "疑似重复登记:{found};请核实后不予登记,或者说明不重复的理由"
    en = "This may be registered already: {found}; refuse it, or note why it is another contract"


class NothingToClear(Unprocessable):
    """The other registration does not look like this one."""

    code = "nothing_to_clear"
    zh = "该登记与本申请没有疑似重复之处"
    en = "That registration does not look like this one"


class ExpertReviewNeeded(Conflict):
    """Large or disputed contracts are reviewed by experts first (B-4, draft of 2024)."""

    code = "expert_review_needed"
    zh = "{because_zh},须先经专家评审:已有意见 {given} 份,需 {needed} 份,且多数同意登记"
    en = "{because_en}: experts review it first; {given} of {needed} opinions, a majority for it"


class ExpertTwice(Conflict):
    """An expert gives one opinion on an application."""

    code = "expert_twice"
    zh = "专家 {expert} 已就本申请发表意见"
    en = "Expert {expert} has given an opinion on this application"


class NonTechnicalExceeds(Unprocessable):
    """Costs that are taken off are not more than what they are part of (TV-B3)."""

    code = "non_technical_exceeds"
    zh = "扣除的成本合计 {sum_fen} 分,超过 {total_fen} 分"
    en = "The deducted costs sum to {sum_fen} fen, which is more than {total_fen}"


class AllowanceExceedsItem(Unprocessable):
    """The cost of a reasonable quantity is a part of its item."""

    code = "allowance_exceeds_item"
    zh = "合理数量标的物的成本不得超过该项费用 {amount_fen} 分"
    en = "The cost of a reasonable quantity is at most the item's {amount_fen} fen"


class OverrideNeedsReason(Unprocessable):
    """A registrar may set another amount than the items give, and says why."""

    code = "override_needs_reason"
    zh = "按明细计算为 {computed_fen} 分,核定为 {given_fen} 分须说明理由"
    en = "The items give {computed_fen} fen; to set {given_fen}, say why"


class RealisedExceedsTotal(Unprocessable):
    """The technical part of a payment is a part of it."""

    code = "realised_exceeds_total"
    zh = "本次实现技术交易额不得超过本次实现合同交易额 {total_fen} 分"
    en = "The technical part of a payment is at most its {total_fen} fen"


class IncomeExceedsTechnical(Conflict):
    """All technical income together stays within the technical amount (TV-B3)."""

    code = "income_exceeds_technical"
    zh = "累计技术性收入将超过技术交易额 {technical_fen} 分(已核定 {earlier_fen} 分)"
    en = "Income would exceed the technical amount {technical_fen} fen; {left_fen} are left"


class IncomeStated(Conflict):
    """One verification form per realised payment (rules.md 3.3)."""

    code = "income_stated"
    zh = "该笔收款已核定,一笔收款核定一次"
    en = "This payment has its form already; there is one per payment"


class PaymentUnknown(Unprocessable):
    """The payment is not one that the contract records."""

    code = "payment_unknown"
    zh = "该合同没有这笔收款记录;平台合同须指明收款记录"
    en = "The contract records no such payment; name one that it records"


class NotInForce(Conflict):
    """Only a registration in force has certificates, income and exports."""

    code = "not_in_force"
    zh = "该登记不在有效状态(状态为 {state})"
    en = "The registration is not in force (state {state})"


class ReviewerDecided(Forbidden):
    """Who decided does not judge the objection to the decision, nor revoke it alone."""

    code = "reviewer_decided"
    zh = "原决定由您作出,请由本机构其他登记员办理"
    en = "You made this decision; another registrar of the office must judge it"


class ObjectionOpen(Conflict):
    """One objection is reviewed at a time."""

    code = "objection_open"
    zh = "该登记已有异议在复核中"
    en = "An objection to this registration is under review"


class NothingChanged(Unprocessable):
    """A change of a registration changes something."""

    code = "nothing_changed"
    zh = "变更内容与现登记内容相同"
    en = "The change leaves everything as it is"


class BadImport(Unprocessable):
    """The file is not JSON Lines or XLSX with the form's columns."""

    code = "bad_import"
    zh = "文件无法读取:{reason}"
    en = "The file cannot be read: {reason}"


class TooManyRows(Unprocessable):
    """A file has a bounded number of rows."""

    code = "too_many_rows"
    zh = "一次最多 {most} 行"
    en = "At most {most} rows at once"


class TextIsTheContracts(Unprocessable):
    """A contract that was signed here is corrected by its parties, not in its application."""

    code = "text_is_the_contracts"
    zh = "平台合同的文本以双方签署的版本为准,不能在登记申请中更改"
    en = "The text is the one that both parties signed here; it is not changed in the application"


class BadCode(Unprocessable):
    """A field's code is not in its list."""

    code = "bad_code"
    zh = "“{given}”不在代码表 {list_name} 中;相近的有:{near}"
    en = "'{given}' is not in the code list {list_name}; near it: {near}"


class BadParty(Unprocessable):
    """A party's credit code or region is wrong."""

    code = "bad_party"
    zh = "当事人信息有误:{reason},应为 {expected}"
    en = "The party is wrong: {reason}; right would be {expected}"


class RequestOpen(Conflict):
    """One request at a time waits for the office."""

    code = "request_open"
    zh = "已有待处理的变更或注销申请,请等待登记机构处理或先撤回"
    en = "A request waits for the office already; wait for it or take it back first"
