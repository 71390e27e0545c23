"""Problem documents keep their own members."""

import pytest

from app.kit.errors import BASE_MEMBERS, Conflict, NotFound


class Sold(Conflict):
    """A refusal with a fact."""

    code = "sold"
    zh = "已售给 {buyer}"
    en = "Sold to {buyer}"


@pytest.mark.parametrize("name", sorted(BASE_MEMBERS))
def test_a_fact_cannot_take_the_place_of_a_base_member(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        Sold(**{name: "forged"})


def test_facts_stand_beside_the_base_members() -> None:
    shown = Sold(buyer="甲公司", field="body.buyer").details("zh", "r-1")
    assert {name: shown[name] for name in ("status", "code", "detail", "request_id", "buyer")} == {
        "status": 409,
        "code": "sold",
        "detail": "已售给 甲公司",
        "request_id": "r-1",
        "buyer": "甲公司",
    }
    assert shown["errors"][0]["expected"] == {"buyer": "甲公司"}
    assert set(NotFound().details("en")) == BASE_MEMBERS
