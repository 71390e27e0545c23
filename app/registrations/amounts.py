"""Amounts of a technology contract: technical amount by items, technical income by payment.

Sources: 技术合同及技术交易额认定条件 (rules.md 3.3), vectors TV-B1 to TV-B3. All amounts in fen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.kit.money import round_half_up
from app.registrations.errors import (
    AllowanceExceedsItem,
    IncomeExceedsTechnical,
    NonTechnicalExceeds,
    OverrideNeedsReason,
    RealisedExceedsTotal,
)
from app.registrations.states import ItemCategory, SubjectKind

NORMAL_SETS = 2
"""Complete equipment and test rigs: normally one or two sets are reasonable (rules.md 3.3)."""


@dataclass(frozen=True)
class ReasonableQuantity:
    """The part of an item that is the direct cost of the subject matter in a reasonable quantity.

    `override` is a registrar's reason to allow more than the norm.
    """

    subject: SubjectKind
    quantity: int
    cost_fen: int
    override: str = ""


@dataclass(frozen=True)
class CostItem:
    """A non-technical cost within the contract's total."""

    category: ItemCategory
    name: str
    amount_fen: int
    allowance: ReasonableQuantity | None = None


@dataclass(frozen=True)
class ItemOutcome:
    """What an item takes off the total, and why; `needs_override` when the norm is exceeded."""

    name: str
    deducted_fen: int
    allowed_fen: int
    needs_override: bool
    zh: str
    en: str


@dataclass(frozen=True)
class TechnicalAmount:
    """The technical amount with the outcome of every item."""

    total_fen: int
    technical_fen: int
    items: tuple[ItemOutcome, ...]


def technical_amount(total_fen: int, items: Sequence[CostItem]) -> TechnicalAmount:
    """Total minus non-technical cost; the reasonable quantity of the subject matter stays in.

    An allowance beyond the norm is rejected whole unless a registrar gives a reason (TV-B2).
    Raises AllowanceExceedsItem and NonTechnicalExceeds.
    """
    outcomes = tuple(_outcome(index, item) for index, item in enumerate(items))
    deducted = sum(one.deducted_fen for one in outcomes)
    if deducted > total_fen:
        raise NonTechnicalExceeds(field="body.items", sum_fen=deducted, total_fen=total_fen)
    return TechnicalAmount(total_fen, total_fen - deducted, outcomes)


def _outcome(index: int, item: CostItem) -> ItemOutcome:
    allowance = item.allowance
    if allowance is None:
        return ItemOutcome(
            item.name,
            item.amount_fen,
            0,
            False,
            "非技术性成本,全额扣除",
            "Non-technical cost, taken off whole",
        )
    if allowance.cost_fen > item.amount_fen:
        raise AllowanceExceedsItem(
            field=f"body.items.{index}.allowance.cost_fen", amount_fen=item.amount_fen
        )
    left = item.amount_fen - allowance.cost_fen
    beyond = allowance.subject is SubjectKind.EQUIPMENT and allowance.quantity > NORMAL_SETS
    if beyond and not allowance.override:
        return ItemOutcome(
            item.name,
            item.amount_fen,
            0,
            True,
            f"申报 {allowance.quantity} 套,超过合理数量(一般 1 至 {NORMAL_SETS} 套),不予计入",
            f"{allowance.quantity} sets exceed the reasonable 1 to {NORMAL_SETS}; not allowed",
        )
    zh, en = "合理数量标的物的直接成本,计入技术交易额", "Direct cost of a reasonable quantity: kept"
    if beyond:
        zh, en = f"超过一般数量,登记员认可:{allowance.override}", f"Allowed: {allowance.override}"
    return ItemOutcome(item.name, left, allowance.cost_fen, False, zh, en)


@dataclass(frozen=True)
class Deductions:
    """Costs taken off one realised payment, as the verification form lists them."""

    labour_fen: int = 0
    raw_material_fen: int = 0
    fuel_power_fen: int = 0
    equipment_fen: int = 0
    special_fen: int = 0
    management_fen: int = 0

    @property
    def sum_fen(self) -> int:
        """All of them."""
        return (
            self.labour_fen
            + self.raw_material_fen
            + self.fuel_power_fen
            + self.equipment_fen
            + self.special_fen
            + self.management_fen
        )


@dataclass(frozen=True)
class Income:
    """One realised payment; `exceeds` warns that all income is above the technical amount."""

    realised_total_fen: int
    realised_technical_fen: int
    income_fen: int
    exceeds: bool


def realised_share(payment_fen: int, total_fen: int, technical_fen: int) -> int:
    """The technical part of a payment in the contract's proportion, rounded half up [D]."""
    if total_fen == 0:
        return 0
    return round_half_up(Decimal(payment_fen) * Decimal(technical_fen) / Decimal(total_fen))


def income_of(
    payment_fen: int,
    technical_part_fen: int,
    deductions: Deductions,
    *,
    earlier_fen: int,
    technical_fen: int,
    running_royalty: bool,
    override: str,
) -> Income:
    """The technical income of a payment: its technical part less the deducted costs.

    That the form's deductions lessen the income is read from the order of its fields: verify.
    All income together stays within the technical amount (TV-B3); under a running royalty, or
    with a registrar's reason, more is taken with a warning. Raises RealisedExceedsTotal,
    NonTechnicalExceeds and IncomeExceedsTechnical.
    """
    if technical_part_fen > payment_fen:
        raise RealisedExceedsTotal(field="body.realised_technical_fen", total_fen=payment_fen)
    if deductions.sum_fen > technical_part_fen:
        raise NonTechnicalExceeds(
            field="body.deductions", sum_fen=deductions.sum_fen, total_fen=technical_part_fen
        )
    income = technical_part_fen - deductions.sum_fen
    exceeds = earlier_fen + income > technical_fen
    if exceeds and not running_royalty and not override:
        raise IncomeExceedsTechnical(
            field="body.realised_technical_fen",
            earlier_fen=earlier_fen,
            technical_fen=technical_fen,
            left_fen=max(0, technical_fen - earlier_fen),
        )
    return Income(payment_fen, technical_part_fen, income, exceeds)


def check_override(old_fen: int, new_fen: int, reason: str) -> None:
    """Raise OverrideNeedsReason when a registrar sets an amount that the items do not give."""
    if old_fen != new_fen and not reason:
        raise OverrideNeedsReason(
            field="body.override_reason", computed_fen=old_fen, given_fen=new_fen
        )
