"""Vectors of the tax estimates (rules.md 7), and that every failed condition says why."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settlements import duties, tax
from app.settlements.duties import PersonalIncome, StampedDocument
from app.settlements.tax import (
    Contribution,
    Estimate,
    EstimateKind,
    Outcome,
    Reward,
    Sale,
    Transfer,
)

YUAN = 100
DAY = date(2025, 11, 20)
TODAY = date(2026, 11, 20)
CIT = tax.rules_on(EstimateKind.INCOME_TAX, DAY)
PIT = tax.rules_on(EstimateKind.REWARD, DAY)

SOLD = Transfer(
    form="ownership",
    technology="patent.invention",
    signed_on=date(2025, 3, 3),
    licence_months=None,
    revenue_fen=0,
    excluded_fen=0,
    cost_fen=0,
    taxes_fen=0,
    period_costs_fen=0,
    other_income_fen=0,
    worldwide=True,
    resident=True,
    cross_border=False,
    recognised=True,
    owned=True,
    wholly_related=False,
    separate_accounts=True,
    public_funds=False,
    approved=None,
)
INVOICED = Sale(
    subject="transfer",
    amount_fen=10_600_000 * YUAN,
    same_invoice=None,
    recognised=True,
    documents_kept=True,
)
PAID = Reward(
    base_fen=100_000 * YUAN,
    reward_fen=200_000 * YUAN,
    unit="university",
    registered=True,
    income_received_on=date(2023, 1, 31),
    paid_on=date(2025, 6, 1),
    publicity_working_days=15,
    separate_accounts=True,
    relabelled_wages=False,
    filed=True,
)
CONTRIBUTED = Contribution(
    contributor="individual",
    appraised_fen=5_000_000 * YUAN,
    original_fen=400_000 * YUAN,
    taxes_fen=100_000 * YUAN,
    expected_proceeds_fen=8_000_000 * YUAN,
    technology="patent.invention",
    contributor_resident=True,
    investee_resident=True,
    shares_only=True,
    filed=True,
)


def failed(estimate: Estimate) -> list[str]:
    """The conditions that did not pass; each names its law and says why."""
    for condition in estimate.conditions:
        assert condition.rule.law
        assert condition.rule.article
        assert condition.why_zh
        assert condition.why_en
    return [c.rule.id for c in estimate.conditions if c.outcome is not Outcome.PASSED]


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [
        (4_000_000, 0),
        (5_000_000, 0),
        (5_000_001, 13),
        (12_000_000, 875_000 * YUAN),
        (30_000_000, 3_125_000 * YUAN),
    ],
)
def test_tv_f1_exempt_and_half(yuan: int, fen: int) -> None:
    assert tax.relieved_income_tax(yuan * YUAN, CIT) == fen
    estimate = tax.income_tax(replace(SOLD, revenue_fen=yuan * YUAN), DAY)
    assert (estimate.tax_fen, estimate.eligible) == (fen, True)
    assert estimate.rule_set == "CIT_TRANSFER_2008"


def test_tv_f2_what_the_income_is() -> None:
    sold = replace(
        SOLD,
        revenue_fen=20_000_000 * YUAN,
        excluded_fen=2_000_000 * YUAN,
        cost_fen=4_500_000 * YUAN,
        taxes_fen=300_000 * YUAN,
    )
    estimate = tax.income_tax(sold, DAY)
    assert estimate.base_fen == 13_200_000 * YUAN
    assert estimate.tax_fen == 1_025_000 * YUAN
    assert estimate.saving_fen == 2_275_000 * YUAN
    estimate = tax.income_tax(replace(sold, period_costs_fen=1_200_000 * YUAN), DAY)
    assert (estimate.base_fen, estimate.tax_fen) == (12_000_000 * YUAN, 875_000 * YUAN)


def test_the_exempt_part_is_one_for_the_whole_year() -> None:
    sold = replace(SOLD, revenue_fen=4_000_000 * YUAN, other_income_fen=3_000_000 * YUAN)
    assert tax.income_tax(sold, DAY).tax_fen == 250_000 * YUAN
    loss = replace(SOLD, revenue_fen=1, cost_fen=2)
    estimate = tax.income_tax(loss, DAY)
    assert (estimate.base_fen, estimate.tax_fen, estimate.tax_without_fen) == (-1, 0, 0)


@pytest.mark.parametrize(
    ("form", "months", "signed_on", "change", "eligible"),
    [
        ("exclusive", 59, "2025-01-01", {}, False),
        ("exclusive", 60, "2025-01-01", {}, True),
        ("exclusive", 60, "2025-01-01", {"worldwide": False}, False),
        ("non_exclusive", 59, "2025-01-01", {}, False),
        ("non_exclusive", 60, "2015-09-30", {}, False),
        ("non_exclusive", 60, "2015-10-01", {}, True),
        ("non_exclusive", 60, "2015-10-01", {"owned": False}, False),
        ("non_exclusive", 60, "2015-10-01", {"owned": None}, False),
    ],
)
def test_tv_f3_terms_of_licences(
    form: str, months: int, signed_on: str, change: dict[str, Any], eligible: bool
) -> None:
    licensed = replace(
        SOLD,
        form=form,
        licence_months=months,
        signed_on=date.fromisoformat(signed_on),
        revenue_fen=4_000_000 * YUAN,
        **change,
    )
    estimate = tax.income_tax(licensed, DAY)
    assert failed(estimate) == ([] if eligible else ["form"])
    assert estimate.tax_fen == (0 if eligible else 1_000_000 * YUAN)


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({"resident": False}, "resident"),
        ({"technology": "pattern_design"}, "scope"),
        ({"recognised": False}, "recognised"),
        ({"recognised": None, "cross_border": True}, "recognised"),
        ({"wholly_related": True}, "unrelated"),
        ({"wholly_related": None}, "unrelated"),
        ({"separate_accounts": False}, "separate_accounts"),
        ({"public_funds": True, "approved": False}, "public_funds"),
    ],
)
def test_each_condition_of_the_income_tax_relief(change: dict[str, Any], condition: str) -> None:
    sold = replace(SOLD, revenue_fen=4_000_000 * YUAN, **change)
    estimate = tax.income_tax(sold, DAY)
    assert failed(estimate) == [condition]
    assert estimate.tax_fen == estimate.tax_without_fen == 1_000_000 * YUAN


def test_tv_f4_and_f6_value_added_tax() -> None:
    assert tax.vat(INVOICED, DAY).tax_fen == 0
    estimate = tax.vat(replace(INVOICED, recognised=False), DAY)
    assert estimate.tax_fen == 600_000 * YUAN
    assert failed(estimate) == ["recognised"]
    consulting = replace(INVOICED, subject="related_consulting", same_invoice=False)
    assert failed(tax.vat(consulting, DAY)) == ["same_invoice"]
    assert tax.vat(consulting, DAY).tax_fen == 600_000 * YUAN
    assert tax.vat(replace(consulting, same_invoice=True), DAY).tax_fen == 0
    assert failed(tax.vat(replace(INVOICED, subject="other", same_invoice=True), DAY)) == [
        "subject"
    ]
    assert failed(tax.vat(replace(INVOICED, documents_kept=None), DAY)) == ["documents_kept"]


def test_f7_the_law_of_2026_is_marked() -> None:
    old, new = tax.vat(INVOICED, date(2025, 12, 31)), tax.vat(INVOICED, date(2026, 1, 1))
    assert (old.rule_set, new.rule_set) == ("VAT_2016", "VAT_2026")
    assert "exemption_continues" in new.verify
    assert all(condition.rule.verify for condition in new.conditions)


def test_tv_f5_reward_in_cash() -> None:
    assert tax.personal_tax(100_000 * YUAN, PIT) == 7_480 * YUAN
    estimate = tax.reward(PAID, DAY)
    assert estimate.tax_without_fen == 43_080 * YUAN
    assert (estimate.tax_fen, estimate.saving_fen) == (23_080 * YUAN, 20_000 * YUAN)
    assert "bands" in estimate.verify


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({"unit": "enterprise"}, "unit"),
        ({"registered": False}, "registered"),
        ({"paid_on": date(2026, 2, 1)}, "within_months"),
        ({"paid_on": date(2023, 1, 30)}, "within_months"),
        ({"publicity_working_days": 14}, "publicity"),
        ({"separate_accounts": None}, "separate_accounts"),
        ({"relabelled_wages": True}, "no_wages"),
        ({"filed": False}, "filed"),
    ],
)
def test_each_condition_of_the_reward_relief(change: dict[str, Any], condition: str) -> None:
    estimate = tax.reward(replace(PAID, **change), DAY)
    assert failed(estimate) == [condition]
    assert estimate.tax_fen == 43_080 * YUAN


def test_thirty_six_months_end_on_the_corresponding_day() -> None:
    assert tax.reward(replace(PAID, paid_on=date(2026, 1, 31)), TODAY).eligible
    assert tax.add_months(date(2021, 2, 28), 36) == date(2024, 2, 28)
    assert tax.add_months(date(2020, 2, 29), 36) == date(2023, 2, 28)
    with pytest.raises(LookupError):
        tax.rules_on(EstimateKind.REWARD, date(2018, 6, 30))


def test_deferral_of_a_contribution() -> None:
    estimate = tax.equity_deferral(CONTRIBUTED, DAY)
    assert (estimate.tax_without_fen, estimate.tax_fen) == (900_000 * YUAN, 0)
    assert str(1_500_000 * YUAN) in estimate.note_en
    company = tax.equity_deferral(replace(CONTRIBUTED, contributor="enterprise"), DAY)
    assert company.tax_without_fen == 1_125_000 * YUAN
    for change, condition in (
        ({"contributor_resident": False}, "contributor"),
        ({"investee_resident": None}, "investee"),
        ({"shares_only": False}, "shares_only"),
        ({"technology": "pattern_design"}, "scope"),
        ({"filed": False}, "filed"),
    ):
        other = tax.equity_deferral(replace(CONTRIBUTED, **change), DAY)
        assert failed(other) == [condition]
        assert other.tax_fen == 900_000 * YUAN


STAMPED = StampedDocument("technology_contract", 10_600_000 * YUAN, 600_000 * YUAN, True, True)
FEE = PersonalIncome("labour", 100_000 * YUAN, 100_000 * YUAN, True)


def test_f11_stamp_duty_counts_vat_unless_it_is_shown_apart() -> None:
    estimate = duties.stamp_duty(STAMPED, DAY)
    assert (estimate.base_fen, estimate.tax_fen) == (10_000_000 * YUAN, 3_000 * YUAN)
    assert estimate.tax_without_fen == 3_180 * YUAN
    assert "rates_per_million" in estimate.verify
    mixed = duties.stamp_duty(replace(STAMPED, vat_separate=False), DAY)
    assert (failed(mixed), mixed.tax_fen) == (["vat_separate"], 3_180 * YUAN)
    unknown = duties.stamp_duty(replace(STAMPED, amount_stated=False), DAY)
    assert "实际结算" in unknown.note_zh
    with pytest.raises(LookupError):
        duties.stamp_duty(STAMPED, date(2022, 6, 30))


def test_f10_a_fifth_of_a_fee_or_royalty_is_cost() -> None:
    # 180,000 in the band of 20 %: 36,000 - 16,920; 200,000 without the deduction: 23,080.
    estimate = duties.personal_income(FEE, DAY)
    assert (estimate.base_fen, estimate.tax_fen) == (180_000 * YUAN, 19_080 * YUAN)
    assert estimate.tax_without_fen == 23_080 * YUAN
    assert duties.personal_income(replace(FEE, income="royalty"), DAY).tax_fen == 19_080 * YUAN
    abroad = duties.personal_income(replace(FEE, resident=False), DAY)
    assert (failed(abroad), abroad.tax_fen) == (["resident"], 23_080 * YUAN)
    assert "bands" in estimate.verify


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_more_income_is_never_taxed_less(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert tax.relieved_income_tax(low, CIT) <= tax.relieved_income_tax(high, CIT)
    assert tax.relieved_income_tax(high, CIT) * 2 <= high * 2_500 // 10_000 + 1
    assert tax.personal_tax(low, PIT) <= tax.personal_tax(high, PIT)


def test_every_condition_of_the_rules_is_judged() -> None:
    judged = {
        found.kind: [c.rule.id for c in found.conditions]
        for found in (
            tax.income_tax(SOLD, TODAY),
            tax.vat(INVOICED, TODAY),
            tax.reward(PAID, TODAY),
            tax.equity_deferral(CONTRIBUTED, TODAY),
            duties.stamp_duty(STAMPED, TODAY),
            duties.personal_income(FEE, TODAY),
        )
    }
    for rules in tax.rule_sets():
        assert judged[rules.kind] == [condition.id for condition in rules.conditions]
