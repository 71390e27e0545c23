"""Estimates of taxes that a technology contract brings without a relief, without I/O.

Stamp duty on the contract (F-11), and the income tax of a person who sells a service or licenses a
patent (F-10). They are judged and shown as the reliefs of `tax` are; amounts in fen.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.kit.money import Fen, round_half_up
from app.settlements.tax import Estimate, EstimateKind, Judge, Outcome, personal_tax, rules_on


@dataclass(frozen=True)
class StampedDocument:
    """A document that stamp duty is due on; None is not said.

    `document` is `technology_contract` or `ip_transfer`. `amount_fen` includes `vat_fen`. Without
    `amount_stated` the document names no amount, and `amount_fen` is what is expected.
    """

    document: str
    amount_fen: Fen
    vat_fen: Fen
    vat_separate: bool | None
    amount_stated: bool


def stamp_duty(given: StampedDocument, as_of: date) -> Estimate:
    """Stamp duty of one party (印花税法 5, 6; F-11); VAT counts unless it is shown apart."""
    rules = rules_on(EstimateKind.STAMP_DUTY, as_of)
    judge = Judge(rules)
    judge.ask("vat_separate", given.vat_separate)
    rate = Decimal(int(rules.parameters["rates_per_million"][given.document]))
    apart = judge.found[0].outcome is Outcome.PASSED
    base = given.amount_fen - (min(given.vat_fen, given.amount_fen) if apart else 0)
    zh = "合同双方各按所立合同的价款计税。"
    en = "Each party pays on the price of its copy."
    if not given.amount_stated:
        zh += "合同未列明金额的,按实际结算金额计税;此处按预计金额估算。"
        en += " No amount is stated: the settled one counts; this is on what is expected."
    return Estimate(
        kind=EstimateKind.STAMP_DUTY,
        rule_set=rules.id,
        as_of=as_of,
        verify=rules.verify,
        conditions=tuple(judge.found),
        base_fen=base,
        tax_without_fen=round_half_up(Decimal(given.amount_fen) * rate / 1_000_000),
        tax_fen=round_half_up(Decimal(base) * rate / 1_000_000),
        note_zh=zh,
        note_en=en,
    )


@dataclass(frozen=True)
class PersonalIncome:
    """What a person gets for technology in a year; None is not said.

    `income` is `labour` (service, consulting, intermediation) or `royalty` (use of a patent or
    know-how). `base_fen` is the other taxable income of the year, after deductions.
    """

    income: str
    amount_fen: Fen
    base_fen: Fen
    resident: bool | None


def personal_income(given: PersonalIncome, as_of: date) -> Estimate:
    """Income tax of a year with such an income, less a fifth as cost (个人所得税法 6; F-10)."""
    rules = rules_on(EstimateKind.PERSONAL_INCOME, as_of)
    judge = Judge(rules)
    judge.ask(
        "resident",
        given.resident,
        "" if given.resident is not False else "非居民个人按月或者按次计税,不适用综合所得",
        "" if given.resident is not False else "a non-resident is taxed by the month or the time",
    )
    cost = Decimal(given.amount_fen) * int(rules.parameters["cost_bp"]) / 10_000
    eligible = judge.found[0].outcome is Outcome.PASSED
    counted = given.amount_fen - (round_half_up(cost) if eligible else 0)
    return Estimate(
        kind=EstimateKind.PERSONAL_INCOME,
        rule_set=rules.id,
        as_of=as_of,
        verify=rules.verify,
        conditions=tuple(judge.found),
        base_fen=given.base_fen + counted,
        tax_without_fen=personal_tax(given.base_fen + given.amount_fen, rules),
        tax_fen=personal_tax(given.base_fen + counted, rules),
        note_zh="劳务报酬和特许权使用费减除 20% 费用后并入综合所得;此为全年税额。",
        note_en="A fee or royalty less 20 % is part of the year's comprehensive income.",
    )
