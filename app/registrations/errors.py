"""Refusals of the registrations module."""

from app.kit.errors import Conflict, Forbidden, Unprocessable


class DuplicateRegistration(Conflict):
    """One technology contract is registered once (北京市技术市场条例 22; rules.md B-1, TV-B7)."""

    code = "duplicate_registration"
    zh = "该合同已在申请登记或已经登记,同一项技术合同不得重复登记"
    en = "This contract is registered or being registered; a contract is registered once"


class ContractNotEffective(Conflict):
    """A contract is registered after it is signed by both parties (rules.md B-2)."""

    code = "contract_not_effective"
    zh = "合同尚未生效(状态为 {state}),双方签署后方可申请登记"
    en = "The contract is not in effect (state {state}); register it after both parties signed"


class WrongApplicant(Forbidden):
    """The other side of the contract registers it (rules.md B-1)."""

    code = "wrong_applicant"
    zh = "该合同应由{side_zh}申请登记"
    en = "This contract is registered by its {side}"


class UnknownOffice(Unprocessable):
    """The office does not exist or has not set itself up."""

    code = "unknown_office"
    zh = "该登记机构不存在或尚未启用"
    en = "There is no such registration office, or it has not set itself up"


class OutsideTerritory(Unprocessable):
    """A contract is registered where the registering party is (rules.md B-1)."""

    code = "outside_territory"
    zh = "应向登记方所在地(行政区划 {province} 开头)的登记机构申请,该机构的地区为 {office_region}"
    en = "Register at an office of the own province ({province}); that one's is {office_region}"


class TechnicalExceedsTotal(Unprocessable):
    """The technical amount lies between nothing and the total (rules.md TV-B3)."""

    code = "technical_exceeds_total"
    zh = "技术交易额不得超过合同总额 {total_fen} 分"
    en = "The technical amount is at most the contract's total of {total_fen} fen"


class FourEyes(Forbidden):
    """Who accepted an application does not decide on it alone."""

    code = "four_eyes"
    zh = "受理人与登记人不得为同一人,请由本机构其他登记员办理"
    en = "Whoever accepted the application may not register it; another registrar must"


class ReasonMissing(Unprocessable):
    """A refusal for another reason says which."""

    code = "reason_missing"
    zh = "以“其他”为由不予登记时须写明理由"
    en = "A refusal with reason 'other' says what the reason is"


class BadRegion(Unprocessable):
    """The office's four digits are not those of a province or city."""

    code = "bad_region"
    zh = "地区代码 {region4} 有误,应为省级或地级行政区划代码的前四位"
    en = "Region {region4} is wrong; it is the first four digits of a province's or city's code"


class PointTaken(Conflict):
    """Two offices cannot issue the same numbers."""

    code = "point_taken"
    zh = "地区 {region4} 的登记点 {point} 已被其他机构使用"
    en = "Point {point} of region {region4} is another office's"


class OfficeInUse(Conflict):
    """Numbers were issued under the office's region and point."""

    code = "office_in_use"
    zh = "该机构已按现有代码发出登记编号,不能更改"
    en = "Numbers were issued under the office's present codes; they cannot be changed"


class SerialsExhausted(Conflict):
    """A year has 999,999 numbers at one office."""

    code = "serials_exhausted"
    zh = "该机构 {year} 年的登记编号已用完"
    en = "The office's numbers of {year} are used up"


class RegisterPeriodReversed(Unprocessable):
    """The register is asked for a period that ends before it begins."""

    code = "register_period_reversed"
    zh = "from 不得晚于 to"
    en = "from may not be after to"
