"""Refusals of the notices module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class NoticeTooShort(Unprocessable):
    """A notice stands 15 days at least (国发〔2016〕16号; rules.md A-5)."""

    code = "notice_too_short"
    zh = "公示期 {given} 日过短,不得少于 {minimum} 日"
    en = "A notice of {given} days is too short; it stands {minimum} days at least"


class NoticeMannerMismatch(Unprocessable):
    """A licence says in which manner; nothing else does."""

    code = "notice_manner_mismatch"
    zh = "转化方式为许可(license)时必须填写许可方式,其他方式不得填写"
    en = "license_manner is required when transfer_mode is license, and must be absent otherwise"


class NoTransfer(Unprocessable):
    """The transfer mode has no taker, so there is no price to publish."""

    code = "notice_without_transfer"
    zh = "转化方式 {transfer_mode} 不涉及受让方,无需公示价格"
    en = "The transfer mode {transfer_mode} has no taker, so there is no price to publish"


class TakerUnclear(Unprocessable):
    """The taker is another organisation of the market, or a name."""

    code = "taker_unclear"
    zh = "受让方应填写市场内其他机构的编号(taker_id)或名称(taker_name),两者择一"
    en = "Name the taker by taker_id, another organisation of the market, or by taker_name"


class InterestNotMarked(Unprocessable):
    """A taker who is an inventor or an interested party is marked (浙江条例 17; rules.md A-6)."""

    code = "interest_not_marked"
    zh = "受让方 {taker} 与成果有关({relation}),公示须注明:interest 应为 {expected_interest}"
    en = (
        "The taker {taker} is tied to the achievement ({relation});"
        " the notice must say so: interest should be {expected_interest}"
    )


class InterestUnexplained(Unprocessable):
    """A marked interest says what it is."""

    code = "interest_unexplained"
    zh = "注明利害关系时须在 interest_note 中说明具体关系"
    en = "interest_note must say what the interest is"


class NothingChanged(Unprocessable):
    """A republication changes the name, the price, the mode or the taker."""

    code = "nothing_changed"
    zh = "重新公示须变更公示内容;内容未变时原公示继续有效"
    en = "A republication must change what is public; without a change the notice just goes on"


class NoticeNotOpen(Conflict):
    """Objections are taken while the notice stands (rules.md A-5)."""

    code = "notice_not_open"
    zh = "公示当前状态为 {state},公示期至 {ends_at};仅在公示期内可以提出异议"
    en = (
        "The notice is in state {state} and its period ends at {ends_at};"
        " objections are taken during the period only"
    )


class AlreadyObjected(Conflict):
    """One open objection of one person."""

    code = "already_objected"
    zh = "您已提出异议 {objection_id},请等待处理决定"
    en = "You have filed the objection {objection_id} already; wait for its decision"


class OwnObjection(Forbidden):
    """Nobody decides an objection that they or their organisation's side made."""

    code = "own_objection"
    zh = "不得处理本人提出的异议"
    en = "Nobody decides an objection of their own"


class NoStanding(Forbidden):
    """Objections are made by people of an active organisation of the market."""

    code = "no_standing"
    zh = "仅市场内正常状态机构的实名用户可以提出异议"
    en = "Objections are made by identified people of an active organisation"


class NoticeReasonRequired(Unprocessable):
    """The act needs a reason that everyone can read."""

    code = "notice_reason_required"
    zh = "此操作必须说明理由,理由将公开"
    en = "This act needs a reason, which is made public"


class NoticeNotEffective(Conflict):
    """A negotiated price of a public unit is contracted after its notice (rules.md A-4, A-5)."""

    code = "notice_not_effective"
    zh = "协议定价须先公示满期:{situation_zh}。公示生效后方可签署合同"
    en = "A negotiated price is published first: {situation}. Sign once the notice took effect"
