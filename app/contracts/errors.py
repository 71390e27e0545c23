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


class NotInForce(Conflict):
    """Performance begins when both parties have signed."""

    code = "contract_not_in_force"
    zh = "合同尚未由双方签署(状态 {state}),不能登记履行情况"
    en = "The contract is not signed by both parties (state {state}); nothing is performed yet"


class PaymentInFuture(Unprocessable):
    """A payment that was received lies in the past."""

    code = "payment_in_future"
    zh = "收款日期不能晚于今天({latest})"
    en = "A payment that was received cannot be later than today ({latest})"


class ReportUnknown(Unprocessable):
    """A royalty pays a report of the same contract."""

    code = "royalty_report_unknown"
    zh = "提成报告不属于本合同,或者款项类别不是提成(royalty)"
    en = "The report is not one of this contract, or the payment's kind is not royalty"


class ReportOpen(Conflict):
    """A royalty is paid when its report is confirmed."""

    code = "royalty_report_open"
    zh = "该提成报告尚未确认(状态 {state}),确认后方可登记提成款"
    en = "The report is not confirmed yet (state {state}); its royalty is recorded after that"


class PaymentAnswered(Conflict):
    """A recorded payment is answered once."""

    code = "payment_answered"
    zh = "该笔款项已被答复(确认:{confirmed});如有误,请重新登记"
    en = "The payment was answered already (confirmed: {confirmed}); record it anew if it is wrong"


class NotYourAnswer(Conflict):
    """What one party states, the other one answers."""

    code = "other_party_acts"
    zh = "此操作须由合同的另一方执行"
    en = "That is for the other party of the contract to do"


class AnswerNeedsReason(Unprocessable):
    """A denial says why."""

    code = "reason_missing"
    zh = "否认款项须说明理由(reason)"
    en = "A denial gives its reason (reason)"


class SubjectExceedsItem(Unprocessable):
    """The subject matter in an item costs no more than the item."""

    code = "subject_exceeds_item"
    zh = "合理数量标的物的成本不得超过该项费用({most_fen} 分)"
    en = "The subject matter in an item costs no more than the item, {most_fen} fen"


class ContractBlocked(Conflict):
    """A check found what must be mended before anyone signs."""

    code = "contract_blocked"
    zh = "签署前检查发现须先解决的问题:{findings}"
    en = "Checks before signing found what must be mended first: {findings}"


class WarningsUnread(Conflict):
    """Each party that signs says that it read the warnings."""

    code = "warnings_not_acknowledged"
    zh = "签署前请确认已阅读以下提示(acknowledged):{findings}"
    en = "Acknowledge these warnings to sign (acknowledged): {findings}"


class CertificateNeeded(Conflict):
    """This market signs with certificates."""

    code = "certificate_needed"
    zh = "本平台要求使用数字证书签署;请通过 signing-requests 提交证书签名"
    en = "Contracts are signed with certificates here; use signing-requests"


class NoCertificateSource(Conflict):
    """Nobody issues certificates here."""

    code = "no_certificate_source"
    zh = "本平台不签发证书;请使用自有证书通过 signing-requests 签署"
    en = "No certificates are issued here; sign with your own by signing-requests"


class SigningOutdated(Conflict):
    """The digest was handed out over a document that is not the present one any more."""

    code = "signing_outdated"
    zh = "待签文件已变化或者请求已过期,请重新获取摘要"
    en = "The document moved on or the request expired; ask for a new digest"


class SignatureWrong(Unprocessable):
    """What came back is no good signature over the digest."""

    code = "signature_wrong"
    zh = "签名无效:{problem}"
    en = "The signature is not valid: {problem}"


class CertificateOfAnother(Unprocessable):
    """The certificate is another organisation's."""

    code = "certificate_of_another"
    zh = "证书主体({subject})不是签署方 {expected}"
    en = "The certificate's subject ({subject}) is not the signing party {expected}"


class AmendmentOpen(Conflict):
    """One amendment is decided before the next is proposed."""

    code = "amendment_open"
    zh = "第 {number} 号补充文件尚未处理完毕"
    en = "Amendment number {number} is still open"


class NotASigner(Conflict):
    """Only those whom the amendment concerns sign it."""

    code = "not_a_signer"
    zh = "本方不是该补充文件的签署方,或者须待合同双方先行签署"
    en = "This party does not sign this amendment, or signs after both parties of the contract"


class AmendmentContentWrong(Unprocessable):
    """An amendment has what its kind needs, and nothing else."""

    code = "amendment_content_wrong"
    zh = "补充文件的内容与其类型 {kind} 不符:应为 {expected_content}"
    en = "The content does not fit an amendment of kind {kind}; right would be: {expected_content}"


class NoticeNotMature(Conflict):
    """A contract is ended by notice 30 days after the demand (rules.md V-4)."""

    code = "delay_notice_not_mature"
    zh = "催告尚未满三十日(至 {matures_at}),不能解除合同"
    en = "The demand runs until {matures_at}; the contract cannot be ended before"


class TextFileNotRead(Unprocessable):
    """A text is taken from a PDF or a plain text file."""

    code = "text_file_not_read"
    zh = "无法读取文件({reason});请上传含文字的 PDF 或 UTF-8 文本,Word 文件请先另存为 PDF"
    en = "The file cannot be read ({reason}); give a PDF with text or UTF-8 text; save Word as PDF"


class TextFileEmpty(Unprocessable):
    """A scanned PDF holds images and no text."""

    code = "text_file_empty"
    zh = "文件中没有文字;扫描件请先作文字识别"
    en = "There is no text in the file; a scan needs text recognition first"


class TextFileTooLong(Unprocessable):
    """A text has at most so many characters, a PDF so many pages."""

    code = "text_file_too_long"
    zh = "文本过长:{length},最多 {longest}"
    en = "The text is too long: {length} of at most {longest}"


class NotABroker(Unprocessable):
    """The intermediary that a contract names is a registered broker."""

    code = "not_a_broker"
    zh = "中介人(intermediary_id)应为本平台登记的技术经纪机构"
    en = "The intermediary (intermediary_id) must be a broker that is registered here"
