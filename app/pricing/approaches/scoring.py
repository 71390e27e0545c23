"""Indicator scores after GB/T 42748-2023: 3 dimensions, 14 indicators, parts of the assessor.

The standard has 27 third-level indicators whose names were not read. Parts are therefore named by
the assessor, and the result says so.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from app.pricing.approaches import checks
from app.pricing.approaches.inputs import Dimension, Indicator
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.results import plain
from app.pricing.errors import BadIndicator, BadScore

HUNDRED = Decimal(100)


def weighted(scores: Sequence[tuple[Decimal, Decimal]], field: str, name: str) -> Decimal:
    """The weighted score of (weight, score from 0 to 100); raises BadWeights and BadScore."""
    checks.weights([weight for weight, _ in scores], field, name)
    for _, score in scores:
        if not score.is_finite() or not 0 <= score <= HUNDRED:
            raise BadScore(field=checks.PLAN + field, name=name, given=str(score))
    return sum((weight * score for weight, score in scores), Decimal(0))


def score(
    dimensions: Sequence[Dimension], parameters: ParameterSet
) -> tuple[Decimal, dict[str, Any]]:
    """The whole score from 0 to 1, and how it came about; raises BadIndicator as well."""
    _distinct([one.code for one in dimensions], set(parameters.dimensions), "scoring")
    shown = []
    totals = []
    for place, dimension in enumerate(dimensions):
        field = f"scoring.{place}"
        known = parameters.dimensions[dimension.code].indicators
        codes = [one.code for one in dimension.indicators]
        _distinct(codes, set(known), f"{field}.indicators")
        parts = [
            (one.weight, _own(one, f"{field}.indicators.{i}"))
            for i, one in enumerate(dimension.indicators)
        ]
        total = weighted(parts, f"{field}.indicators", dimension.code)
        totals.append((dimension.weight, total))
        rows = [
            {
                "code": code,
                "zh": known[code],
                "weight": weight,
                "score": own,
                "parts": len(one.parts),
            }
            for code, (weight, own), one in zip(codes, parts, dimension.indicators, strict=True)
        ]
        title = parameters.dimensions[dimension.code].zh
        shown.append(
            {
                "code": dimension.code,
                "zh": title,
                "weight": dimension.weight,
                "score": total,
                "indicators": rows,
            }
        )
    whole = weighted(totals, "scoring", "scoring")
    return whole / HUNDRED, plain(
        {
            "scheme": parameters.scheme,
            "names_verified": False,
            "third_level": "assessor",
            "score": whole,
            "dimensions": shown,
        }
    )


def _own(indicator: Indicator, field: str) -> Decimal:
    if (indicator.score is None) == (not indicator.parts):
        raise BadIndicator(
            field=checks.PLAN + field,
            name=indicator.code,
            problem_zh="须填写评分或下级指标之一",
            problem_en="give either a score or parts",
        )
    if indicator.score is not None:
        return weighted([(Decimal(1), indicator.score)], field, indicator.code)
    return weighted([(one.weight, one.score) for one in indicator.parts], field, indicator.code)


def _distinct(given: Sequence[str], known: Collection[str], field: str) -> None:
    for place, code in enumerate(given):
        unknown = code not in known
        if unknown or code in given[:place]:
            raise BadIndicator(
                field=f"{checks.PLAN}{field}.{place}.code",
                name=code,
                problem_zh="不在指标体系中" if unknown else "重复",
                problem_en="it is not in the scheme" if unknown else "it stands twice",
                known=sorted(known),
            )
