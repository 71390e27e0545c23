"""Joining the approaches: weights, spread, and whether the difference has to be explained."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from app.kit.money import round_half_up
from app.pricing.approaches import checks
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.results import Approach, ApproachResult, Frozen, fen
from app.pricing.errors import NoApproach, TwoMethodsNeeded, WeightsMisplaced


class Reconciled(Frozen):
    """The value that several approaches give together, in fen.

    `spread_bp` is the distance between the highest and the lowest value in basis points of their
    weighted mean. The range joins the approaches' ranges by the same weights, which takes them to
    err together: it is wider than if they erred apart.
    """

    low_fen: int
    value_fen: int
    high_fen: int
    weights: dict[Approach, Decimal]
    spread_bp: int
    share_bp: int
    explanation_needed: bool


def default_weights(
    approaches: Sequence[Approach], parameters: ParameterSet
) -> dict[Approach, Decimal]:
    """The configured weights of these approaches, made to sum to one exactly."""
    total = sum((parameters.approach_weights[one] for one in approaches), Decimal(0))
    rounded = [
        (parameters.approach_weights[one] / total).quantize(Decimal("0.000001"))
        for one in approaches[:-1]
    ]
    return dict(zip(approaches, [*rounded, Decimal(1) - sum(rounded, Decimal(0))], strict=True))


def reconcile(
    results: Sequence[ApproachResult],
    weights: Mapping[Approach, Decimal] | None,
    parameters: ParameterSet,
) -> Reconciled:
    """The weighted value; raises NoApproach, WeightsMisplaced and BadWeights."""
    if not results:
        raise NoApproach(field="body.plan")
    applied = [one.approach for one in results]
    if weights is None:
        weights = default_weights(applied, parameters)
    if set(weights) != set(applied):
        raise WeightsMisplaced(
            field=checks.PLAN + "weights", expected=sorted(applied), given=sorted(weights)
        )
    checks.weights(list(weights.values()), "weights", "approaches")
    low, value, high = (
        sum((weights[one.approach] * getattr(one, name) for one in results), Decimal(0))
        for name in ("low_fen", "value_fen", "high_fen")
    )
    values = [one.value_fen for one in results]
    distance = Decimal(max(values) - min(values))
    spread = round_half_up(distance * 10_000 / value) if value else 0
    share = round_half_up(parameters.spread_share * 10_000)
    return Reconciled(
        low_fen=fen(low),
        value_fen=fen(value),
        high_fen=fen(high),
        weights=dict(weights),
        spread_bp=spread,
        share_bp=share,
        explanation_needed=spread > share,
    )


def check_methods(applied: int, reason: str, parameters: ParameterSet) -> None:
    """Raise TwoMethodsNeeded for statutory work by too few approaches without a reason."""
    if applied < parameters.statutory_methods and not reason:
        raise TwoMethodsNeeded(
            field=checks.PLAN + "single_method_reason", needed=parameters.statutory_methods
        )
