"""Refusals of the pricing module; each says what was given and what would be right."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class BadRate(Unprocessable):
    """A rate is outside what it can be; rates are fractions, 0.18 is 18 %."""

    code = "bad_rate"
    zh = "{name} 为 {given},应在 {least} 与 {most} 之间(小数,0.18 表示 18%)"
    en = "{name} is {given}; it must be from {least} to {most} (a fraction: 0.18 is 18 %)"


class BadLife(Unprocessable):
    """A life in years is negative, or nothing of it is left."""

    code = "bad_life"
    zh = "{name} 为 {given} 年,应大于 0 且不超过 {most} 年"
    en = "{name} is {given} years; it must be more than 0 and at most {most}"


class BadWeights(Unprocessable):
    """Weights that do not sum to one (TV-E8)."""

    code = "bad_weights"
    zh = "{name} 的权重之和为 {given},应为 1"
    en = "The weights of {name} sum to {given}; they must sum to 1"


class WeightsMisplaced(Unprocessable):
    """Weights name an approach that was not applied, or leave one out."""

    code = "weights_misplaced"
    zh = "权重应恰好给出所用的方法:{expected};给出的是 {given}"
    en = "Weights are given for exactly the approaches that are applied: {expected}, not {given}"


class BadScore(Unprocessable):
    """A score is outside 0 to 100."""

    code = "bad_score"
    zh = "“{name}”的评分为 {given},应在 0 至 100 之间"
    en = "The score of '{name}' is {given}; scores are from 0 to 100"


class BadIndicator(Unprocessable):
    """An indicator that is not in the scheme, stands twice, or has no score or two."""

    code = "bad_indicator"
    zh = "指标 {name}:{problem_zh}"
    en = "Indicator {name}: {problem_en}"


class BadDistribution(Unprocessable):
    """The parameters of a distribution contradict each other."""

    code = "bad_distribution"
    zh = "{name} 的分布参数有误:{problem_zh}"
    en = "The distribution of {name} is wrong: {problem_en}"


class BadAmounts(Unprocessable):
    """Amounts from which no value follows."""

    code = "bad_amounts"
    zh = "{name}:{problem_zh}"
    en = "{name}: {problem_en}"


class ValueTooLarge(Unprocessable):
    """A result beyond any amount that the market takes."""

    code = "value_too_large"
    zh = "计算结果超过 {most} 分,请核对输入"
    en = "The result is more than {most} fen; check the inputs"


class CurrencyMixed(Unprocessable):
    """Amounts in several currencies; values are in CNY alone."""

    code = "currency_mixed"
    zh = "出现币种 {given};所有金额应为 {expected},外币请先按评估基准日汇率折算"
    en = "There are amounts in {given}; all must be in {expected}, converted at the day's rate"


class NoComparables(Unprocessable):
    """The market approach has nothing to compare with."""

    code = "no_comparables"
    zh = "没有可比交易:请提供可比案例,或改用其他方法"
    en = "There is nothing to compare with: give comparables, or use another approach"


class TooFewComparables(Unprocessable):
    """A value of fewer than three comparables would show the prices of single deals."""

    code = "too_few_comparables"
    zh = "仅找到 {found} 个可比交易,至少需要 {needed} 个;请提供可比案例,或改用其他方法"
    en = "Only {found} comparables were found, {needed} are needed; give some, or use another way"


class NoApproach(Unprocessable):
    """A plan that names no approach values nothing."""

    code = "no_approach"
    zh = "请至少选择一种评估方法:market、income、cost 或 option"
    en = "Choose one approach at least: market, income, cost or option"


class TwoMethodsNeeded(Unprocessable):
    """Statutory work applies two approaches, unless only one is applicable (资产评估法 26)."""

    code = "two_methods_needed"
    zh = "法定评估应采用 {needed} 种以上方法;确只能采用一种的,请填写 single_method_reason"
    en = "Statutory work needs {needed} approaches; if only one applies, say why"


class ExplanationNeeded(Conflict):
    """Approaches that differ widely are explained before the report is issued (TV-E8)."""

    code = "explanation_needed"
    zh = "各方法结果相差 {spread_bp} 个基点,超过 {share_bp};出具报告前须说明原因(explanation)"
    en = "The approaches differ by {spread_bp} basis points, more than {share_bp}: explain it"


class OptionNotForMature(Unprocessable):
    """The real option is for early stages."""

    code = "option_not_for_mature"
    zh = "实物期权法用于技术就绪度不高于 {most} 的成果,当前为 {given}"
    en = "The real option is for a readiness up to {most}; this one has {given}"


class ReadinessUnknown(Unprocessable):
    """The readiness decides whether the real option applies, and is not on record."""

    code = "readiness_unknown"
    zh = "成果未填写技术就绪度(trl),无法采用实物期权法"
    en = "The achievement has no readiness (trl), so the real option cannot be applied"


class UnknownIndustry(Unprocessable):
    """Royalty bounds are known for some industries."""

    code = "unknown_industry"
    zh = "行业 {given} 没有提成率范围;可选:{known}"
    en = "There are no royalty bounds for the industry {given}; known: {known}"


class AppraiserUnknown(Unprocessable):
    """The appraiser is an active organisation of the market."""

    code = "appraiser_unknown"
    zh = "评估机构应为市场内正常状态的机构"
    en = "The appraiser must be an active organisation of the market"


class AppraiserConflicted(Conflict):
    """An appraiser does not sign for a party it is related to (资产评估法 20)."""

    code = "appraiser_conflicted"
    zh = "该评估机构与委托方或权利人存在利害关系,应当回避:{conflicts_zh}"
    en = "The appraiser is related to the party or an owner and must stand back"


class NoAppraiser(Conflict):
    """There is nobody to sign."""

    code = "no_appraiser"
    zh = "本评估未指定评估机构,无须签字"
    en = "No appraiser is assigned to this valuation, so nobody signs it"


class AppraiserNeeded(Conflict):
    """A statutory report is signed by appraisers (资产评估法 26-28)."""

    code = "appraiser_needed"
    zh = "法定评估报告须由评估机构签字,请先指定评估机构"
    en = "A statutory report is signed by appraisers: assign one first"


class SignedAlready(Conflict):
    """Each appraiser signs once; two signatures are of two people."""

    code = "signed_already"
    zh = "您已在 {signed_at} 签字;其余签字应由其他评估师完成"
    en = "You signed at {signed_at}; the other signatures are other appraisers'"


class OtherReport(Conflict):
    """The signature names another content than the one that was issued."""

    code = "other_report"
    zh = "签字针对的内容指纹与已出具报告不符,应为 {expected_sha256}"
    en = "The signature names another content; the report's digest is {expected_sha256}"


class NotIssued(Conflict):
    """There is no report before it is issued."""

    code = "not_issued"
    zh = "评估状态为 {state},尚未出具报告"
    en = "The valuation is in state {state}; its report is not issued"


class NotTheAppraiser(Forbidden):
    """Only members of the assigned organisation sign."""

    code = "not_the_appraiser"
    zh = "仅被指定的评估机构成员可以签字"
    en = "Only members of the assigned appraiser sign"


class DuplicateItem(Unprocessable):
    """An achievement stands twice in a portfolio."""

    code = "duplicate_item"
    zh = "成果 {achievement_id} 在清单中重复"
    en = "The achievement {achievement_id} is in the list twice"


class DuplicateComparable(Conflict):
    """A comparable with this key was imported before."""

    code = "duplicate_comparable"
    zh = "键为 {key} 的可比交易已导入"
    en = "A comparable with the key {key} was imported before"


class PortfolioRunning(Conflict):
    """Results are complete when the portfolio is done."""

    code = "portfolio_running"
    zh = "批量评估仍在进行:已处理 {handled} 项,共 {total} 项"
    en = "The portfolio is still being valued: {handled} of {total} are done"


class ValuedLater(Unprocessable):
    """A valuation looks back from its day; a day to come has no comparables yet."""

    code = "valued_later"
    zh = "评估基准日 {given} 晚于今天 {today}"
    en = "The valuation day {given} is after today, {today}"


class ValuationNeeded(Conflict):
    """Guidance builds on a valuation of the seller's."""

    code = "valuation_needed"
    zh = "请先对该成果估值:竞价建议以转让方自己的估值为依据"
    en = "Value the achievement first: guidance builds on a valuation of the seller's"


class ValuationElsewhere(Unprocessable):
    """The valuation that was named is not one of the achievement that is listed."""

    code = "valuation_elsewhere"
    zh = "所选估值应属于转让方、针对挂牌的成果 {achievement_id},且未作废、大于零"
    en = "The valuation must be the seller's, of the achievement {achievement_id}, not discarded"


class TermsFixed(Conflict):
    """Guidance is for a draft, or for the round after one that failed."""

    code = "terms_fixed"
    zh = "挂牌状态为 {state},条件已定;竞价建议用于草稿,或流拍后的下一轮"
    en = "The listing is {state}: its terms are fixed. Guidance is for a draft, or after a failure"


class KeptTooHigh(Unprocessable):
    """What the technology is worth to the seller unsold exceeds any price that is advised on."""

    code = "kept_too_high"
    zh = "自用价值 {given} 分超过估值高值的 {most} 倍,请核对"
    en = "Unsold it would be worth {given} fen, more than {most} times the high value: check it"


class ModelMissing(Unprocessable):
    """No market model has been trained on this platform yet."""

    code = "model_missing"
    zh = "尚无市场模型:登记的交易还不够训练;请改用其他方法"
    en = "There is no market model yet: too few deals are on record; use another approach"


class TooFewToLearn(Unprocessable):
    """A market model needs more deals than there are."""

    code = "too_few_to_learn"
    zh = "仅有 {found} 个交易,训练市场模型至少需要 {needed} 个"
    en = "There are {found} deals; a market model needs {needed}"


class TooFewOfField(Unprocessable):
    """The model has seen too few deals of this technical field."""

    code = "too_few_of_field"
    zh = "市场模型所学的 {technical_field} 领域交易仅 {found} 个,至少需要 {needed} 个"
    en = "The model has learned from {found} deals of the field {technical_field}, needs {needed}"


class CategoryUnknown(Unprocessable):
    """What drives the price has a value that the model did not see often enough."""

    code = "category_unknown"
    zh = "市场模型没有 {needed} 个以上 {name} 为 {given} 的交易可学"
    en = "The model has not learned from {needed} deals whose {name} is {given}"


class MaturityUnseen(Unprocessable):
    """The readiness is outside what the model has learned from."""

    code = "maturity_unseen"
    zh = "技术就绪度 {given} 超出市场模型所学的范围 {least} 至 {most}"
    en = "The readiness {given} is outside the range that the model has learned: {least} to {most}"


class BeyondTheModel(Unprocessable):
    """The day is before the model's first deal, or too long after its last one."""

    code = "beyond_the_model"
    zh = "评估基准日 {given} 超出市场模型的时间范围({first} 起,至 {last} 后 {reach_days} 天)"
    en = "The day {given} is outside the model's time: {first} to {reach_days} days after {last}"


class PeriodBackwards(Unprocessable):
    """The last day of a report is before its first day."""

    code = "period_backwards"
    zh = "止日 {last} 早于起日 {first}"
    en = "The last day {last} is before the first day {first}"
