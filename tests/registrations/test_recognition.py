"""Recognition tests, exclusions, mixed contracts and amounts: without a database."""

import json
import re
from datetime import date

import pytest

from app.contracts import texts
from app.contracts.schemas import Terms
from app.kit import codes
from app.registrations import fingerprints, recognition, rules
from app.registrations.amounts import (
    CostItem,
    Deductions,
    ReasonableQuantity,
    check_override,
    income_of,
    realised_share,
    technical_amount,
)
from app.registrations.errors import (
    AllowanceExceedsItem,
    AnswersMissing,
    ClassNotSupported,
    EqualWeights,
    ExpertReviewNeeded,
    IncomeExceedsTechnical,
    NonTechnicalExceeds,
    OverrideNeedsReason,
    RealisedExceedsTotal,
    ReasonForClass,
    SubClassUnknown,
    UnknownItem,
)
from app.registrations.recognition import Part, propose, schemes
from app.registrations.states import Answer, ItemCategory, ItemKind, SubjectKind, Verdict
from tests.registrations.contracts import KINDS, TEXTS

YUAN = 100


def declared(kind: str) -> tuple[str, str | None]:
    contract_class, _, sub = kind.partition(".")
    return contract_class, kind if sub else None


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_of_each_class_is_recognised_whatever_was_declared(kind: str) -> None:
    text = TEXTS[kind].format(subject="薄膜器件")
    right = declared(kind)
    found = propose("薄膜器件", text, *right)
    assert (found.verdict, found.contract_class, found.sub_class) == (Verdict.AGREES, *right)
    assert found.candidates[0].words
    assert all(word in text for word in found.candidates[0].words)
    scheme = recognition.scheme_of(*right)
    for other in KINDS:
        if recognition.scheme_of(*declared(other)) is scheme:
            continue
        wrong = propose("薄膜器件", text, *declared(other))
        assert wrong.verdict is Verdict.DIFFERS, other
        assert recognition.scheme_of(wrong.contract_class, wrong.sub_class) is scheme, other
        assert any("以内容为准" in zh for zh, _ in wrong.reasons)


@pytest.mark.parametrize("kind", KINDS)
def test_contracts_of_the_platforms_templates_are_what_they_are_drafted_as(kind: str) -> None:
    contract_class, sub_class = declared(kind)
    organisation = {"name": "甲大学", "credit_code": "1", "region": "北京市"}
    given = texts.default_clauses(contract_class) | {
        "subject": "薄膜器件及其制备方法",
        "payment_mode": "lump_once",
        "payment_days": 30,
        "licence_until": "2030-12-31",
        "territory": "中华人民共和国境内",
        "dispute_forum": "seller_court",
    }
    terms = Terms.model_validate(given).model_dump(mode="json")
    entry = codes.code_list("contract_classes").require(sub_class or contract_class)
    text = texts.render(
        texts.template_of(contract_class, date(2026, 9, 1)),
        {
            "title": "薄膜器件",
            "number": "1",
            "sub_class": sub_class or "",
            "text_version": 1,
            "seller": organisation,
            "buyer": organisation,
            "intermediary": None,
            "terms": terms,
            "total_fen": 100,
            "technical_fen": 100,
            "sub_class_name": entry.title("zh"),
            "license_manner": "exclusive",
        },
    )
    found = propose("薄膜器件", text, contract_class, sub_class)
    assert found.verdict is not Verdict.DIFFERS, found.reasons
    assert found.mixed == ()


def test_the_name_loses_against_the_content() -> None:
    text = TEXTS["service.service"].format(subject="薄膜器件")
    found = propose("薄膜器件技术开发合同", text, "development", "development.commissioned")
    assert (found.contract_class, found.name_scheme, found.name_differs) == (
        "service",
        "development",
        True,
    )
    # A title inside the text is a name too, and passes for no content.
    named = "技术许可合同\n合同名称:专利实施许可合同,许可方式,许可期限,被许可人\n" + text
    assert propose("x", named, "service", "service.service").verdict is Verdict.AGREES


@pytest.mark.parametrize(
    ("kind", "words", "item", "leads_to"),
    [
        ("transfer.patent_right", "该技术已进入公有领域。", "T-X1", "service"),
        ("license.patent_license", "所涉专利权已届满。", "L-X1", "service"),
        ("transfer.know_how", "标的为尚待研究开发的成果。", "T-X2", "development"),
        ("consulting", "受托方提供实施方案和实施现场指导。", "C-X1", "service"),
    ],
)
def test_an_exclusion_leads_to_another_class(
    kind: str, words: str, item: str, leads_to: str
) -> None:
    text = TEXTS[kind].format(subject="薄膜器件") + words
    found = propose("薄膜器件", text, *declared(kind))
    assert (found.verdict, found.contract_class) == (Verdict.DIFFERS, leads_to)
    scheme = recognition.scheme_of(*declared(kind))
    own = next(one for one in found.candidates if one.scheme is scheme)
    assert item in own.excluded_by


@pytest.mark.parametrize(
    ("kind", "words", "item"),
    [
        ("development.commissioned", "本项工作为产品改型。", "D-X2"),
        ("development.commissioned", "内容为常规检测和仿制。", "D-X3"),
        ("consulting", "成果为法律意见书。", "C-X2"),
        ("service.service", "内容为建设工程施工合同。", "S-X1"),
        ("service.service", "内容为计量检定。", "S-X4"),
        ("service.training", "内容为入职培训。", "R-X1"),
    ],
)
def test_an_exclusion_is_shown_with_its_words(kind: str, words: str, item: str) -> None:
    text = TEXTS[kind].format(subject="薄膜器件") + words
    scheme = recognition.scheme_of(*declared(kind))
    found = propose("薄膜器件", text, *declared(kind))
    assert found.verdict in {Verdict.UNDECIDED, Verdict.DIFFERS}
    own = next(one for one in found.candidates if one.scheme is scheme)
    [shown] = [one for one in own.answers if one.item.id == item]
    assert shown.answer is Answer.YES
    assert all(word in words for word in shown.words)


def test_joint_development_needs_both_sides_to_research() -> None:
    assert recognition.sub_class_of_development("双方合作研究开发") == "development.joint"
    alone = "双方合作开发,委托方仅提供资金"
    assert recognition.sub_class_of_development(alone) == "development.commissioned"


def test_every_question_has_a_source_and_recalled_ones_are_marked() -> None:
    items = [item for scheme in schemes().values() for item in scheme.items]
    assert len({item.id for item in items}) == len(items) == 45
    assert all(item.zh and item.en and item.source for item in items)
    for item in items:
        if "凭记忆" in item.source or "征求意见稿" in item.source or "地方" in item.source:
            assert item.verify, item.id
        for pattern in (*item.yes, *item.no):
            re.compile(pattern)
    classes = codes.code_list("contract_classes")
    listed = {sub for scheme in schemes().values() for sub in scheme.sub_classes}
    assert listed == {entry.code for entry in classes if entry.parent is not None}


def answers_for(scheme_id: str) -> dict[str, Answer]:
    return {
        item.id: Answer.NO if item.kind is ItemKind.EXCLUSION else Answer.YES
        for item in schemes()[scheme_id].items
    }


def test_a_checklist_decides_only_when_every_test_and_exclusion_is_answered() -> None:
    scheme = schemes()["development"]
    good = answers_for("development")
    recognition.check_answers(scheme, good)
    recognition.check_answers(scheme, good | {"D-4": Answer.NO, "D-5": Answer.UNCLEAR})
    with pytest.raises(AnswersMissing) as missing:
        recognition.check_answers(scheme, good | {"D-2": Answer.UNCLEAR})
    assert missing.value.facts["items"] == ["D-2"]
    with pytest.raises(ClassNotSupported) as failed:
        recognition.check_answers(scheme, good | {"D-2": Answer.NO, "D-X2": Answer.YES})
    assert failed.value.facts["items"] == ["D-2", "D-X2"]
    with pytest.raises(UnknownItem):
        recognition.check_answers(scheme, good | {"T-1": Answer.YES})
    with pytest.raises(SubClassUnknown):
        recognition.scheme_of("service", None)


def test_a_choice_against_the_content_needs_a_reason() -> None:
    text = TEXTS["consulting"].format(subject="薄膜器件")
    found = propose("薄膜器件", text, "service", "service.service")
    with pytest.raises(ReasonForClass):
        recognition.check_choice(found, schemes()["service"], "")
    recognition.check_choice(found, schemes()["service"], "受托方另行承担实施指导")
    recognition.check_choice(found, schemes()["consulting"], "")


def test_a_mixed_contract_is_seen_and_classed_by_weight() -> None:
    both = TEXTS["development.commissioned"] + TEXTS["service.service"]
    found = propose("薄膜", both.format(subject="薄膜"), "development", "development.commissioned")
    assert set(found.mixed) == {"development", "service"}
    parts = [Part("development", 60), Part("service", 50), Part("service", 20)]
    assert recognition.by_weight(parts).id == "service"
    with pytest.raises(EqualWeights):
        recognition.by_weight([Part("development", 60), Part("service", 60)])


def rigs(quantity: int, cost: int, override: str = "") -> CostItem:
    return CostItem(
        ItemCategory.EQUIPMENT,
        "试验装置",
        1_800_000 * YUAN,
        ReasonableQuantity(SubjectKind.EQUIPMENT, quantity, cost * YUAN, override),
    )


MATERIAL = CostItem(ItemCategory.RAW_MATERIAL, "原材料", 200_000 * YUAN)


def test_tv_b1_two_trial_rigs_are_a_reasonable_quantity() -> None:
    found = technical_amount(5_000_000 * YUAN, [rigs(2, 300_000), MATERIAL])
    assert found.technical_fen == 3_300_000 * YUAN
    assert [one.deducted_fen for one in found.items] == [1_500_000 * YUAN, 200_000 * YUAN]


def test_tv_b2_five_rigs_are_not_unless_a_registrar_says_why() -> None:
    found = technical_amount(5_000_000 * YUAN, [rigs(5, 300_000), MATERIAL])
    assert found.technical_fen == 3_000_000 * YUAN
    assert [one.needs_override for one in found.items] == [True, False]
    allowed = technical_amount(5_000_000 * YUAN, [rigs(5, 300_000, "五套构成一条试验线"), MATERIAL])
    assert allowed.technical_fen == 3_300_000 * YUAN
    assert "五套构成一条试验线" in allowed.items[0].zh
    with pytest.raises(OverrideNeedsReason):
        check_override(found.technical_fen, 3_300_000 * YUAN, "")
    check_override(found.technical_fen, 3_300_000 * YUAN, "五套构成一条试验线")


def test_tv_b3_amounts_and_income_keep_their_order() -> None:
    with pytest.raises(NonTechnicalExceeds):
        technical_amount(100, [CostItem(ItemCategory.PARTS, "零件", 101)])
    with pytest.raises(AllowanceExceedsItem):
        technical_amount(5_000_000 * YUAN, [rigs(1, 1_800_001)])
    assert realised_share(100, 3, 2) == 67
    assert realised_share(100, 0, 0) == 0

    def stated(part: int, earlier: int, *, royalty: bool = False, override: str = "") -> bool:
        return income_of(
            1000,
            part,
            Deductions(labour_fen=100, management_fen=50),
            earlier_fen=earlier,
            technical_fen=1500,
            running_royalty=royalty,
            override=override,
        ).exceeds

    assert stated(900, 750) is False
    with pytest.raises(IncomeExceedsTechnical) as refused:
        stated(900, 751)
    assert refused.value.facts["left_fen"] == 749
    assert stated(900, 751, royalty=True) is True
    assert stated(900, 751, override="合同补充协议") is True
    with pytest.raises(RealisedExceedsTotal):
        stated(1001, 0)
    with pytest.raises(NonTechnicalExceeds):
        stated(149, 0)


def test_experts_review_what_is_large_or_disputed() -> None:
    old, new = rules.rule_sets()
    assert rules.expert_review(new, 499_999_999, disputed=False) is None
    assert rules.expert_review(new, 500_000_000, disputed=False) == "large"
    assert rules.expert_review(new, 1, disputed=True) == "disputed"
    assert rules.expert_review(old, 10**12, disputed=True) is None
    rules.check_experts(new, 500_000_000, disputed=False, for_it=2, against=1)
    for votes in ((2, 0), (1, 2), (2, 2)):
        with pytest.raises(ExpertReviewNeeded):
            rules.check_experts(new, 500_000_000, disputed=False, for_it=votes[0], against=votes[1])


def test_near_texts_share_a_band_and_far_ones_do_not() -> None:
    text = "".join(TEXTS[kind].format(subject="薄膜器件") for kind in KINDS)
    near = text.replace("二十人", "二十五人")
    far = json.dumps(TEXTS)[: len(text)]
    first, second, third = (fingerprints.minhashes(one) for one in (text, near, far))
    assert fingerprints.likeness(first, second) >= fingerprints.NEARLY_SAME
    assert set(fingerprints.bands(first)) & set(fingerprints.bands(second))
    assert fingerprints.likeness(first, third) < 0.2
    assert not set(fingerprints.bands(first)) & set(fingerprints.bands(third))
    assert fingerprints.digest("技术 合同。") == fingerprints.digest("技术合同")
    assert fingerprints.digest(text) != fingerprints.digest(near)
    assert fingerprints.minhashes(text) == first
    assert max(fingerprints.bands(first)) < 2**63
