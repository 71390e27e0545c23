"""Forms of auctions: bids of every format, and the seller's plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.auctions.schemas import AuctionView, NewBid, NewPlan
from app.kit.errors import Unprocessable
from app.web.auction_texts import formats, rule
from app.web.forms import fen, whole
from app.web.visit import Form

Plain = Callable[[int], str]
PRICE = "price"
MONEY = frozenset({"start_fen", "decrement_fen"})
FLAGS = frozenset({"proxy", "partial_fill"})
COUNTS = (
    "extension_s",
    "extensions_max",
    "confirm_s",
    "cycle_s",
    "rounds",
    "turn_s",
    "break_s",
    "interval_s",
    "units",
    "min_quantity",
    "max_quantity",
    "minimum_bidders",
)
"""Whole-number rules that the form of a plan has; the API takes every rule."""


class BadLine(Unprocessable):
    """A line of a form's table cannot be read."""

    code = "bad_line"
    zh = "第 {line} 行无法识别,应为:{expected}"
    en = "Line {line} cannot be read; it must be: {wanted}"


@dataclass(frozen=True)
class Turns:
    """Whose turn it is: None in the break before a round; `ends_at` is when that changes."""

    number: int | None
    ends_at: datetime


def turns(item: AuctionView) -> Turns | None:
    """The turn of the present moment; None outside of rounds."""
    if not item.phase_name.startswith("round_") or not item.turns:
        return None
    length = timedelta(seconds=rule(item.format, item.terms, "turn_s"))
    begins_at = item.ends_at - length * len(item.turns)
    if item.server_time < begins_at:
        return Turns(None, begins_at)
    place = (item.server_time - begins_at) // length
    if place >= len(item.turns):
        return None
    return Turns(item.turns[place], begins_at + length * (place + 1))


def scored_terms(terms: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scored terms beside the price, in the order of the formula."""
    return [one for one in terms.get("terms", []) if one["code"] != PRICE]


def new_bid(form: Form, item: AuctionView) -> NewBid:
    """The bid of a form, with the fields that the auction's rules ask for.

    Raises BadAmountField and BadNumberField.
    """
    act = form.text("act") or "bid"
    wanted: dict[str, Any] = {"act": act, "request_id": form.text("request_id")}
    if act == "bid":
        wanted["amount_fen"] = fen("body.amount_fen", form.text("amount"))
        if "units" in item.terms:
            wanted["quantity"] = whole("body.quantity", form.text("quantity"))
        if "lots" in item.terms:
            wanted["lots"] = form.texts("lots")
        if "terms" in item.terms:
            codes = [one["code"] for one in scored_terms(item.terms)]
            wanted["values"] = {
                code: whole(f"body.values.{code}", form.text(f"value_{code}")) for code in codes
            }
    return NewBid.model_validate(wanted)


def plan_fields(code: str) -> list[str]:
    """The rules of a format that its form has, beside lots and scored terms."""
    properties = formats()[code].terms["properties"]
    price = "stop_fen" if "stop_fen" in properties else "start_fen"
    names = ("start_fen", "decrement_fen", *COUNTS, "payment", "proxy", "partial_fill")
    return [name for name in names if name in properties and name != price]


def new_plan(form: Form) -> NewPlan:
    """The plan of a form; what is left empty is left to the listing and the format's defaults.

    Raises BadAmountField, BadNumberField and BadLine.
    """
    code = form.text("format")
    terms: dict[str, Any] = {}
    for name in plan_fields(code) if code in formats() else ():
        text = form.text(f"p-{name}")
        if name in FLAGS and bool(text) != rule(code, {}, name):
            terms[name] = bool(text)
        elif text and name not in FLAGS:
            terms[name] = _value(name, text)
    properties = formats()[code].terms["properties"] if code in formats() else {}
    if "terms" in properties:
        terms["terms"] = _scored(form.raw("p-terms"))
    if "lots" in properties:
        terms["lots"] = {
            lot: fen(f"body.terms.lots.{lot}", form.text(f"lot_{lot}"))
            for lot in form.texts("lots")
        }
    if "increments" in properties and form.text("p-increments"):
        terms["increments"] = _tiers(form.raw("p-increments"))
    reserve = form.text("p-reserve")
    return NewPlan.model_validate(
        {
            "format": code,
            "terms": terms,
            "reserve_fen": fen("body.reserve_fen", reserve) if reserve else None,
        }
    )


def _value(name: str, text: str) -> Any:
    if name in MONEY:
        return fen(f"body.terms.{name}", text)
    return text if name == "payment" else whole(f"body.terms.{name}", text)


def _lines(text: str) -> list[tuple[int, list[str]]]:
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), start=1)]
    return [(number, words) for number, words in lines if words]


def _tiers(text: str) -> list[list[int]]:
    """Increments as lines of a price from which on, and the step."""
    tiers = []
    for number, words in _lines(text):
        if len(words) != 2:
            raise _bad_line("increments", number, "起价 加价幅度(元)", "price step (yuan)")
        tiers.append([fen("body.terms.increments", one) for one in words])
    return tiers


def _scored(text: str) -> list[dict[str, Any]]:
    """Scored terms as lines: code, weight in per cent, least, most, and `lower`.

    The scale of the price is in yuan, other scales are whole numbers.
    """
    terms = []
    for number, words in _lines(text):
        lower = len(words) == 5 and words[4] in {"lower", "越低越好"}
        if len(words) != 4 and not lower:
            shape = ("代码 权重% 最小值 最大值 [lower]", "code weight% least most [lower]")
            raise _bad_line("terms", number, *shape)
        code, weight, least, most = words[:4]
        read = fen if code == PRICE else whole
        terms.append(
            {
                "code": code,
                # Per cent with two decimals are basis points, as yuan are fen.
                "weight_bp": fen("body.terms.terms", weight.removesuffix("%")),
                "min": read("body.terms.terms", least),
                "max": read("body.terms.terms", most),
                "lower": lower,
            }
        )
    return terms


def _bad_line(name: str, line: int, zh: str, en: str) -> BadLine:
    return BadLine(field=f"body.terms.{name}", line=line, expected=zh, wanted=en)


def plan_values(code: str, terms: Mapping[str, Any], plain: Plain) -> dict[str, str]:
    """A plan as its form shows it, to be changed; the secret reserve is never shown again."""
    values = {name: str(terms[name]) for name in COUNTS if name in terms}
    values |= {name: plain(terms[name]) for name in MONEY if name in terms}
    values |= {name: "1" for name in FLAGS if rule(code, terms, name)}
    values["payment"] = str(rule(code, terms, "payment") or "")
    values["terms"] = "\n".join(_scored_line(one, plain) for one in terms.get("terms", []))
    tiers = terms.get("increments", [])
    tiers = [[0, tiers]] if isinstance(tiers, int) else tiers
    values["increments"] = "\n".join(f"{plain(start)} {plain(step)}" for start, step in tiers)
    least = {f"lot_{lot}": plain(price) for lot, price in terms.get("lots", {}).items()}
    return {f"p-{name}": value for name, value in values.items()} | least


def _scored_line(term: Mapping[str, Any], plain: Plain) -> str:
    scale = (
        [plain(term["min"]), plain(term["max"])]
        if term["code"] == PRICE
        else [str(term["min"]), str(term["max"])]
    )
    words = [term["code"], plain(term["weight_bp"]), *scale]
    return " ".join([*words, "lower"] if term.get("lower") else words)
