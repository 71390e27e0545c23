"""Loading of the code lists from the data files, once each, when first asked for."""

import json
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from app.kit.codes.institutions import universities
from app.kit.codes.model import Code, CodeList

_DATA = "app.kit.data.codes"


def _text(name: str) -> str:
    return resources.files(_DATA).joinpath(name).read_text(encoding="utf-8")


def _rows(name: str) -> list[list[str]]:
    """The rows of a tab-separated file, without its heading."""
    return [line.split("\t") for line in _text(name).splitlines()[1:]]


@lru_cache(maxsize=1)
def _small() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_text("lists.json"))
    return loaded


@cache
def _small_list(name: str) -> CodeList:
    raw = _small()[name]
    return CodeList(
        name=name,
        zh=raw["title"][0],
        en=raw["title"][1],
        origin=raw["origin"],
        licence=raw["licence"],
        verify=raw["verify"],
        as_of=raw["as_of"],
        entries=tuple(Code(*row) for row in raw["entries"]),
    )


def _tree(rows: list[list[str]]) -> tuple[Code, ...]:
    return tuple(Code(c, zh or None, en or None, parent or None) for c, zh, en, parent in rows)


@lru_cache(maxsize=1)
def regions() -> CodeList:
    """GB/T 2260 divisions: 34 provinces, cities, counties; six digits each."""
    return CodeList(
        name="regions",
        zh="行政区划",
        en="Administrative divisions",
        origin="GB/T 2260 by modood/Administrative-divisions-of-China; 71, 81, 82 added",
        licence="WTFPL",
        verify=False,
        as_of="2023",
        entries=_tree(_rows("regions.tsv")),
    )


@lru_cache(maxsize=1)
def industries() -> CodeList:
    """GB/T 4754 industries: 20 sections, 97 divisions, 473 groups, 1,381 classes."""
    return CodeList(
        name="industries",
        zh="国民经济行业分类",
        en="Industries",
        origin="GB/T 4754-2017",
        licence="facts",
        verify=False,
        as_of="2017",
        entries=_tree(_rows("industries.tsv")),
    )


@lru_cache(maxsize=1)
def ipc() -> CodeList:
    """IPC sections, classes and subclasses (zh, en) and main groups (zh). Not complete: editions
    move codes, so look a symbol up with ``get`` and take one that is not there."""
    return CodeList(
        name="ipc",
        zh="国际专利分类",
        en="International Patent Classification",
        origin="IPC titles by CNIPA (zh) and WIPO (en), references in brackets left out",
        licence="facts",
        verify=False,
        as_of="2026 (zh); older edition without classes of G and H (en)",
        entries=tuple(
            Code(code, zh or None, en or None, _ipc_parent(code))
            for code, zh, en in _rows("ipc.tsv")
        ),
    )


def _ipc_parent(code: str) -> str | None:
    """The section of a class, the class of a subclass, the subclass of a main group."""
    above = {1: 0, 3: 1, 4: 3}.get(len(code), 4)
    return code[:above] or None


@lru_cache(maxsize=1)
def university_list() -> CodeList:
    """Universities by the ministry's ten-digit code; ``universities`` has the details."""
    return CodeList(
        name="universities",
        zh="高等学校",
        en="Universities",
        origin="List of the Ministry of Education",
        licence="facts",
        verify=False,
        as_of="about 2017",
        entries=tuple(Code(u.code, u.name) for u in universities().values()),
    )


_LARGE: dict[str, Callable[[], CodeList]] = {
    "regions": regions,
    "industries": industries,
    "ipc": ipc,
    "universities": university_list,
}


def list_names() -> tuple[str, ...]:
    """The names of all lists, without loading the large ones."""
    return (*_LARGE, *_small())


def code_list(name: str) -> CodeList:
    """One list by its name.

    Raises:
        KeyError: if there is no list of that name.
    """
    return _LARGE[name]() if name in _LARGE else _small_list(name)


def all_lists() -> dict[str, CodeList]:
    """Every list by its name. Loads those that are not loaded yet."""
    return {name: code_list(name) for name in list_names()}
