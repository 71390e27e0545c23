"""Refusals of the ledger module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class StatementUnreadable(Unprocessable):
    """The file is no camt.053 statement that can be taken."""

    code = "statement_unreadable"
    zh = "对账单无法读取:{reason};应为不含 DTD 的 ISO 20022 camt.053 XML 文件"
    en = "The statement cannot be read: {reason}; send ISO 20022 camt.053 XML without a DTD"


class ReportUnreadable(Unprocessable):
    """The file is no pain.002 status report that can be taken."""

    code = "status_report_unreadable"
    zh = "支付状态报告无法读取:{reason};应为不含 DTD 的 ISO 20022 pain.002 XML 文件"
    en = "The status report cannot be read: {reason}; send ISO 20022 pain.002 XML without a DTD"


class UnknownOrder(Unprocessable):
    """A status report is about a payment file that the platform did not make."""

    code = "unknown_payment_order"
    zh = "支付状态报告所指的付款文件 {order_id} 不是平台发出的"
    en = "The status report is about the payment file {order_id}, which is not the platform's"


class NotShownByBank(Conflict):
    """Money that an operator vouched for is paid out when a statement has shown it."""

    code = "not_shown_by_bank"
    zh = "其中 {vouched_fen} 分仅由工作人员登记到账,银行对账单尚未载明,暂不能划付"
    en = "{vouched_fen} fen of it were only vouched for; pay out when a statement has shown them"


class ProceedsTooSmall(Conflict):
    """The platform does not hold enough of the price to pay a seller out."""

    code = "proceeds_too_small"
    zh = "平台账户内该价款为 {held_fen} 分,扣除佣金 {commission_fen} 分后无可划付金额"
    en = "The platform holds {held_fen} fen of the price; less {commission_fen} nothing is left"


class NotOurAccount(Unprocessable):
    """A statement is about an account that is no settlement account of the platform."""

    code = "not_our_account"
    zh = "对账单账户 {account} 不是平台结算账户;应为:{known}"
    en = "The statement is about account {account}; the platform's are: {known}"


class NotInYuan(Unprocessable):
    """The ledger is kept in CNY."""

    code = "not_in_yuan"
    zh = "币种为 {currency},账务仅以人民币(CNY)记账"
    en = "The currency is {currency}; the ledger takes CNY only"


class NotWholeFen(Unprocessable):
    """An amount on a statement has a fraction of a fen, or is not above zero."""

    code = "not_whole_fen"
    zh = "金额 {amount} 不是以分为最小单位的正数"
    en = "The amount {amount} is not a positive number of whole fen"


class UnknownReference(Unprocessable):
    """No deposit is expected under this reference."""

    code = "unknown_reference"
    zh = "没有付款识别码为 {reference} 的保证金"
    en = "No deposit is expected under the reference {reference}"


class UnknownRefund(Unprocessable):
    """The payment was matched to a refund that is not on its way, or has another amount."""

    code = "unknown_refund"
    zh = "没有已下达且金额为 {amount_fen} 分的退款 {refund_id}"
    en = "There is no ordered refund {refund_id} of {amount_fen} fen"


class UseNotPossible(Unprocessable):
    """Money that came cannot be a charge, and money that went cannot be a deposit."""

    code = "use_not_possible"
    zh = "{direction} 方向的款项不能作为 {use};可用:{allowed}"
    en = "A {direction} cannot be taken as {use}; possible: {allowed}"


class NoAccountToReturnTo(Unprocessable):
    """The statement does not say which account the money came from."""

    code = "no_account_to_return_to"
    zh = "对账单未载明付款账户,无法原路退回;请先核实付款人,按保证金匹配"
    en = "The statement does not name the payer's account; find the payer and match a deposit"


class SecondPersonRequired(Forbidden):
    """Two persons move money by hand: one proposes, another confirms."""

    code = "second_person_required"
    zh = "须由提出者以外的另一名操作员确认"
    en = "Another operator than the one who proposed it must confirm it"


class DepositNotHeld(Conflict):
    """The deposit is not in custody, or not as much of it."""

    code = "deposit_not_held"
    zh = "该保证金状态为 {deposit_state},在管金额 {held_fen} 分,不足 {asked_fen} 分"
    en = "The deposit is {deposit_state} with {held_fen} fen in custody; {asked_fen} fen were asked"


class DepositReceivedAlready(Conflict):
    """Nothing of the deposit is outstanding."""

    code = "deposit_received_already"
    zh = "该保证金已到账或已了结,无需再登记"
    en = "The deposit has arrived or is settled; there is nothing to record"


class RefundNotReplaceable(Conflict):
    """Only a rejected refund is ordered anew, and only once."""

    code = "refund_not_replaceable"
    zh = "退款当前状态为 {refund_state},或已重新办理;仅被退回的退款可重新办理一次"
    en = "The refund is {refund_state}, or replaced already; only a rejected one, and once"


class BankNotSimulated(Conflict):
    """Payments can be made up in a sandbox with the simulated bank only."""

    code = "bank_not_simulated"
    zh = "仅启用模拟银行的沙箱可以模拟付款"
    en = "Payments can be simulated only in a sandbox that runs with the simulated bank"
