"""What a market model answers in a valuation: an estimate as one more approach, or why not."""

from dataclasses import asdict, dataclass

from app.kit.errors import Problem
from app.pricing.approaches.results import (
    Approach,
    ApproachResult,
    Frozen,
    Note,
    Step,
    plain,
    yuan,
)
from app.pricing.errors import ModelMissing
from app.pricing.learned.model import FIELD, Model, Question

NO_DATA_SET = Note(
    zh="目前没有公开的技术交易价格数据集;市场模型所学的是本平台的成交、流拍及导入数据,"
    "未必代表整个市场。",
    en="There is no public data set of technology deal prices; the model has learned from deals "
    "and failed auctions of this platform and from imports, and need not stand for the market.",
)


class Used(Frozen):
    """Which model was asked: what an estimate is computed anew from, years later."""

    model_id: str
    number: int
    sha256: str
    rule_set: str
    library: str
    data_cut: str
    seed: int
    deals: int
    failed: int
    drifting: bool


class Refused(Frozen):
    """Why the model did not answer; `used` is None where there was none."""

    approach: Approach = Approach.LEARNED
    code: str
    zh: str
    en: str
    used: Used | None


@dataclass(frozen=True)
class Answer:
    """An estimate, or a refusal with the problem that says why."""

    result: ApproachResult | None
    refused: Refused | None
    problem: Problem | None


def none() -> Answer:
    """The answer where no model has been trained."""
    return _refusal(ModelMissing(field=FIELD), None)


def none_code() -> str:
    """The code of the refusal where no model has been trained."""
    return ModelMissing.code


def answer(model: Model, used: Used, asked: Question) -> Answer:
    """The model's estimate of a technology, or its refusal."""
    problem = model.refusal(asked)
    if problem is not None:
        return _refusal(problem, used)
    prices = model.estimate(asked)
    return Answer(
        ApproachResult(
            approach=Approach.LEARNED,
            low_fen=prices.low_fen,
            value_fen=prices.middle_fen,
            high_fen=prices.high_fen,
            means=Note(
                zh="经校准的 10% 与 90% 分位数:同类成果的成交价约有八成落在其间",
                en="calibrated 10 % and 90 % quantiles: of like technologies about 80 in 100"
                " prices lie between",
            ),
            inputs=plain(asdict(asked)),
            steps=_steps(model, used, prices.middle_fen),
            assumptions=_assumptions(used),
            sources=["ADR 0028", used.rule_set],
            figures={"answered_by": "model", "model": used.model_dump(mode="json")},
        ),
        None,
        None,
    )


def _refusal(problem: Problem, used: Used | None) -> Answer:
    zh, en = problem.detail("zh"), problem.detail("en")
    return Answer(None, Refused(code=problem.code, zh=zh, en=en, used=used), problem)


def _steps(model: Model, used: Used, middle_fen: int) -> list[Step]:
    return [
        Step(zh="市场模型", en="market model", value=f"No. {used.number}"),
        Step(zh="所学成交数", en="deals learned from", value=str(used.deals)),
        Step(zh="所学流拍数", en="failed offers learned from", value=str(used.failed)),
        Step(zh="数据起止", en="days of the data", value=f"{model.first_day} – {model.last_day}"),
        Step(zh="中位价格", en="median price", value=yuan(middle_fen)),
    ]


def _assumptions(used: Used) -> list[Note]:
    notes = [
        NO_DATA_SET,
        Note(
            zh="无人出到起拍价的流拍,按市场愿付价低于起拍价计入;分期与提成按折现后的一次总付计。",
            en="An auction in which nobody bid counts as a price below its floor; instalments and "
            "royalties count as the lump sum that they are worth.",
        ),
    ]
    if used.drifting:
        notes.append(
            Note(
                zh="该模型已报警偏离:近期成交与其区间不符,重新训练完成前请审慎使用。",
                en="This model is found to drift: late deals do not fit its intervals. Use it with"
                " care until it is trained anew.",
            )
        )
    return notes


def instead_of(result: ApproachResult, refused: Refused) -> ApproachResult:
    """The result of comparables, which says that it stands in for the model and why."""
    note = Note(
        zh=f"市场模型未作估计({refused.zh}),由可比交易代替。",
        en=f"The market model gave no estimate ({refused.en}); comparables answer in its place.",
    )
    figures = result.figures | {
        "answered_by": "comparables",
        "instead_of": refused.model_dump(mode="json"),
    }
    return result.model_copy(
        update={"assumptions": [note, *result.assumptions], "figures": figures}
    )
