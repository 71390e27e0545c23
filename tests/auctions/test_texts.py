"""What is wrong with a plan is said in the reader's language."""

import ast
import re
from pathlib import Path

import pytest

from app.auctions import texts
from app.auctions.scheduling import bad_plan

ROOT = Path(__file__).parents[2] / "app" / "auctions"
SOURCES = ("engine/terms.py", "rules.py", "scheduling.py", "calling.py")
CHINESE = re.compile("[\u4e00-\u9fff]")


def sentences() -> list[str]:
    """Every sentence on a wrong plan in the source, with 7 for what is filled in."""
    found = []
    for source in SOURCES:
        for node in ast.walk(ast.parse((ROOT / source).read_text(encoding="utf-8"))):
            said = None
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ValueError":
                [said] = node.args
            elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
                field, text = node.elts
                if _text(field).startswith(("rules", "format", "profile", "reserve_fen")):
                    said = text
            if said is not None and (text := _text(said)):
                found.append(text)
    return found


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                parts.append("'x'" if value.conversion == ord("r") else "7")
            else:
                parts.append(_text(value))
        return "".join(parts)
    return ""


def test_every_sentence_of_the_engine_has_its_chinese() -> None:
    known = sentences()
    assert len(known) > 30
    general = texts.in_chinese("something that nobody ever said")
    missing = [one for one in known if texts.in_chinese(one) == general]
    assert missing == []
    assert all(CHINESE.search(texts.in_chinese(one)) for one in known)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("must be the listing's price, 200 fen", "应为挂牌价格 200 分"),
        (
            "terms: the weights sum to 9000 basis points, not 10000",
            "评分权重合计为 9000 基点,应为 10000 基点",
        ),
        ("Input should be greater than or equal to 1", "应不小于 1"),
        ("Input should be a valid integer", "应为整数"),
    ],
)
def test_numbers_stay_in_their_places(english: str, chinese: str) -> None:
    assert texts.in_chinese(english) == chinese


def test_a_refused_plan_speaks_both_languages() -> None:
    refused = bad_plan([("rules.units", "Value error, must not be empty")])
    assert refused.detail("en") == (
        "The auction plan cannot be taken: body.terms.units: must not be empty"
    )
    assert refused.detail("zh") == "竞价方案不可用:body.terms.units: 不能为空"
    for language, message in (("en", "must not be empty"), ("zh", "不能为空")):
        [error] = refused.details(language)["errors"]
        assert (error["field"], error["message"]) == ("body.terms.units", message)
