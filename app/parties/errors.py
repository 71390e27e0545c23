"""Refusals of the parties module."""

from app.kit.errors import Conflict, Forbidden, Unauthenticated, Unprocessable


class BadCreditCode(Unprocessable):
    """The unified social credit code is wrong (GB 32100-2015)."""

    code = "bad_credit_code"
    zh = "统一社会信用代码有误:{reason};应为:{expected}"
    en = "The unified social credit code is wrong: {reason}; right would be: {expected}"


class AlreadyRegistered(Conflict):
    """An organisation with this credit code exists."""

    code = "already_registered"
    zh = "该统一社会信用代码已注册"
    en = "An organisation with this credit code is registered already"


class LoginTaken(Conflict):
    """A person with this login exists."""

    code = "login_taken"
    zh = "该登录名已被使用"
    en = "This login is taken"


class WrongCredentials(Unauthenticated):
    """Login or password is wrong; which of the two is not said."""

    code = "wrong_credentials"
    zh = "登录名或密码错误"
    en = "Login or password is wrong"


class LoginPaused(Unauthenticated):
    """Too many wrong passwords in a row."""

    code = "login_paused"
    zh = "密码错误次数过多,请在 {until} 之后再试"
    en = "Too many wrong passwords; try again after {until}"


class RefreshTokenReused(Unauthenticated):
    """A refresh token came twice: the whole session is closed."""

    code = "refresh_token_reused"
    zh = "刷新令牌已被使用过,会话已全部注销,请重新登录"
    en = "This refresh token was used before; the session is closed; log in again"


class UnsupportedGrant(Unprocessable):
    """The token endpoint takes two grants."""

    code = "unsupported_grant_type"
    zh = "grant_type 应为 password 或 refresh_token"
    en = "grant_type must be password or refresh_token"


class RoleNotForKind(Unprocessable):
    """The role does not exist in such an organisation."""

    code = "role_not_for_kind"
    zh = "{kind} 类机构不能授予角色 {role};可授予:{allowed}"
    en = "An organisation of kind {kind} has no role {role}; it has: {allowed}"


class SelfReview(Forbidden):
    """Nobody reviews the own organisation."""

    code = "self_review"
    zh = "不能审核本机构"
    en = "Nobody reviews the own organisation"


class NotABroker(Unprocessable):
    """A mandate goes to a technology broker."""

    code = "not_a_broker"
    zh = "受托方必须是状态正常的技术经纪机构"
    en = "The mandate must go to an active technology broker"


class BadMandatePeriod(Unprocessable):
    """A mandate is dated."""

    code = "bad_mandate_period"
    zh = "委托期限须从今天({today})或以后开始,且不超过三年"
    en = "A mandate starts today ({today}) or later and lasts three years at most"


class NoMandate(Forbidden):
    """The broker has no mandate in force from this client for this scope."""

    code = "no_mandate"
    zh = "没有该委托人现行有效的 {scope} 委托"
    en = "There is no mandate in force from this client for {scope}"


class UnknownScope(Unprocessable):
    """The scope does not exist."""

    code = "unknown_scope"
    zh = "未知权限范围 {scope};可用:{allowed}"
    en = "Unknown scope {scope}; there are: {allowed}"


class AlreadyInstalled(Conflict):
    """The platform has an administrator."""

    code = "already_installed"
    zh = "平台已有管理员"
    en = "The platform has an administrator already"


class BadRelation(Unprocessable):
    """A declaration of a relation contradicts itself."""

    code = "bad_relation"
    zh = "关联关系申报有误:{problem_zh}"
    en = "The declared relation is not valid: {problem_en}"


class RelationDeclared(Conflict):
    """The same relation is declared and has not ended."""

    code = "relation_declared"
    zh = "该关联关系已申报({relation_id})且尚未终止"
    en = "This relation is declared already ({relation_id}) and has not ended"


class RelationEnded(Conflict):
    """A relation ends once."""

    code = "relation_ended"
    zh = "该关联关系已于 {ended_at} 终止"
    en = "This relation ended at {ended_at}"
