"""What is said beside the figures of guidance, in both languages."""

from datetime import date

from app.kit.money import format_yuan
from app.pricing.approaches.results import Note

NO_PUBLIC_DATA = Note(
    zh="目前没有公开的技术交易价格数据集:建议依据本成果的估值、本平台以往挂牌的竞买人数和所列参数。",
    en="There is no public data set of technology deal prices: the advice builds on the valuation,"
    " on turnouts of this platform and on the parameters that are listed.",
)
ADVICE = Note(
    zh="以下为参考建议,不是评估报告,也不保证成交;起拍价和保留价由转让方自行决定并负责。",
    en="This is advice, neither an appraisal nor a promise; the seller decides on the prices.",
)
SECRET = Note(
    zh="本页仅转让方、其受托经纪机构和平台运营方可见;请勿向竞买人透露保留价建议。",
    en="Only the seller, its broker and the operator see this; keep the reserve from bidders.",
)
ALWAYS = (ADVICE, NO_PUBLIC_DATA, SECRET)
"""What all guidance says."""

APPRAISAL_MISSING = Note(
    zh="国有资产转让须以经核准或备案的评估结果为底价依据,本挂牌尚未填写评估值,因此未考虑评估底价。",
    en="State assets are priced by their approved appraisal; none is stated, so no floor is kept.",
)
NOT_CALIBRATED = Note(
    zh="本平台已结束的挂牌还不足以校准成交概率,此处为模型概率。",
    en="Too few listings have ended here to calibrate probabilities: they are the model's own.",
)
NO_TURNOUT = Note(
    zh="本领域尚无已结束的挂牌,竞买人数取自其他领域和设定的先验值。",
    en="No listing of this field has ended: the turnout is that of other fields and of the prior.",
)


def calibrated(outcomes: int) -> Note:
    """Probabilities are calibrated by so many outcomes."""
    return Note(
        zh=f"成交概率已按本平台 {outcomes} 宗已结束的挂牌校准。",
        en=f"Probabilities are calibrated by {outcomes} listings of this platform that ended.",
    )


def below_floor(price_fen: int, floor_fen: int, appraisal_fen: int) -> Note:
    """The model would go below the floor of the appraisal (rules.md C-9)."""
    part = f"{floor_fen / appraisal_fen:.0%}"
    floor = format_yuan(floor_fen)
    return Note(
        zh=f"仅按模型测算,约 {format_yuan(price_fen)} 元起拍收益更高,"
        f"但低于评估值的 {part}({floor} 元)须经批准机构同意;建议价未低于该底价。",
        en=f"By the model alone, {format_yuan(price_fen)} yuan would bring more; below {part} of"
        f" the appraisal ({floor} yuan) the approving body must consent. The advice keeps to it.",
    )


def cut_limit(least_fen: int, cut_bp: int) -> Note:
    """A relisting may go down by a share only (法释〔2016〕18号 26)."""
    return Note(
        zh=f"再次挂牌的降价幅度不得超过 {cut_bp / 100:g}%,即不低于 {format_yuan(least_fen)} 元。",
        en=f"A relisting may be cheaper by {cut_bp / 100:g} % at most: not below"
        f" {format_yuan(least_fen)} yuan.",
    )


def relist_late(day: date) -> Note:
    """The time for a relisting is over (法释〔2016〕18号 26)."""
    return Note(
        zh=f"再次挂牌的期限已于 {day} 届满,须重新起草挂牌。",
        en=f"The time for a relisting ended on {day}: a new listing is needed.",
    )
