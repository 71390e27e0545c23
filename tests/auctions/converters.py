"""Real bid histories as lines of `techmarket replay`."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

START = datetime(2003, 1, 1, tzinfo=UTC)
"""The histories tell how long after its start an auction got a bid, not when it started."""

EBAY_INCREMENTS = [
    [0, 5],
    [100, 25],
    [500, 50],
    [2_500, 100],
    [10_000, 250],
    [25_000, 500],
    [50_000, 1_000],
    [100_000, 2_500],
    [250_000, 5_000],
    [500_000, 10_000],
]
"""eBay's table in cents: 5 cents below a dollar, 25 below five dollars, and so on."""


def ebay(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Each auction and the final price in cents that was recorded."""
    with path.open(encoding="utf-8", newline="") as file:
        for auction, group in groupby(csv.DictReader(file), key=lambda row: row["auctionid"]):
            rows = list(group)
            days = int(rows[0]["auction_type"].split()[0])
            yield (
                {
                    "auction": auction,
                    "profile": "ascending",
                    "rules": {
                        "start_fen": _cents(rows[0]["openbid"]),
                        "increments": EBAY_INCREMENTS,
                        "proxy": True,
                        "opens_at": START.isoformat(),
                        "closes_at": (START + timedelta(days=days)).isoformat(),
                    },
                    "bids": [_ebay_bid(row) for row in rows],
                },
                _cents(rows[0]["price"]),
            )


def _ebay_bid(row: dict[str, str]) -> dict[str, Any]:
    at = START + timedelta(days=float(row["bidtime"]))
    # Some recorded bids have a fraction of a cent; a maximum covers whole cents only.
    return {"at": at.isoformat(), "bidder": row["bidder"], "amount_fen": _cents(row["bid"])}


def tsuchiura(path: Path) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each tender (amounts are whole yen) and the firm that won it.

    Reserve and minimum price were secret until the opening; the dates stand without hours.
    """
    with path.open(encoding="utf-8", newline="") as file:
        tenders = sorted(csv.DictReader(file), key=lambda row: int(row["pid"]))
    for tender, group in groupby(tenders, key=lambda row: row["pid"]):
        rows = list(group)
        first = rows[0]
        opened = datetime(int(first["year"]), int(first["month"]), int(first["day"]), tzinfo=UTC)
        rules: dict[str, Any] = {
            "direction": "reverse",
            "opens_at": (opened - timedelta(days=1)).isoformat(),
            "closes_at": opened.isoformat(),
            "reserve_fen": int(first["reserveprice"]),
        }
        if first["minprice"]:
            rules |= {"minimum_fen": int(first["minprice"]), "minimum_secret": True}
        bids = [
            {
                "at": rules["opens_at"],
                "bidder": row["bidder"],
                "amount_fen": int(row["bid"]),
            }
            for row in rows
            if row["bid"]  # the others came without a bid
        ]
        won = [row["bidder"] for row in rows if row["winner"] == "1"]
        line = {"auction": tender, "profile": "sealed_once", "rules": rules, "bids": bids}
        yield line, won[0] if won else None


def taiwan(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each discriminatory sale of securities, and what its record says, amounts in TWD cents.

    The bids themselves are not published, only the lowest, the highest and the mean award and how
    much was asked for. The line holds the coarsest bids that agree with that: at the lowest and at
    the highest award such quantities that the mean is met best, and one bid below them for what
    was asked for in vain. So they show that floor, units, margin and sums work at true sizes; who
    bid what, ties and the fill at the margin cannot be checked.
    """
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = json.loads(text)
        units = _number(row["競拍數量(張)"])
        floor = _dollars(row["最低投標價格(元)"])
        asked = _number(row["合格投標數量(張)"])
        low, high = _dollars(row["最低得標價格(元)"]), _dollars(row["最高得標價格(元)"])
        mean = _dollars(row["得標加權平均價格(元)"])
        sold = min(units, asked) if low else 0
        at_high = 0 if high == low else round(sold * (mean - low) / (high - low))
        given = [("high", high, at_high), ("low", low, sold - at_high)]
        if low > floor:
            given.append(("below", low - 1, asked - sold))
        bids = [
            {
                "at": START.isoformat(),
                "bidder": bidder,
                "amount_fen": amount,
                "quantity": quantity,
            }
            for bidder, amount, quantity in given
            if quantity > 0
        ]
        for bid in bids:
            bid["quantity"] = min(int(bid["quantity"]), units)
        yield (
            {
                "auction": f"{number}",
                "profile": "multi_unit",
                "rules": {
                    "opens_at": START.isoformat(),
                    "closes_at": (START + timedelta(days=3)).isoformat(),
                    "start_fen": floor,
                    "units": units,
                    "payment": "discriminatory",
                },
                "bids": bids,
            },
            {"sold": sold, "low": low, "high": high, "mean": mean, "floor": floor, "units": units}
            | {
                "total": _dollars(row["得標總金額(元)"]),
                "asked": asked,
                "most": _number(row["最高投(得)標數量(張)"]),
            },
        )


def _cents(text: str) -> int:
    return int(Decimal(text) * 100)


def _dollars(text: str) -> int:
    return round(Decimal(text.replace(",", "")) * 100)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
