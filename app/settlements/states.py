"""The lives of a distribution plan, of an objection to it, of income, and of benefits."""

from enum import StrEnum


class Route(StrEnum):
    """How the achievement earns (促进科技成果转化法 16, 45; rules.md A-2, A-21)."""

    TRANSFER = "transfer"
    EQUITY = "equity"
    OWN_IMPLEMENTATION = "own_implementation"


class Basis(StrEnum):
    """What the shares rest on, in the order of the law (促进科技成果转化法 44; A-20)."""

    UNIT_RULE = "unit_rule"
    AGREEMENT = "agreement"
    STATUTORY = "statutory"


class MemberRole(StrEnum):
    """What a recipient did for the achievement or its transfer."""

    INVENTOR = "inventor"
    CONTRIBUTOR = "contributor"
    TRANSFER_OFFICE = "transfer_office"


class Leader(StrEnum):
    """Whether a recipient leads the institution (国发〔2016〕16号; A-25)."""

    NONE = "none"
    CHIEF = "chief"
    DEPUTY = "deputy"


class PlanState(StrEnum):
    """Life of a plan; from `published` on its list is before the staff."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    EFFECTIVE = "effective"
    VOID = "void"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


PLAN_MOVES: dict[tuple[PlanState, str], PlanState] = {
    (PlanState.DRAFT, "edit"): PlanState.DRAFT,
    (PlanState.DRAFT, "publish"): PlanState.PUBLISHED,
    (PlanState.DRAFT, "withdraw"): PlanState.WITHDRAWN,
    (PlanState.PUBLISHED, "object"): PlanState.SUSPENDED,
    (PlanState.SUSPENDED, "object"): PlanState.SUSPENDED,
    (PlanState.SUSPENDED, "resume"): PlanState.PUBLISHED,
    (PlanState.SUSPENDED, "void"): PlanState.VOID,
    (PlanState.PUBLISHED, "take_effect"): PlanState.EFFECTIVE,
    (PlanState.PUBLISHED, "withdraw"): PlanState.WITHDRAWN,
    (PlanState.SUSPENDED, "withdraw"): PlanState.WITHDRAWN,
    (PlanState.VOID, "edit"): PlanState.VOID,
    (PlanState.VOID, "publish"): PlanState.PUBLISHED,
    (PlanState.VOID, "withdraw"): PlanState.WITHDRAWN,
    (PlanState.EFFECTIVE, "succeed"): PlanState.EFFECTIVE,
    (PlanState.EFFECTIVE, "supersede"): PlanState.SUPERSEDED,
}
"""A plan in effect stands: income is distributed by it, until another plan that was drafted to
succeed it takes effect. A void one is changed and published anew; all of its days count again."""


class ObjectionState(StrEnum):
    """Life of an objection to a list."""

    FILED = "filed"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


OBJECTION_MOVES: dict[tuple[ObjectionState, str], ObjectionState] = {
    (ObjectionState.FILED, "uphold"): ObjectionState.UPHELD,
    (ObjectionState.FILED, "reject"): ObjectionState.REJECTED,
    (ObjectionState.FILED, "withdraw"): ObjectionState.WITHDRAWN,
    (ObjectionState.FILED, "lapse"): ObjectionState.LAPSED,
}


class IncomeKind(StrEnum):
    """What came in: money for a contract, shares of a company, a year's operating profit."""

    PAYMENT = "payment"
    EQUITY = "equity"
    PROFIT = "profit"


class IncomeState(StrEnum):
    """Life of income: it waits for a plan in effect, is split, and every part is paid."""

    RECEIVED = "received"
    DISTRIBUTED = "distributed"
    PAID = "paid"


INCOME_MOVES: dict[tuple[IncomeState, str], IncomeState] = {
    (IncomeState.RECEIVED, "distribute"): IncomeState.DISTRIBUTED,
    (IncomeState.DISTRIBUTED, "pay"): IncomeState.PAID,
}


class PartState(StrEnum):
    """Life of one recipient's part."""

    DUE = "due"
    PAID = "paid"


PART_MOVES: dict[tuple[PartState, str], PartState] = {(PartState.DUE, "pay"): PartState.PAID}


class IdleState(StrEnum):
    """Life of the watch over an achievement that nobody has taken up yet (A-29c)."""

    WATCHED = "watched"
    IDLE = "idle"
    ENDED = "ended"


IDLE_MOVES: dict[tuple[IdleState, str], IdleState] = {
    (IdleState.WATCHED, "alert"): IdleState.IDLE,
    (IdleState.WATCHED, "end"): IdleState.ENDED,
    (IdleState.IDLE, "end"): IdleState.ENDED,
}


class BenefitKind(StrEnum):
    """What somebody enjoys because a contract is registered."""

    INCOME_TAX_RELIEF = "income_tax_relief"
    VAT_EXEMPTION = "vat_exemption"
    REWARD_RELIEF = "reward_relief"
    EQUITY_DEFERRAL = "equity_deferral"
    REWARD = "reward"


class Authority(StrEnum):
    """Whose list a benefit is on."""

    TAX = "tax"
    SCIENCE = "science"


AUTHORITY_OF: dict[BenefitKind, Authority] = {
    BenefitKind.INCOME_TAX_RELIEF: Authority.TAX,
    BenefitKind.VAT_EXEMPTION: Authority.TAX,
    BenefitKind.REWARD_RELIEF: Authority.TAX,
    BenefitKind.EQUITY_DEFERRAL: Authority.TAX,
    BenefitKind.REWARD: Authority.SCIENCE,
}


class BenefitState(StrEnum):
    """Life of a benefit: enjoyed, at risk once its registration fell, then settled."""

    CLAIMED = "claimed"
    AT_RISK = "at_risk"
    CONFIRMED = "confirmed"
    RECOVERED = "recovered"


BENEFIT_MOVES: dict[tuple[BenefitState, str], BenefitState] = {
    (BenefitState.CLAIMED, "endanger"): BenefitState.AT_RISK,
    (BenefitState.AT_RISK, "confirm"): BenefitState.CONFIRMED,
    (BenefitState.AT_RISK, "recover"): BenefitState.RECOVERED,
}
"""`confirm` and `recover` are the authority's, and end the matter."""
