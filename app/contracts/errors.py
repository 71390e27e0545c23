"""Refusals of the contracts module."""

from app.kit.errors import Conflict, Unprocessable


class StaleText(Conflict):
    """The signature is over another text than the one that is proposed."""

    code = "stale_text"
    zh = "合同文本已更新为第 {current_version} 版,请重新阅读后对现行文本签署"
    en = "The contract's text is at version {current_version} now; read it and sign that text"


class AlreadySigned(Conflict):
    """A party signs a text once."""

    code = "already_signed"
    zh = "本方已签署该文本"
    en = "This party has signed this text already"


class ClassFixedByDeal(Unprocessable):
    """The deal's transfer mode decides the class."""

    code = "class_fixed_by_deal"
    zh = "成交的转化方式为 {transfer_mode},合同类别可以是:{allowed}"
    en = "The deal's transfer mode is {transfer_mode}; the contract's class can be: {allowed}"


class SubClassMismatch(Unprocessable):
    """The sub-class belongs to another class."""

    code = "sub_class_mismatch"
    zh = "合同子类 {sub_class} 不属于类别 {contract_class};可用:{allowed}"
    en = "Sub-class {sub_class} is not one of class {contract_class}; there are: {allowed}"


class NonTechnicalExceedsTotal(Unprocessable):
    """The technical amount lies between nothing and the total (rules.md TV-B3)."""

    code = "non_technical_exceeds_total"
    zh = "非技术性费用合计 {sum_fen} 分,超过合同总额 {total_fen} 分"
    en = "Non-technical items sum to {sum_fen} fen, more than the total of {total_fen} fen"


class PaymentTermsWrong(Unprocessable):
    """The details of payment do not fit the mode of payment."""

    code = "payment_terms_wrong"
    zh = "支付条款与支付方式 {mode} 不符:应为 {expected_terms}"
    en = "The payment terms do not fit mode {mode}; right would be: {expected_terms}"


class PatentUnknown(Unprocessable):
    """The patent is not one of the achievement's rights."""

    code = "patent_not_in_achievement"
    zh = "专利 {number} 不在成交成果的权利清单中;清单为:{allowed}"
    en = "Patent {number} is not among the achievement's rights; those are: {allowed}"


class PatentTermsMissing(Unprocessable):
    """A contract about a patent states its particulars (民法典 845)."""

    code = "patent_terms_missing"
    zh = "涉及专利的合同须载明发明名称、专利权人、专利号和有效期限;缺少:{missing}"
    en = "A patent contract states invention, patentee, number and expiry; missing: {missing}"


class LicenceOutlastsPatent(Unprocessable):
    """A licence ends with the patent at the latest (民法典 865)."""

    code = "licence_outlasts_patent"
    zh = "许可期限不得超过专利有效期限,最迟为 {latest}"
    en = "A licence ends with its patent at the latest: {latest}"


class LicenceTermMissing(Unprocessable):
    """A licence states until when it lasts."""

    code = "licence_term_missing"
    zh = "许可合同须约定许可期限(licence_until)"
    en = "A licence contract states until when it lasts (licence_until)"


class EmptyTerm(Unprocessable):
    """A term that has to be stated is empty."""

    code = "term_missing"
    zh = "合同条款未填写:{missing}"
    en = "These terms are not filled in: {missing}"
