"""Achievements as offers of the information-publication standard."""

from typing import Any

import orjson
import pytest

from app.standard import rules
from tests.flow import post_achievement
from tests.market import Market

LONG = "第一句说明背景。" + "第二句" * 200 + "。"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"transfer_modes": ["assign", "license", "self_implement"]},
            {"partnership_types": ["assignment", "license"]},
        ),
        ({"summary": LONG}, {"summary": "第一句说明背景。", "description": LONG}),
        ({"summary": "字" * 600}, {"summary": "字" * 500, "description": "字" * 600}),
        ({"summary": ""}, {"summary": "标题", "title": "标题"}),
        ({"ipc": ["H01M 10/0525", "G06F"]}, {"ipc": ["H01M10/0525", "G06F"]}),
        (
            {
                "rights": [
                    {"type": "patent.invention", "number": "201710601862.3", "status": "granted"},
                    {"type": "patent.utility_model", "number": "201921898050.0"},
                    {"type": "patent", "number": "CN114081026A"},
                    {"type": "know_how"},
                ]
            },
            {"ip_status": ["patents_granted", "patents_applied", "secret_know_how"]},
        ),
        ({"industry_code": "3841"}, {"industries": ["3841"], "trl": 6}),
    ],
)
async def test_an_achievement_is_an_offer_by_the_standard(
    market: Market, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    university = await market.join("university")
    made = await post_achievement(market, university, **({"title": "标题"} | fields))
    shown = await market.anonymous.ok("GET", f"/achievements/{made['id']}/profile")
    assert rules.faults(shown) == []
    assert {name: shown[name] for name in expected} == expected
    assert (shown["type"], shown["client_type"], shown["province"]) == (
        "TO",
        "university",
        "110000",
    )


async def test_the_export_has_what_everyone_may_see_a_line_each(market: Market) -> None:
    university = await market.join("university")
    made = [await post_achievement(market, university, title=f"成果{n}") for n in range(3)]
    await post_achievement(market, university, title="内部", secrecy="internal")
    await university.ok(
        "POST", "/achievements", {"title": "草稿", "technical_field": "agriculture"}
    )
    answer = await market.anonymous.get("/achievements/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    documents = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [document["title"] for document in documents] == [row["title"] for row in reversed(made)]
    assert all(rules.faults(document) == [] for document in documents)
