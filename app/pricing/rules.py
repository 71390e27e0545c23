"""What a valuation is, without I/O: its subject, its plan and comparables give its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from app.pricing.approaches import cost, income, market, option, scoring
from app.pricing.approaches.inputs import Market, Plan
from app.pricing.approaches.market import Comparable
from app.pricing.approaches.parameters import ParameterSet
from app.pricing.approaches.reconcile import Reconciled, check_methods, reconcile
from app.pricing.approaches.results import Approach, ApproachResult, Frozen, Note
from app.pricing.approaches.similarity import Profile
from app.pricing.errors import NoApproach
from app.pricing.learned.answers import Answer, instead_of
from app.pricing.learned.model import Question

PRECISION = 34
"""Decimal digits of every computation, whatever the process has set."""

PATENTS = frozenset({"invention", "utility_model", "design"})


class Subject(Frozen):
    """The technology that is valued, as it was on the day; kept with the valuation."""

    title: str
    text: str
    technical_field: str
    ipc: list[str]
    trl: int | None
    mode: str
    exclusive: bool
    region: str
    expires_on: date | None
    ip_kind: str | None = None
    seller: str | None = None

    def question(self, day: date) -> Question:
        """What a market model is asked."""
        return Question(
            field=self.technical_field,
            section=section_of(self.ipc),
            mode=self.mode,
            ip_kind=self.ip_kind,
            region=self.region[:2],
            seller=self.seller,
            exclusive=self.exclusive,
            trl=self.trl,
            day=day,
        )

    def profile(self, day: date) -> Profile:
        """What is compared with past deals."""
        return Profile(
            text=self.text,
            technical_field=self.technical_field,
            ipc=tuple(self.ipc),
            trl=self.trl,
            mode=self.mode,
            exclusive=self.exclusive,
            region=self.region,
            day=day,
        )


@dataclass(frozen=True)
class Valued:
    """The results of all approaches and what they give together."""

    results: list[ApproachResult]
    together: Reconciled
    scores: dict[str, Any] | None

    def shown(self) -> dict[str, Any]:
        """As it is stored and answered."""
        return {
            "approaches": [one.model_dump(mode="json") for one in self.results],
            "together": self.together.model_dump(mode="json"),
            "scores": self.scores,
        }


def section_of(ipc: Sequence[str]) -> str | None:
    """The IPC section of the first symbol."""
    return ipc[0][0] if ipc else None


def effective(plan: Plan, answer: Answer | None) -> Plan:
    """The plan with comparables in the place of a market model that refused.

    A weight given to the model is then theirs. Raises the refusal where none is to stand in.
    """
    if plan.learned is None or answer is None or answer.problem is None:
        return plan
    if not plan.learned.fallback:
        raise answer.problem
    weights = plan.weights
    if weights is not None and Approach.LEARNED in weights:
        weights = dict(weights)
        own = weights.pop(Approach.LEARNED)
        weights[Approach.MARKET] = weights.get(Approach.MARKET, Decimal(0)) + own
    return plan.model_copy(update={"market": plan.market or Market(), "weights": weights})


def needs_comparables(plan: Plan) -> bool:
    """Whether the plan compares with deals of the platform."""
    return plan.market is not None and plan.market.comparables is None


def value(
    subject: Subject,
    plan: Plan,
    comparables: Sequence[Comparable],
    day: date,
    parameters: ParameterSet,
    seed: int,
    answer: Answer | None = None,
) -> Valued:
    """Apply the plan; the same arguments give the same result to the fen.

    `answer` is that of a market model, whose estimate joins the others as one more approach; where
    it refused, comparables stand in and say so. Raises the refusals of the approaches.
    """
    plan = effective(plan, answer)
    with localcontext() as context:
        context.prec = PRECISION
        score: Decimal | None = None
        scores = None
        if plan.scoring:
            score, scores = scoring.score(plan.scoring, parameters)
        results = [answer.result] if answer is not None and answer.result is not None else []
        if plan.market is not None:
            by_market = market.estimate(plan.market, comparables, day, parameters)
            if answer is not None and answer.refused is not None:
                by_market = instead_of(by_market, answer.refused)
            results.append(by_market)
        by_income: ApproachResult | None = None
        if plan.income is not None:
            by_income = income.estimate(
                plan.income, day, subject.expires_on, score, parameters, seed
            )
            results.append(by_income)
        if plan.cost is not None:
            results.append(cost.estimate(plan.cost, parameters))
        if plan.option is not None:
            underlying = None if by_income is None else by_income.value_fen
            results.append(option.estimate(plan.option, subject.trl, underlying, parameters))
        if not results:
            raise NoApproach(field="body.plan")
        return Valued(results, reconcile(results, plan.weights, parameters), scores)


def check_statutory(plan: Plan, applied: int, parameters: ParameterSet) -> None:
    """Raise TwoMethodsNeeded for one approach without a reason (资产评估法 26)."""
    check_methods(applied, plan.single_method_reason, parameters)


LIMITS: tuple[Note, ...] = (
    Note(
        zh="目前没有公开的技术交易价格数据集。市场法所用可比交易来自本平台登记合同、竞价结果及导入数据,"
        "样本有限,未必代表整个市场。",
        en="There is no public data set of technology deal prices. Comparables are registered"
        " contracts and auction results of this platform, and imports: a limited sample.",
    ),
    Note(
        zh="评估结果是在所列假设下、于评估基准日的估计,不是成交价格的保证。",
        en="The result is an estimate on the valuation day under the stated assumptions; it does"
        " not promise a price.",
    ),
    Note(
        zh="收入预测、成本、评分等由委托方提供,平台未作核实;输入改变,结果随之改变。",
        en="Forecasts, costs and scores are the asker's and were not checked.",
    ),
    Note(
        zh="未经评估机构签字的报告不是《资产评估法》所称的资产评估报告。",
        en="A report that no appraiser signed is not an appraisal report in the sense of the law.",
    ),
    Note(
        zh="标注“待核实”的参数依据记忆或平台设计,未见原文。",
        en="Parameters marked to be verified are recalled or designed, not read at their source.",
    ),
)
"""Limits of use that stand in every report."""
