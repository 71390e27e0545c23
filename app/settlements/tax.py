"""Tax estimates, without I/O: what a relief would be worth, and which of its conditions hold.

Every function takes what the party says, and a day; the rules of that day decide. An estimate is
no assessment and no advice: a condition that a party did not answer is `unknown`, and only when all
hold does the estimate count the relief. Amounts in fen, rates in basis points; a tax is rounded
half up once, at the end.
"""

import json
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from app.kit.money import Fen, round_half_up

DISCLAIMER_ZH = "仅为按所填信息作出的估算,不是税务机关的认定,也不构成税务意见。"
DISCLAIMER_EN = "An estimate from what was entered; no assessment by a tax authority and no advice."


class EstimateKind(StrEnum):
    """Which tax, or relief of a tax, is estimated."""

    INCOME_TAX = "income_tax"
    VAT = "vat"
    REWARD = "reward"
    EQUITY_DEFERRAL = "equity_deferral"
    STAMP_DUTY = "stamp_duty"
    PERSONAL_INCOME = "personal_income"


class Outcome(StrEnum):
    """What became of a condition."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ConditionRule:
    """A condition of a relief: its words, law and article, and whether it was read there."""

    id: str
    zh: str
    en: str
    law: str
    article: str
    verify: bool


@dataclass(frozen=True)
class TaxRules:
    """The rules of one relief, in force from a day on; `parameters` in fen, months or bp."""

    id: str
    kind: EstimateKind
    title_zh: str
    title_en: str
    valid_from: date
    valid_until: date | None
    verify: tuple[str, ...]
    parameters: dict[str, Any]
    conditions: tuple[ConditionRule, ...]


@dataclass(frozen=True)
class Condition:
    """A condition as it was judged: what was said, and why it passed or failed."""

    rule: ConditionRule
    outcome: Outcome
    why_zh: str
    why_en: str


@dataclass(frozen=True)
class Estimate:
    """What a relief would be worth: the tax without it and with it, and what it rests on."""

    kind: EstimateKind
    rule_set: str
    as_of: date
    verify: tuple[str, ...]
    conditions: tuple[Condition, ...]
    base_fen: Fen
    tax_without_fen: Fen
    tax_fen: Fen
    note_zh: str
    note_en: str

    @property
    def eligible(self) -> bool:
        """Whether every condition holds."""
        return all(found.outcome is Outcome.PASSED for found in self.conditions)

    @property
    def saving_fen(self) -> Fen:
        """What the relief would save; for a deferral, what need not be paid now."""
        return self.tax_without_fen - self.tax_fen


@cache
def rule_sets() -> tuple[TaxRules, ...]:
    """All rules of reliefs, by relief, the oldest first."""
    rows = json.loads(Path(__file__).with_name("tax_rules.json").read_text(encoding="utf-8"))
    return tuple(
        TaxRules(
            id=row["id"],
            kind=EstimateKind(row["kind"]),
            title_zh=row["title"][0],
            title_en=row["title"][1],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_until=_day(row["valid_until"]),
            verify=tuple(row["verify"]),
            parameters=row["parameters"],
            conditions=tuple(ConditionRule(**found) for found in row["conditions"]),
        )
        for row in rows
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def rules_on(kind: EstimateKind, day: date) -> TaxRules:
    """The rules of a relief on a day; raises LookupError before there was any."""
    for found in rule_sets():
        begun = found.kind is kind and found.valid_from <= day
        if begun and (found.valid_until is None or day <= found.valid_until):
            return found
    raise LookupError(f"no rules of {kind} on {day}")


class Judge:
    """Collects conditions in the order of the rules."""

    def __init__(self, rules: TaxRules) -> None:
        """Nothing is judged yet."""
        self._rules = {found.id: found for found in rules.conditions}
        self.found: list[Condition] = []

    def ask(self, name: str, holds: bool | None, why_zh: str = "", why_en: str = "") -> None:
        """Judge one condition; None is what the party did not say."""
        if holds is None:
            outcome, zh, en = Outcome.UNKNOWN, "未填写", "not answered"
        elif holds:
            outcome, zh, en = Outcome.PASSED, "符合", "met"
        else:
            outcome, zh, en = Outcome.FAILED, "不符合", "not met"
        self.found.append(Condition(self._rules[name], outcome, why_zh or zh, why_en or en))


def add_months(day: date, months: int) -> date:
    """The corresponding day so many months later, or the month's last day (T-2)."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    month = month0 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@dataclass(frozen=True)
class Transfer:
    """A technology transfer as the seller describes it, of one tax year; None is not said.

    `form` is `ownership`, `exclusive` or `non_exclusive`; licences give `licence_months`.
    `revenue_fen` includes `excluded_fen`: equipment, parts, materials and services that can be
    separated. `other_income_fen` is other qualifying income of the same year.
    """

    form: str
    technology: str
    signed_on: date
    licence_months: int | None
    revenue_fen: Fen
    excluded_fen: Fen
    cost_fen: Fen
    taxes_fen: Fen
    period_costs_fen: Fen
    other_income_fen: Fen
    worldwide: bool | None
    resident: bool | None
    cross_border: bool
    recognised: bool | None
    owned: bool | None
    wholly_related: bool | None
    separate_accounts: bool | None
    public_funds: bool
    approved: bool | None


def relieved_income_tax(income_fen: Fen, rules: TaxRules) -> Fen:
    """Tax on the qualifying income of a year: an exempt part, half of the rest (F-1, TV-F1)."""
    over = max(0, income_fen - int(rules.parameters["exempt_fen"]))
    halved = Decimal(over) * int(rules.parameters["reduced_bp"]) / 10_000
    return round_half_up(halved * int(rules.parameters["rate_bp"]) / 10_000)


def transfer_income(given: Transfer) -> Fen:
    """Revenue less what is no technology, cost, taxes and period costs (F-2); may be negative."""
    revenue = given.revenue_fen - given.excluded_fen
    return revenue - given.cost_fen - given.taxes_fen - given.period_costs_fen


def income_tax(given: Transfer, as_of: date) -> Estimate:
    """Enterprise income tax on a technology transfer (企业所得税法 27; F-1 to F-5)."""
    rules = rules_on(EstimateKind.INCOME_TAX, as_of)
    judge = Judge(rules)
    judge.ask("resident", given.resident)
    scope = given.technology in rules.parameters["technologies"]
    judge.ask(
        "scope",
        scope,
        f"技术类型:{given.technology}",
        f"the technology is {given.technology}",
    )
    _ask_form(judge, given, rules)
    judge.ask(
        "recognised",
        given.recognised,
        "跨境转让由省级以上商务部门认定"
        if given.cross_border
        else "境内转让由省级以上科技部门认定",
        "cross-border: the commerce authority" if given.cross_border else "the S&T authority",
    )
    judge.ask("unrelated", None if given.wholly_related is None else not given.wholly_related)
    judge.ask("separate_accounts", given.separate_accounts)
    judge.ask(
        "public_funds",
        given.approved if given.public_funds else True,
        "" if given.public_funds else "未使用财政经费",
        "" if given.public_funds else "no public money",
    )
    income = transfer_income(given)
    rate = Decimal(int(rules.parameters["rate_bp"]))
    full = round_half_up(Decimal(max(0, income)) * rate / 10_000)
    before = max(0, given.other_income_fen)
    relieved = relieved_income_tax(before + max(0, income), rules) - relieved_income_tax(
        before, rules
    )
    eligible = all(found.outcome is Outcome.PASSED for found in judge.found)
    return Estimate(
        kind=EstimateKind.INCOME_TAX,
        rule_set=rules.id,
        as_of=as_of,
        verify=rules.verify,
        conditions=tuple(judge.found),
        base_fen=income,
        tax_without_fen=full,
        tax_fen=relieved if eligible else full,
        note_zh="技术转让所得不超过 500 万元的部分免征,超过部分减半征收,按纳税年度合并计算。",
        note_en="The first 5 million yuan of a tax year's income are exempt, half of the rest.",
    )


def _ask_form(judge: Judge, given: Transfer, rules: TaxRules) -> None:
    """Ownership, or a worldwide licence of five years; without exclusivity since 2015 (F-4)."""
    least = int(rules.parameters["licence_months"])
    since = date.fromisoformat(rules.parameters["non_exclusive_from"])
    if given.form == "ownership":
        judge.ask("form", True, "转让所有权", "ownership is transferred")
        return
    months = given.licence_months
    if months is not None and months < least:
        zh, en = f"许可期 {months} 个月,不足 {least} 个月", f"{months} months, fewer than {least}"
        judge.ask("form", False, zh, en)
    elif given.form == "exclusive":
        known = None if months is None or given.worldwide is None else given.worldwide
        judge.ask(
            "form", known, "全球独占许可须在 5 年以上", "worldwide exclusive, 5 years or more"
        )
    elif given.signed_on < since:
        judge.ask(
            "form",
            False,
            f"{since} 前签订的非独占许可不适用",
            f"a non-exclusive licence qualifies when signed from {since}",
        )
    else:
        known = None if months is None or given.owned is None else given.owned
        judge.ask("form", known, "非独占许可须为自有技术", "non-exclusive: of technology it owns")


@dataclass(frozen=True)
class Sale:
    """A taxable sale as the seller describes it; the amount includes VAT. None is not said.

    `subject` is `transfer`, `development`, `related_consulting`, `related_service` or `other`.
    """

    subject: str
    amount_fen: Fen
    same_invoice: bool | None
    recognised: bool | None
    documents_kept: bool | None


def vat(given: Sale, as_of: date) -> Estimate:
    """VAT on technology transfer and development (财税〔2016〕36号 附件3; F-6, F-7)."""
    rules = rules_on(EstimateKind.VAT, as_of)
    judge = Judge(rules)
    main = given.subject in {"transfer", "development"}
    related = given.subject in {"related_consulting", "related_service"}
    judge.ask(
        "subject",
        main or related,
        f"应税项目:{given.subject}",
        f"what is sold: {given.subject}",
    )
    judge.ask(
        "same_invoice",
        True if main else given.same_invoice,
        "转让、开发本身不适用此条件" if main else "",
        "not asked of transfer and development themselves" if main else "",
    )
    judge.ask("recognised", given.recognised)
    judge.ask("documents_kept", given.documents_kept)
    rate = int(rules.parameters["rate_bp"])
    tax = round_half_up(Decimal(given.amount_fen) * rate / (10_000 + rate))
    eligible = all(found.outcome is Outcome.PASSED for found in judge.found)
    return Estimate(
        kind=EstimateKind.VAT,
        rule_set=rules.id,
        as_of=as_of,
        verify=rules.verify,
        conditions=tuple(judge.found),
        base_fen=given.amount_fen,
        tax_without_fen=tax,
        tax_fen=0 if eligible else tax,
        note_zh="与技术转让、开发相关的咨询和服务,价款须与转让、开发价款开在同一张发票上。",
        note_en="Related consulting and services must be on the invoice of the transfer itself.",
    )


@dataclass(frozen=True)
class Reward:
    """A cash reward as the unit describes it; None is not said.

    `base_fen` is the recipient's other taxable income of the year, after deductions.
    """

    base_fen: Fen
    reward_fen: Fen
    unit: str
    registered: bool | None
    income_received_on: date
    paid_on: date
    publicity_working_days: int | None
    separate_accounts: bool | None
    relabelled_wages: bool | None
    filed: bool | None


def personal_tax(taxable_fen: Fen, rules: TaxRules) -> Fen:
    """Tax on comprehensive income of a year by the progressive table (F-8, TV-F5)."""
    if taxable_fen <= 0:
        return 0
    bands: Sequence[dict[str, int | None]] = rules.parameters["bands"]
    band = next(b for b in bands if (upto := b["upto_fen"]) is None or taxable_fen <= upto)
    tax = Decimal(taxable_fen) * int(band["rate_bp"] or 0) / 10_000
    return round_half_up(tax - int(band["quick_fen"] or 0))


def reward(given: Reward, as_of: date) -> Estimate:
    """Income tax of a person on a reward in cash (财税〔2018〕58号; F-8)."""
    rules = rules_on(EstimateKind.REWARD, as_of)
    judge = Judge(rules)
    judge.ask(
        "unit",
        given.unit in rules.parameters["units"],
        f"发放单位:{given.unit}",
        f"the unit is a {given.unit}",
    )
    judge.ask("registered", given.registered)
    months = int(rules.parameters["months"])
    last = add_months(given.income_received_on, months)
    in_time = given.income_received_on <= given.paid_on <= last
    judge.ask(
        "within_months",
        in_time,
        f"收入于 {given.income_received_on} 取得,最迟 {last} 发放,实际 {given.paid_on}",
        f"income on {given.income_received_on}, last day {last}, paid on {given.paid_on}",
    )
    least = int(rules.parameters["publicity_working_days"])
    stood = given.publicity_working_days
    judge.ask(
        "publicity",
        None if stood is None else stood >= least,
        "" if stood is None else f"公示 {stood} 个工作日,须不少于 {least} 个工作日",
        "" if stood is None else f"{stood} working days of at least {least}",
    )
    judge.ask("separate_accounts", given.separate_accounts)
    judge.ask("no_wages", None if given.relabelled_wages is None else not given.relabelled_wages)
    judge.ask("filed", given.filed)
    eligible = all(found.outcome is Outcome.PASSED for found in judge.found)
    full = personal_tax(given.base_fen + given.reward_fen, rules)
    counted = round_half_up(
        Decimal(given.reward_fen) * int(rules.parameters["counted_bp"]) / 10_000
    )
    relieved = personal_tax(given.base_fen + counted, rules)
    return Estimate(
        kind=EstimateKind.REWARD,
        rule_set=rules.id,
        as_of=as_of,
        verify=rules.verify,
        conditions=tuple(judge.found),
        base_fen=given.base_fen + (counted if eligible else given.reward_fen),
        tax_without_fen=full,
        tax_fen=relieved if eligible else full,
        note_zh="符合条件的现金奖励减按 50% 计入当月工资、薪金;36 个月自取得转化收入之日起算。",
        note_en="Half of the reward counts as wages; 36 months run from the income.",
    )


@dataclass(frozen=True)
class Contribution:
    """A contribution of technology as capital; `contributor` is `enterprise` or `individual`."""

    contributor: str
    appraised_fen: Fen
    original_fen: Fen
    taxes_fen: Fen
    expected_proceeds_fen: Fen | None
    technology: str
    contributor_resident: bool | None
    investee_resident: bool | None
    shares_only: bool | None
    filed: bool | None


def equity_deferral(given: Contribution, as_of: date) -> Estimate:
    """Deferral of tax on technology contributed for shares (财税〔2016〕101号; F-9)."""
    rules = rules_on(EstimateKind.EQUITY_DEFERRAL, as_of)
    judge = Judge(rules)
    judge.ask("contributor", given.contributor_resident)
    judge.ask("investee", given.investee_resident)
    judge.ask("shares_only", given.shares_only)
    judge.ask(
        "scope",
        given.technology in rules.parameters["technologies"],
        f"技术类型:{given.technology}",
        f"the technology is {given.technology}",
    )
    judge.ask("filed", given.filed)
    rate = int(rules.parameters["rates_bp"][given.contributor])
    basis = given.original_fen + given.taxes_fen
    gain = max(0, given.appraised_fen - basis)
    now = round_half_up(Decimal(gain) * rate / 10_000)
    eligible = all(found.outcome is Outcome.PASSED for found in judge.found)
    zh = "选择递延的,入股当期不纳税;转让股权时按转让收入减原值和合理税费计税。"
    en = "If deferred, no tax is due now; on disposal, proceeds less original value and taxes."
    if given.expected_proceeds_fen is not None:
        later_gain = max(0, given.expected_proceeds_fen - basis)
        later = round_half_up(Decimal(later_gain) * rate / 10_000)
        zh += f"按预计转让收入估算,届时税额约 {later} 分。"
        en += f" On the proceeds expected, about {later} fen then."
    return Estimate(
        kind=EstimateKind.EQUITY_DEFERRAL,
        rule_set=rules.id,
        as_of=as_of,
        verify=rules.verify,
        conditions=tuple(judge.found),
        base_fen=gain,
        tax_without_fen=now,
        tax_fen=0 if eligible else now,
        note_zh=zh,
        note_en=en,
    )
