"""The schema is the one source: limits, code lists, sides, weights and what is published."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.kit import codes
from app.standard import rules, service
from app.standard.errors import ProfileInvalid, UnknownStandard
from tests.market import Market

REQUEST: dict[str, Any] = {
    "version": "1.0",
    "type": "TR",
    "title": "寻求高强度轴承钢的热处理工艺",
    "summary": "现有轴承钢寿命不足,寻求可量产的热处理工艺。",
}
OFFER = REQUEST | {"type": "TO", "trl": 6, "advantages": "寿命提高一倍"}


def faults(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in rules.faults(rules.tidied(document))]


def test_a_request_and_an_offer_are_taken_and_tidied() -> None:
    assert service.checked(OFFER) == OFFER
    given = REQUEST | {"title": "  轴承钢 ", "keywords": [], "partner_role": " ", "country": None}
    assert service.checked(given) == REQUEST | {"title": "轴承钢"}
    assert service.checked(REQUEST | {"budget_max_fen": 5.0})["budget_max_fen"] == 5


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"title": None}, ("title", "required")),
        ({"type": "XX"}, ("type", "enum")),
        ({"version": "2.0"}, ("version", "enum")),
        ({"colour": "red"}, ("colour", "additionalProperties")),
        ({"summary": "字" * 501}, ("summary", "maxLength")),
        ({"summary": 5}, ("summary", "type")),
        ({"title": "a\x00b"}, ("title", "pattern")),
        ({"keywords": ["钢", "钢"]}, ("keywords", "uniqueItems")),
        ({"keywords": [str(n) for n in range(11)]}, ("keywords", "maxItems")),
        ({"technical_fields": ["new_material"]}, ("technical_fields.0", "x-code-list")),
        ({"province": "110108"}, ("province", "pattern")),
        ({"province": "990000"}, ("province", "x-code-list")),
        ({"indicators": [{"name": "寿命"}]}, ("indicators.0.target", "required")),
        (
            {"indicators": [{"name": "寿命", "target": "2", "x": 1}]},
            ("indicators.0.x", "additionalProperties"),
        ),
        ({"budget_max_fen": 0}, ("budget_max_fen", "minimum")),
        ({"budget_max_fen": 1.5}, ("budget_max_fen", "type")),
        ({"budget_min_fen": 9, "budget_max_fen": 8}, ("budget_max_fen", "minimum")),
        ({"needed_by": "2026-02-30"}, ("needed_by", "format")),
        ({"needed_by": "20260228"}, ("needed_by", "pattern")),
        ({"reference": "UKTR20150230001"}, ("reference", "format")),
        ({"reference": "UKXX20150103001"}, ("reference", "pattern")),
        ({"anonymous": "yes"}, ("anonymous", "type")),
        ({"trl": 6}, ("trl", "other_side")),
        ({"description": [[[[["deep"]]]]]}, ("description", "type")),
    ],
)
def test_what_the_standard_refuses(change: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in faults(REQUEST | change)
    with pytest.raises(ProfileInvalid) as caught:
        service.checked(REQUEST | change)
    for language in ("zh", "en"):
        for entry in caught.value.details(language)["errors"]:
            assert not re.search(r"\{[a-z_]+\}", entry["message"])
            assert entry["field"].startswith("body.")


def test_an_endless_document_is_refused_without_being_read_to_its_end() -> None:
    many = {f"member{number}": number for number in range(100_000)}
    assert ("member0", "additionalProperties") in faults(REQUEST | many)
    words = [f"{number}" for number in range(1_000_000)]
    assert ("keywords", "maxItems") in faults(REQUEST | {"keywords": words})
    assert len(faults(REQUEST | {"indicators": [{}] * 1_000})) <= rules.SHOWN_FAULTS


def test_an_offer_has_no_budget_and_an_een_number_is_taken() -> None:
    assert faults(OFFER | {"budget_max_fen": 5}) == [("budget_max_fen", "other_side")]
    assert faults(REQUEST | {"reference": "UKTR20150103001"}) == []


def test_near_codes_are_named() -> None:
    [fault] = rules.faults(REQUEST | {"technical_fields": ["new_material"]})
    assert "new_materials" in fault.expected["nearest"]


@pytest.mark.parametrize("side", ["offer", "request"])
def test_weights_sum_to_a_hundred_and_belong_to_the_side(side: rules.Side) -> None:
    members = rules.schema()["properties"]
    weights = {name: m["x-weight"][side] for name, m in members.items() if "x-weight" in m}
    assert sum(weights.values()) == 100
    for name, weight in weights.items():
        assert weight == 0 or members[name].get("x-side", side) == side, name


def test_completeness_names_what_is_missing_the_heaviest_first() -> None:
    found = service.completeness(REQUEST)
    assert found.score == 15
    assert found.missing[:2] == (("description", 15), ("indicators", 15))
    assert [weight for _, weight in found.missing] == sorted(
        (weight for _, weight in found.missing), reverse=True
    )
    more = service.completeness(REQUEST | {"description": "x", "technical_fields": ["agriculture"]})
    assert more.score == 40
    assert "advantages" not in dict(found.missing)


def test_the_schema_is_valid_and_its_code_lists_exist() -> None:
    schema = rules.schema()
    Draft202012Validator.check_schema(schema)
    names = {value for path, value in _keywords(schema, "x-code-list")}
    assert names == {"technical_fields", "industries", "regions"}
    assert names <= set(codes.list_names())
    assert {service.side_of(name) for name in schema["properties"]["type"]["enum"]} == {
        "offer",
        "request",
    }


def _keywords(node: Any, keyword: str, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(node, dict):
        own = [(path, node[keyword])] if keyword in node else []
        return own + [p for k, v in node.items() for p in _keywords(v, keyword, f"{path}/{k}")]
    return []


def test_another_validator_agrees_with_ours() -> None:
    """Whoever reads the published schema with an ordinary validator gets the same answers."""
    plain = Draft202012Validator(rules.schema())
    for document in (REQUEST, OFFER, OFFER | {"budget_max_fen": 5}, REQUEST | {"title": ""}):
        assert plain.is_valid(document) == (not rules.faults(document))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["TR", "1.0", "new_materials", "2026-02-30", "UKTR20150103001", "110000"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
_MEMBERS = st.sampled_from(sorted(rules.schema()["properties"])) | st.text(max_size=5)


@given(st.dictionaries(_MEMBERS, _JSON, max_size=6))
def test_every_document_is_taken_or_refused_and_what_is_taken_is_taken_again(
    change: dict[str, Any],
) -> None:
    plain = rules.tidied(REQUEST | change)
    found = rules.faults(plain)
    if found:
        with pytest.raises(ProfileInvalid) as caught:
            service.checked(REQUEST | change)
        assert json.dumps(caught.value.details("en")["errors"])
    else:
        taken = service.checked(REQUEST | change)
        assert service.checked(taken) == taken == plain
        assert json.dumps(taken, ensure_ascii=False).encode()
        assert 0 <= service.completeness(taken).score <= 100


async def test_versions_are_published_with_what_was_not_read(market: Market) -> None:
    [shown] = await market.anonymous.ok("GET", "/standard/profiles")
    assert (shown["version"], shown["current"], len(shown["verify"])) == ("1.0", True, 2)
    answer = await market.client.get(shown["href"])
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json() == rules.schema()
    missing = await market.anonymous.get("/standard/profiles/9.9")
    assert (missing.status_code, missing.json()["versions"]) == (404, ["1.0"])
    with pytest.raises(UnknownStandard):
        rules.schema("../x")


async def test_the_api_describes_a_demand_by_the_published_schema(market: Market) -> None:
    document = (await market.client.get("/api/openapi.json")).json()
    body = document["paths"]["/api/v1/demands"]["post"]["requestBody"]
    described = body["content"]["application/json"]["schema"]
    assert described["properties"] == rules.schema()["properties"]
