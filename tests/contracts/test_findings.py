"""Checks before signing: every finding, without a database."""

from datetime import date
from typing import Any

import pytest

from app.contracts import border_findings, clauses, differences, findings, rules, texts
from app.contracts.errors import PaymentTermsWrong
from app.contracts.found import Inspected
from app.contracts.patent_findings import filed_on
from app.contracts.schemas import CrossBorder, Terms
from app.contracts.states import ContractClass, RestrictionKind, RoyaltyRate
from app.kit.calendar import official_calendar

PATENT = {
    "number": "201710601862.3",
    "invention_name": "一种电池",
    "patentee": "甲大学",
    "filed_on": "2017-07-21",
    "expires_on": "2037-07-21",
}
CALENDAR = official_calendar()


def codes(change: dict[str, Any] | None = None, **seen: Any) -> dict[str, str]:
    """Codes with their severities of a contract that has nothing wrong but what is changed."""
    plain: dict[str, Any] = {
        "subject": "标的",
        "patents": [PATENT],
        **texts.default_clauses("license"),
        "licence_until": "2030-12-31",
    }
    given: dict[str, Any] = {
        "contract_class": ContractClass.LICENSE,
        "sub_class": "license.patent_license",
        "license_manner": "exclusive",
        "terms": Terms.model_validate(plain | (change or {})),
        "missing_consents": (),
        "export_approved": False,
        "seller_region": "110108",
        "buyer_region": "310115",
        "publicity": "",
        "today": date(2026, 4, 27),
        "calendar": CALENDAR,
    }
    return {one.code: one.severity.value for one in findings.inspect(Inspected(**given | seen))}


@pytest.mark.parametrize(
    ("change", "seen", "code", "severity"),
    [
        ({"patents": []}, {}, "patent_particulars_missing", "block"),
        ({"patents": [PATENT | {"patentee": None}]}, {}, "patent_particulars_missing", "block"),
        ({"patents": [PATENT | {"filed_on": None}]}, {}, "patent_filing_date_missing", "warn"),
        ({}, {"today": date(2037, 7, 22)}, "patent_expired", "block"),
        (
            {"patents": [PATENT | {"expires_on": "2037-07-22"}]},
            {},
            "patent_term_too_long",
            "warn",
        ),
        ({"licence_until": "2037-07-22"}, {}, "licence_outlasts_patent", "block"),
        ({"licence_until": None}, {}, "licence_term_missing", "block"),
        ({}, {"missing_consents": ("丙院",)}, "co_owner_consent_missing", "block"),
        ({}, {"publicity": "公示至 2026-05-07"}, "publicity_not_effective", "block"),
        ({"ownership": ""}, {}, "ownership_not_agreed", "warn"),
        ({"improvements": ""}, {}, "improvements_not_agreed", "warn"),
        ({}, {"buyer_region": "810000"}, "cross_border_not_declared", "warn"),
        (
            {
                "royalty": {"base": "sales", "rate_bp": 300, "rate_kind": "increasing"},
            },
            {},
            "royalty_rates_missing",
            "warn",
        ),
        (
            {
                "non_technical_items": [
                    {"name": "设备", "amount_fen": 9, "subject_fen": 3, "subject_sets": 5}
                ]
            },
            {},
            "quantity_not_reasonable",
            "warn",
        ),
        (
            {
                "former_employment": [
                    {
                        "person": "张三",
                        "employer": "丙公司",
                        "left_on": "2025-01-01",
                        "made_on": "2026-01-01",
                    }
                ]
            },
            {},
            "made_within_a_year_of_leaving",
            "warn",
        ),
    ],
)
def test_each_check_finds_its_own(
    change: dict[str, Any], seen: dict[str, Any], code: str, severity: str
) -> None:
    assert codes() == {}
    assert codes(change, **seen) == {code: severity}


def test_what_lies_just_inside_the_law_is_not_found() -> None:
    assert codes({"licence_until": "2037-07-21"}) == {}
    assert codes(today=date(2037, 7, 21)) == {}
    ordinary = {"license_manner": "ordinary", "missing_consents": ("丙院",)}
    assert codes(**ordinary) == {}


@pytest.mark.parametrize(
    ("kind", "severity", "sentence"),
    [
        ("improvements", "block", "买方不得对该技术进行后续改进"),
        ("improvements", "block", "买方作出的改进成果无偿归卖方所有"),
        ("other_sources", "block", "买方不得使用与该技术相竞争的技术"),
        ("output", "warn", "产品的年产量不得超过一万件"),
        ("output", "warn", "买方不得将产品出口到其他国家"),
        ("tying", "warn", "买方必须购买卖方指定的设备"),
        ("purchasing", "warn", "买方只能向指定供应商采购原材料"),
        ("no_challenge", "block", "买方不得对专利权的有效性提出异议"),
        ("no_challenge", "block", "买方放弃请求宣告该专利权无效的权利"),
    ],
)
def test_the_six_monopoly_patterns_in_free_clauses_and_terms(
    kind: str, severity: str, sentence: str
) -> None:
    found = codes({"free_clauses": ["双方友好协商。" + sentence + "。"]})
    assert found[f"monopoly_{kind}"] == severity
    named = {"restrictions": [{"kind": kind, "clause": "x"}]}
    assert codes(named) == {f"monopoly_{kind}": severity}


@pytest.mark.parametrize("contract_class", list(ContractClass))
def test_the_clauses_of_drafts_are_no_monopoly(contract_class: ContractClass) -> None:
    for clause in texts.default_clauses(contract_class.value).values():
        assert list(clauses.suspicions(clause)) == []
    harmless = "任何一方不得限制对方进行后续改进;买方有权对专利权的有效性提出异议。"
    assert list(clauses.suspicions(harmless)) == []
    assert len(RestrictionKind) == 6


@pytest.mark.parametrize(
    ("crossing", "code", "severity"),
    [
        ({"category": "prohibited"}, "cross_border_prohibited", "block"),
        ({"category": "restricted"}, "cross_border_licence_missing", "block"),
        ({"category": "restricted", "licence_number": "X1"}, None, ""),
        ({"category": "free"}, "cross_border_not_registered", "warn"),
        ({"category": "free", "registration_number": "R1"}, None, ""),
    ],
)
@pytest.mark.parametrize("direction", ["export", "import"])
def test_technology_that_crosses_the_border(
    crossing: dict[str, Any], code: str | None, severity: str, direction: str
) -> None:
    found = codes({"cross_border": {"direction": direction, **crossing}})
    assert found == ({} if code is None else {code: severity})


@pytest.mark.parametrize(
    ("direction", "combined", "application", "contract"),
    [
        # From 2025-09-22, 15 and 30 working days are those of TV-T7; the others are counted on.
        ("export", False, date(2025, 11, 7), date(2025, 10, 17)),
        ("import", False, date(2025, 11, 7), date(2025, 10, 11)),
        ("import", True, date(2025, 11, 21), date(2025, 10, 11)),
        ("export", True, date(2025, 11, 7), date(2025, 10, 17)),
    ],
)
def test_licence_terms_by_the_official_calendar(
    direction: str, combined: bool, application: date, contract: date
) -> None:
    start = date(2025, 9, 22)
    crossing = CrossBorder.model_validate(
        {
            "direction": direction,
            "category": "restricted",
            "applied_on": start,
            "contract_applied_on": start,
            "combined": combined,
        }
    )
    due = border_findings.licence_due(crossing, CALENDAR)
    assert (due["application"].day, due["contract"].day) == (application, contract)


def test_the_filing_day_follows_from_the_end_where_the_number_agrees() -> None:
    assert filed_on("201710601862.3", date(2037, 7, 21)) == date(2017, 7, 21)
    assert filed_on("201710601862.3", date(2038, 7, 21)) is None
    assert filed_on("US123", date(2038, 7, 21)) is None


def test_royalty_rates_run_as_they_are_called() -> None:
    rules.check_rates(RoyaltyRate.INCREASING, 100, [100, 200])
    for kind, rates in (
        (RoyaltyRate.INCREASING, [100, 100]),
        (RoyaltyRate.DECREASING, [100, 200]),
        (RoyaltyRate.FIXED, [100, 200]),
        (RoyaltyRate.FIXED, [200, 200]),
    ):
        with pytest.raises(PaymentTermsWrong):
            rules.check_rates(kind, 100, rates)
    periods = rules.royalty_periods(date(2024, 2, 29), 6, 4, 30, [100, 200])
    assert [(one.first, one.last, one.rate_bp) for one in periods] == [
        (date(2024, 2, 29), date(2024, 8, 28), 100),
        (date(2024, 8, 29), date(2025, 2, 27), 100),
        (date(2025, 2, 28), date(2025, 8, 28), 200),
        (date(2025, 8, 29), date(2026, 2, 27), 200),
    ]
    assert periods[0].due == date(2024, 9, 27)


def test_a_difference_shows_lines_and_their_parts() -> None:
    before = "第一条 标的\n买方应于 30 日内付款。\n旧条款"
    after = "第一条 标的\n买方应于 15 日内付款。\n完全不同的文字\n新增一行"
    same, changed, removed, added, last = differences.lines(before, after)
    assert (same.op, changed.op, removed.op, added.op, last.op) == (
        "equal",
        "changed",
        "removed",
        "added",
        "added",
    )
    assert ("removed", "30") in changed.parts
    assert ("added", "15") in changed.parts
    assert "".join(text for op, text in changed.parts if op != "removed") == changed.text


def test_templates_are_chosen_by_class_and_day() -> None:
    assert texts.template_of("license", date(2024, 12, 31)) == "license.v1"
    assert texts.template_of("license", date(2025, 1, 1)) == "license.v2"
    assert [texts.numeral(value) for value in (1, 10, 11, 20, 21, 99)] == [
        "一",
        "十",
        "十一",
        "二十",
        "二十一",
        "九十九",
    ]
