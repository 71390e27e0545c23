"""Refusals of the settlements module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class BelowFloor(Unprocessable):
    """The staff get less than the law lets a unit give (促进科技成果转化法 45; A-21, A-26)."""

    code = "below_floor"
    zh = "奖酬比例 {given_bp} 个基点低于规则 {rule_set} 的下限 {floor_bp} 个基点({source})"
    en = "A reward of {given_bp} bp is below the floor of {floor_bp} bp of {rule_set} ({source})"


class MainContributorsTooLittle(Unprocessable):
    """Main contributors get a least part of the reward (国发〔2016〕16号; A-24, A-27)."""

    code = "main_contributors_too_little"
    zh = "主要贡献人员占奖酬总额 {given_bp} 个基点,不得低于 {floor_bp} 个基点"
    en = "Main contributors get {given_bp} bp of the reward; {floor_bp} bp is the least"


class TransferOfficeTooLittle(Unprocessable):
    """The transfer office's people get a least part of the reward (浙江条例 37; A-27)."""

    code = "transfer_office_too_little"
    zh = "转化机构人员占奖酬总额 {given_bp} 个基点,不得低于 {floor_bp} 个基点"
    en = "The transfer office's staff get {given_bp} bp of the reward; {floor_bp} bp is the least"


class TooMuch(Unprocessable):
    """Reward and the fund of the transfer office exceed the net income."""

    code = "more_than_income"
    zh = "奖酬与转化机构提取合计 {given_bp} 个基点,超过净收入"
    en = "Reward and the transfer office's fund are {given_bp} bp, more than the net income"


class LeaderUnexplained(Unprocessable):
    """A leader's reward is publicised with the post and the contribution (A-25)."""

    code = "leader_unexplained"
    zh = "领导人员 {name} 获得奖酬须公示其职务和实际贡献"
    en = "{name} leads the institution: say which post and what the contribution was"


class ChiefWithoutEquity(Unprocessable):
    """A chief gets no equity in principle (国发〔2016〕16号; A-25)."""

    code = "chief_without_equity"
    zh = "正职领导 {name} 原则上不得获取股权奖励,可以获得现金奖励"
    en = "{name} is a chief, who may get cash but in principle no equity"


class NotAnInventor(Unprocessable):
    """Inventors of the list are completing persons of the achievement."""

    code = "not_an_inventor"
    zh = "{name} 不是成果登记的完成人;完成人为:{inventors}。其他贡献人员请用 contributor"
    en = "{name} is no completing person of the achievement, who are: {inventors}"


class OwnsPart(Unprocessable):
    """Whom the unit made an owner does not share later income (浙江条例 37; A-30)."""

    code = "recipient_owns_part"
    zh = "{name} 已取得成果部分所有权,不再参与后续收益分配"
    en = "{name} owns a part of the achievement and does not share its income"


class NamedTwice(Unprocessable):
    """A recipient stands in the list once."""

    code = "recipient_named_twice"
    zh = "{name} 在名单中出现两次;同一人只列一次"
    en = "{name} is in the list twice; one entry for each person"


class RouteMismatch(Unprocessable):
    """Transfer and equity rest on a contract, own implementation on an achievement of one's own."""

    code = "route_mismatch"
    zh = "转化方式为 {transfer_mode} 的成果收益应采用 {expected_route}"
    en = "Income of the mode {transfer_mode} is distributed as {expected_route}"


class YearsOutOfRange(Unprocessable):
    """Own implementation is rewarded for 3 to 5 consecutive years (促进科技成果转化法 45; A-21)."""

    code = "years_out_of_range"
    zh = "自行实施的奖酬应连续 {least} 至 {most} 年,给出的是 {given} 年"
    en = "Own implementation is rewarded for {least} to {most} years in a row, not {given}"


class YearNotInPlan(Unprocessable):
    """The profit is of a year that the plan does not reward."""

    code = "year_not_in_plan"
    zh = "{given} 年不在方案的奖酬年度 {first}–{last} 之内"
    en = "{given} is not one of the plan's years, {first} to {last}"


class YearNotOver(Unprocessable):
    """A year's profit is known when the year is over."""

    code = "year_not_over"
    zh = "{given} 年度尚未结束,年度营业利润尚不能确定"
    en = "The year {given} is not over; its operating profit is not known yet"


class ListTooShort(Unprocessable):
    """A list stands its days at least (A-28)."""

    code = "list_too_short"
    zh = "名单公示期 {given} 日过短,不得少于 {minimum} 日"
    en = "A list of {given} days is too short; it stands {minimum} days at least"


class PlanExists(Conflict):
    """One living plan for a contract, and for the own implementation of an achievement."""

    code = "plan_exists"
    zh = "已有分配方案 {plan_id};未生效的请先撤回,已生效的由接替方案变更"
    en = "The plan {plan_id} is there; withdraw it, or if it is in effect draft its successor"


class ContractNotSigned(Conflict):
    """Income of a contract is distributed once the contract is signed."""

    code = "contract_not_signed"
    zh = "合同状态为 {contract_state},签署生效后方可制定分配方案"
    en = "The contract is {contract_state}; a plan is made once it is signed"


class ListNotOpen(Conflict):
    """Objections are taken while the list stands."""

    code = "list_not_open"
    zh = "名单当前状态为 {plan_state},公示期至 {ends_at};仅在公示期内可以提出异议"
    en = "The list is {plan_state} until {ends_at}; objections are taken during the period only"


class ObjectedAlready(Conflict):
    """One open objection of one person."""

    code = "objected_already"
    zh = "您已提出异议 {objection_id},请等待处理决定"
    en = "You have filed the objection {objection_id}; wait for its decision"


class DecidesOwnShare(Forbidden):
    """Whoever gets a share, or objected, does not decide objections to the list."""

    code = "decides_own_share"
    zh = "名单内人员和异议人不得处理对该名单的异议"
    en = "People on the list and the objector do not decide objections to it"


class ReasonRequired(Unprocessable):
    """The act needs reasons, which the staff read."""

    code = "settlement_reason_required"
    zh = "此操作必须说明理由"
    en = "This act needs a reason"


class PlanNotEffective(Conflict):
    """Nothing is distributed before the list took effect (A-28)."""

    code = "plan_not_effective"
    zh = "分配方案状态为 {plan_state},公示期满生效后方可分配"
    en = "The plan is {plan_state}; income is distributed once its list took effect"


class AlreadyReported(Conflict):
    """Income that was recorded before: a year's profit, or the shares of an equity contribution."""

    code = "income_reported_already"
    zh = "该项收益已记录({income_id}),不得重复分配"
    en = "This income is recorded already ({income_id}) and is not distributed twice"


class SharesWithoutStaff(Unprocessable):
    """The technology's part of the shares is at least one share."""

    code = "no_technology_shares"
    zh = "按总股数 {total_shares} 和技术占比 {technology_bp} 个基点计算,技术股为 0 股"
    en = "{technology_bp} bp of {total_shares} shares is no share for the technology"


class PaidInFuture(Unprocessable):
    """A payment that is reported has been made, and not before the income came."""

    code = "paid_out_of_time"
    zh = "支付日期应在 {earliest} 至 {latest} 之间"
    en = "The day of payment must lie from {earliest} to {latest}"


class RegistrationFell(Conflict):
    """A benefit rests on a registration that stands."""

    code = "registration_fell"
    zh = "该登记状态为 {registration_state},不能据以享受优惠"
    en = "The registration is {registration_state}; no benefit rests on it"


class AlreadyClaimed(Conflict):
    """The same benefit for the same document is recorded once."""

    code = "benefit_claimed_already"
    zh = "同一凭证的同类优惠已登记({benefit_id})"
    en = "This benefit is recorded already for this document ({benefit_id})"


class WatchEnded(Conflict):
    """The achievement was taken up; there is nothing to watch."""

    code = "idle_watch_ended"
    zh = "该成果已实施或已签约,不再计算闲置期限"
    en = "The achievement was taken up; no term runs any more"


class NoRulesThen(Unprocessable):
    """There were no rules of this relief on that day."""

    code = "no_tax_rules_then"
    zh = "{day} 尚无该项优惠的规则;请选择规则生效之后的日期"
    en = "There were no rules of this relief on {day}; ask about a later day"


class BadRecipient(Unprocessable):
    """A line of a typed list is no recipient."""

    code = "bad_recipient"
    zh = "第 {line} 行“{text}”应为:姓名,角色,是否主要贡献人员,权重,领导职务类别,职务,贡献"
    en = "Line {line}, '{text}', should read: name, role, main, weight, leader, post, contribution"
