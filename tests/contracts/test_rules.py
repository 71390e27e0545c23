"""Amounts in words, classes, payment, patents: without a database."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contracts import rules, texts
from app.contracts.errors import (
    ClassFixedByDeal,
    LicenceOutlastsPatent,
    LicenceTermMissing,
    NonTechnicalExceedsTotal,
    PatentTermsMissing,
    PatentUnknown,
    PaymentTermsWrong,
    SubClassMismatch,
)
from app.contracts.rules import NonTechnical, PatentParticulars, chinese_amount
from app.contracts.states import ContractClass, PaymentMode
from app.kit import codes


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (15, "壹角伍分"),
        (100, "壹元整"),
        (105, "壹元零伍分"),
        (1000, "壹拾元整"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (168_032, "壹仟陆佰捌拾元叁角贰分"),
        (600_714, "陆仟零柒元壹角肆分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (10_700_053, "壹拾万柒仟元伍角叁分"),
        (1_000_000_00, "壹佰万元整"),
        (1_000_100_00, "壹佰万零壹佰元整"),
        (10_000_000_000, "壹亿元整"),
        (10_000_000_100, "壹亿零壹元整"),
        (10_001_000_000, "壹亿零壹万元整"),
        (12_345_678_909, "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元零玖分"),
        (100_000_000_000_000, "壹万亿元整"),
        (100_000_001_000_000, "壹万亿零壹万元整"),
    ],
)
def test_amounts_in_capital_figures(fen: int, words: str) -> None:
    assert chinese_amount(fen) == words


def _read(words: str) -> int:
    """Read capital figures back, by another way than they are written."""
    value = {c: n for n, c in enumerate("零壹贰叁肆伍陆柒捌玖")}
    yuan, _, rest = words.rpartition("元") if "元" in words else ("", "", words)
    fen, digit = 0, 0
    for char in rest:
        if char in value:
            digit = value[char]
        elif char in "角分":
            fen += digit * (10 if char == "角" else 1)

    def whole(text: str) -> int:
        for unit, size in (("亿", 10**8), ("万", 10**4), ("仟", 1000), ("佰", 100), ("拾", 10)):
            if unit in text:
                high, _, low = text.rpartition(unit)
                return whole(high) * size + whole(low)
        digits = text.replace("零", "")
        return value[digits] if digits else 0

    return whole(yuan) * 100 + fen


@given(st.integers(0, 10**15))
def test_every_amount_reads_back(fen: int) -> None:
    words = chinese_amount(fen)
    assert _read(words) == fen
    assert "零零" not in words
    assert not words.startswith("零") or fen == 0


def test_a_negative_amount_has_no_words() -> None:
    with pytest.raises(ValueError, match="negative"):
        chinese_amount(-1)


@pytest.mark.parametrize(
    ("mode", "rights", "expected"),
    [
        ("assign", ["patent.invention"], ("transfer", "transfer.patent_right")),
        ("assign", ["know_how", "patent.design"], ("transfer", "transfer.patent_right")),
        ("assign", ["know_how"], ("transfer", "transfer.know_how")),
        ("assign", [], ("transfer", "transfer.know_how")),
        ("assign", ["plant_animal_variety"], ("transfer", "transfer.plant_variety")),
        ("equity_contribution", ["patent.invention"], ("transfer", "transfer.patent_right")),
        ("license", ["patent.utility_model"], ("license", "license.patent_license")),
        ("license", ["software_copyright"], ("license", "license.software_copyright")),
        ("license", ["ic_layout"], ("license", "license.ic_layout")),
        ("cooperate", ["patent.invention"], ("development", "development.joint")),
        ("other", ["know_how"], ("service", "service.service")),
    ],
)
def test_class_and_sub_class_follow_mode_and_right(
    mode: str, rights: list[str], expected: tuple[str, str]
) -> None:
    chosen, sub_class = rules.class_of(mode, rights)
    assert (chosen.value, sub_class) == expected
    assert sub_class in codes.code_list("contract_classes")


def test_every_class_has_a_template_and_clauses() -> None:
    for chosen in ContractClass:
        assert set(texts.default_clauses(chosen.value)) == {
            "delivery",
            "acceptance",
            "confidentiality",
            "breach",
            "ownership",
            "improvements",
        }


def test_the_deal_decides_the_class() -> None:
    with pytest.raises(ClassFixedByDeal) as refused:
        rules.check_class("assign", ContractClass.LICENSE, "license.patent_license", [])
    assert refused.value.facts["allowed"] == ["transfer"]
    rules.check_class("other", ContractClass.CONSULTING, None, [])
    with pytest.raises(SubClassMismatch):
        rules.check_class("other", ContractClass.CONSULTING, "service.training", [])
    with pytest.raises(SubClassMismatch):
        rules.check_class("other", ContractClass.SERVICE, None, ["service.service"])


def test_technical_amount_is_the_total_without_itemised_cost() -> None:
    # TV-B1 and TV-B2 in fen: two rigs are a reasonable quantity, five are not.
    material = NonTechnical(20_000_000)
    two, five = (NonTechnical(180_000_000, 30_000_000, sets) for sets in (2, 5))
    assert rules.technical_amount(500_000_000, [two, material]) == 330_000_000
    assert rules.technical_amount(500_000_000, [five, material]) == 300_000_000
    assert rules.technical_amount(5, [NonTechnical(5)]) == 0
    with pytest.raises(NonTechnicalExceedsTotal):
        rules.technical_amount(5, [NonTechnical(3), NonTechnical(3)])


@pytest.mark.parametrize(
    ("mode", "parts", "royalty", "upfront", "field"),
    [
        ("lump_once", [], False, None, None),
        ("lump_once", [100], False, None, "body.instalments"),
        ("lump_once", [], True, None, "body.royalty"),
        ("lump_instalments", [40, 60], False, None, None),
        ("lump_instalments", [100], False, None, "body.instalments"),
        ("lump_instalments", [40, 59], False, None, "body.instalments"),
        ("royalty", [], True, None, None),
        ("royalty", [], False, None, "body.royalty"),
        ("royalty", [], True, 5, "body.royalty.upfront_fen"),
        ("royalty_with_upfront", [], True, 5, None),
        ("royalty_with_upfront", [], True, None, "body.royalty.upfront_fen"),
        ("royalty_with_upfront", [], True, 101, "body.royalty.upfront_fen"),
    ],
)
def test_payment_details_fit_their_mode(
    mode: str, parts: list[int], royalty: bool, upfront: int | None, field: str | None
) -> None:
    def check() -> None:
        rules.check_payment(PaymentMode(mode), 100, parts, royalty=royalty, upfront_fen=upfront)

    if field is None:
        check()
        return
    with pytest.raises(PaymentTermsWrong) as refused:
        check()
    assert refused.value.field == field


def test_patent_contracts_state_what_article_845_asks() -> None:
    whole = PatentParticulars("201710601862.3", "发明", "甲大学", date(2037, 7, 21))
    rules.check_patent_terms("transfer.patent_right", [whole])
    empty = PatentParticulars("201710601862.3", None, "甲大学", None)
    with pytest.raises(PatentTermsMissing) as refused:
        rules.check_patent_terms("transfer.patent_right", [whole, empty])
    assert refused.value.facts["missing"] == [
        "patents.1.invention_name",
        "patents.1.expires_on",
    ]
    with pytest.raises(PatentTermsMissing):
        rules.check_patent_terms("license.patent_license", [])
    rules.check_patent_terms("transfer.know_how", [])
    applied = PatentParticulars("201710601862.3", "发明", "甲大学", None)
    rules.check_patent_terms("transfer.patent_application_right", [applied])
    with pytest.raises(PatentUnknown):
        rules.check_patent_numbers(["1"], ["2"])


def test_a_licence_ends_with_its_patents_at_the_latest() -> None:
    expiry = date(2037, 7, 21)
    rules.check_licence_term(ContractClass.LICENSE, expiry, [expiry, None])
    rules.check_licence_term(ContractClass.TRANSFER, None, [expiry])
    with pytest.raises(LicenceOutlastsPatent):
        rules.check_licence_term(ContractClass.LICENSE, date(2037, 7, 22), [expiry])
    with pytest.raises(LicenceTermMissing):
        rules.check_licence_term(ContractClass.LICENSE, None, [expiry])
