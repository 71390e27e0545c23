"""Words of auctions in both languages: formats, phases, rules, refusals and results."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from app.auctions import service
from app.auctions.schemas import FormatView
from app.web.render import Words
from app.web.texts import Pair

HOW: dict[str, Pair] = {
    "ascending": (
        "竞买人公开、多次加价,结束时最高价者得。临近结束的出价使结束时间顺延。",
        "Bids rise in the open, and the highest at the end wins. A late bid moves the end.",
    ),
    "online_2016": (
        "竞买人公开加价,起拍价即保留价;结束前五分钟内有出价的,结束时间顺延五分钟。",
        "Bids rise in the open; the start price is the reserve. A bid in the last five minutes "
        "moves the end by five minutes.",
    ),
    "free_then_limited": (
        "先自由报价;报过价的竞买人确认后进入限时报价期,每次报价重新计时,计时届满时最高价者得。",
        "First everybody bids freely. Who bid then confirms, and enters the limited period, in "
        "which every bid starts the countdown anew; the highest bid when it runs out wins.",
    ),
    "sealed_once": (
        "每位竞买人只密封报价一次,截止后统一开启,最高价者得。",
        "Every bidder hands in one sealed bid. All are opened after the end; the highest wins.",
    ),
    "descending": (
        "价格按时间下降,最先应价者按当时价格成交。",
        "The price falls with time; the first who takes it buys at the price of that moment.",
    ),
    "multi_round": (
        "先密封报价一次;开启后按报价由低到高轮流报价,可改进或放弃,各轮结束后最高价者得。",
        "One sealed bid first. When they are opened, bidders improve their bids or pass in turn, "
        "the lowest first; after the last round the highest wins.",
    ),
    "multi_unit": (
        "竞买人密封报出数量和单价,截止后开启;单价高者先得,同价先到先得。",
        "Sealed bids name a quantity and a price for each. After the opening, the highest prices "
        "are served first; of equal ones the earlier.",
    ),
    "weighted": (
        "竞买人密封报出价格和各评分项,按公布的权重计分,总分最高者得。",
        "Sealed bids name a price and the scored terms. The published weights make the score; "
        "the highest wins.",
    ),
    "package": (
        "竞买人可对一项或多项成果的组合密封报价;开启后求总价最高的不冲突组合。",
        "Sealed bids are for combinations of achievements. The combination with the greatest sum "
        "in which nothing is sold twice wins.",
    ),
}
PROXY: Pair = (
    "竞买人提交秘密最高价,系统代为加价,只加到领先所需的价格;最高价在结果公布前不公开。",
    "Bidders hand in secret maxima. The market bids for them, no more than it takes to lead; "
    "maxima stay secret until the result.",
)
REVERSE: Pair = (
    "需求方征集供应方:报价只降不升,有效报价中最低者得。",
    "A buyer looks for a supplier: bids fall, and the lowest valid one wins.",
)
PHASES: dict[str, Pair] = {
    "bidding": ("竞价", "bidding"),
    "free": ("自由报价期", "free period"),
    "confirmation": ("确认期", "confirmation"),
    "limited": ("限时报价期", "limited period"),
    "sealed": ("密封报价", "sealed bids"),
    "clock": ("减价", "falling clock"),
    "offers": ("首轮密封报价", "sealed offers"),
    "over": ("各阶段已结束", "over"),
}
PAYMENTS: dict[str, Pair] = {
    "first_price": ("按自己的报价支付", "the own bid"),
    "second_price": ("按第二高价支付", "the second highest bid"),
    "uniform": ("统一价(成交的最低单价)", "one price for all, the lowest that was served"),
    "discriminatory": ("各按自己的报价支付", "each the own bid"),
    "vcg": ("按对其他竞买人的影响支付(VCG)", "what the others lose by it (VCG)"),
}
ACTS: dict[str, Pair] = {
    "bid": ("出价", "bid"),
    "confirm": ("确认", "confirms"),
    "pass": ("放弃", "passes"),
}
REFUSED: dict[str, Pair] = {
    "auction_not_open": ("未开拍", "not open"),
    "auction_closed": ("已结束", "closed"),
    "auction_paused": ("已暂停", "paused"),
    "bid_too_low": ("低于有效价", "too low"),
    "bid_too_high": ("高于有效价", "too high"),
    "bid_off_step": ("不符加价幅度", "off the step"),
    "bid_below_minimum": ("低于最低限价", "below the minimum"),
    "not_admitted_to_phase": ("未进入本阶段", "not admitted"),
    "not_your_turn": ("未到轮次", "not the turn"),
    "turn_already_taken": ("本轮已报", "turn taken"),
    "already_bid": ("已报过价", "has bid"),
    "bad_quantity": ("数量超限", "bad quantity"),
    "term_missing": ("评分项不全", "terms missing"),
    "unknown_lot": ("标的不符", "unknown lot"),
    "too_many_bids": ("报价过多", "too many bids"),
    "not_in_this_phase": ("不属本阶段", "wrong act"),
}
FAILURES: dict[str, Pair] = {
    "no_valid_bid": ("竞价期内无人有效出价", "Nobody bid validly"),
    "reserve_not_met": ("最高报价未达到保留价", "The best bid did not meet the secret reserve"),
    "too_few_bidders": ("有效出价的竞买人不足规定人数", "Too few bidders bid"),
}
NOTICES: dict[str, Pair] = {
    "paused": ("暂停", "Paused"),
    "resumed": ("恢复,结束时间顺延", "Resumed; the end has moved"),
    "outage": ("平台故障,结束时间顺延", "Platform outage; the end has moved"),
    "annulled": ("撤销", "Annulled"),
}

Shown = Callable[[Words, Any], str]


def _money(words: Words, value: int) -> str:
    return words.money(value)


def _span(words: Words, value: int) -> str:
    return words.span(timedelta(seconds=value))


def _count(words: Words, value: int) -> str:
    return words.count(value)


def _yes(words: Words, value: bool) -> str:
    return words.t("是", "yes") if value else words.t("否", "no")


def _payment(words: Words, value: str) -> str:
    return words.t(*PAYMENTS[value])


def _moment(words: Words, value: str) -> str:
    return str(words.second(datetime.fromisoformat(value)).striptags())


def _steps(words: Words, value: int | list[list[int]]) -> str:
    if isinstance(value, int):
        return words.money(value)
    tiers = [f"{words.money(start)}: {words.money(step)}" for start, step in value]
    return words.t("自起各档 ", "from each price on ") + "; ".join(tiers)


RULES: dict[str, tuple[Pair, Shown]] = {
    "start_fen": (("起拍价", "Start"), _money),
    "minimum_fen": (("最低有效报价", "Least that counts"), _money),
    "increments": (("加价幅度", "Increment"), _steps),
    "multiples": (("须为加价幅度的整数倍", "Whole increments only"), _yes),
    "first_bid_at_start": (("首次出价可为起拍价", "First bid may be the start price"), _yes),
    "proxy": (("秘密最高价代理出价", "Secret maxima"), _yes),
    "decrement_fen": (("每次降价", "Falls by"), _money),
    "interval_s": (("降价间隔", "Every"), _span),
    "stop_fen": (("最低降至", "Stops at"), _money),
    "units": (("份额总数", "Units"), _count),
    "min_quantity": (("每次报价最少份额", "Least units of a bid"), _count),
    "max_quantity": (("每位竞买人最多份额", "Most units of a bidder"), _count),
    "partial_fill": (("可部分成交", "Partly served"), _yes),
    "payment": (("成交价", "The winner pays"), _payment),
    "extension_s": (("末段出价后延长", "After a late bid"), _span),
    "extensions_max": (("最多延长次数", "Extensions at most"), _count),
    "latest_end_at": (("最晚结束", "Latest end"), _moment),
    "confirm_s": (("确认期", "Confirmation"), _span),
    "cycle_s": (("限时报价计时", "Countdown"), _span),
    "rounds": (("轮次", "Rounds"), _count),
    "turn_s": (("每次轮到的时间", "A turn lasts"), _span),
    "break_s": (("每轮前休息", "Break before a round"), _span),
    "minimum_bidders": (("最少出价人数", "Bidders at least"), _count),
}
"""Labels of published rules, and how their values are written; in the order of a page."""

_ALWAYS = ("payment", "min_quantity", "partial_fill", "confirm_s", "cycle_s", "rounds", "turn_s")
"""Rules that are shown with their default when a plan leaves them open."""


@cache
def formats() -> dict[str, FormatView]:
    """The formats by code; they do not change while a process runs."""
    return {one.code: one for one in service.formats()}


def rule(code: str, terms: Mapping[str, Any], name: str) -> Any:
    """A rule of an auction, or its format's default; None where the format has no such rule."""
    if name in terms:
        return terms[name]
    return formats()[code].terms["properties"].get(name, {}).get("default")


def rules_in_words(words: Words, code: str, terms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The published rules, each with its label; lots and scored terms have tables of their own."""
    shown = []
    for name, (label, write) in RULES.items():
        value = rule(code, terms, name) if name in _ALWAYS else terms.get(name)
        if value is not None:
            shown.append((words.t(*label), write(words, value)))
    return shown


def how(words: Words, code: str, terms: Mapping[str, Any]) -> str:
    """In a sentence or two, how a format finds who buys at what price."""
    if terms.get("direction") == "reverse":
        return words.t(*REVERSE)
    return words.t(*(PROXY if terms.get("proxy") else HOW[code]))


def phase(words: Words, name: str) -> str:
    """The name of a phase; rounds are numbered."""
    number = name.removeprefix("round_")
    if number != name:
        return words.t(f"第 {number} 轮", f"round {number}")
    return words.t(*PHASES.get(name, (name, name)))


def phrase(words: Words, table: Mapping[str, Pair], code: str) -> str:
    """A code's words; one without words, such as an operator's reason, shows itself."""
    return words.t(*table.get(code, (code, code)))
