"""Regions by GB/T 2260 code."""

import re
from dataclasses import dataclass
from typing import Literal

from app.kit.codes.lists import regions
from app.kit.codes.model import Code, UnknownCode

_SIX_DIGITS = re.compile(r"[0-9]{6}")

# Rows of the standard that only group what is below them; nobody writes them in an address.
_PLACEHOLDERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})

Level = Literal["province", "city", "county"]


@dataclass(frozen=True, slots=True)
class Region:
    """A division with its place in the country.

    Attributes:
        code: six digits.
        name: its own Chinese name.
        level: province, city or county.
        path: codes from the province down to it.
        full_name: names from the province down, without grouping rows such as 市辖区.
    """

    code: str
    name: str
    level: Level
    path: tuple[str, ...]
    full_name: str


def region(code: str) -> Region:
    """The division of a six-digit code.

    Raises:
        UnknownCode: if there is none.
    """
    path = regions().path(code)
    level: Level = (
        "province"
        if code.endswith("0000")
        else "city"
        if code.endswith("00") and len(path) == 2
        else "county"
    )
    names = [step.title("zh") for step in path]
    return Region(
        code=code,
        name=names[-1],
        level=level,
        path=tuple(step.code for step in path),
        full_name="".join(name for name in names if name not in _PLACEHOLDERS),
    )


def province_of(code: str) -> Code:
    """The province of a six-digit code. Only the first two digits must be known, because counties
    are renumbered and old registrations keep their codes.

    Raises:
        UnknownCode: if it is not six digits of a province.
    """
    if _SIX_DIGITS.fullmatch(code) is None:
        raise UnknownCode("regions", code, regions().nearest(code))
    return regions().require(code[:2] + "0000")
