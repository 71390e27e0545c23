"""The ministry's list of universities and colleges."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class University:
    """One institution.

    Attributes:
        code: the ministry's ten-digit code; digits 3 and 4 are the province's.
        name: official Chinese name.
        authority: the ministry, province or body in charge (主管部门).
        province: six-digit GB/T 2260 code. A few sit in another province than this one, e.g.
            a university of Hebei in Tianjin; ``city`` says where.
        city: the place, as the list prints it.
        level: ``undergraduate`` (本科) or ``vocational`` (专科).
        remark: e.g. 民办 (private) or 中外合作办学; empty for most.
    """

    code: str
    name: str
    authority: str
    province: str
    city: str
    level: str
    remark: str


@lru_cache(maxsize=1)
def universities() -> dict[str, University]:
    """All institutions by code, in the list's order. Treat as read-only."""
    text = resources.files("app.kit.data.codes").joinpath("universities.tsv")
    lines = text.read_text(encoding="utf-8").splitlines()[1:]
    rows = (University(*line.split("\t")) for line in lines)
    return {row.code: row for row in rows}
