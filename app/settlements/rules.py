"""Decisions about the distribution of income, without I/O: net income, floors, splits, terms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from app.kit.calendar import CountedDate, OfficialCalendar, end_of_day, local_day
from app.kit.calendar import recount as later
from app.kit.money import Fen, share
from app.settlements.errors import (
    BelowFloor,
    ChiefWithoutEquity,
    LeaderUnexplained,
    ListNotOpen,
    ListTooShort,
    MainContributorsTooLittle,
    NamedTwice,
    NotAnInventor,
    OwnsPart,
    ReasonRequired,
    RouteMismatch,
    SharesWithoutStaff,
    TooMuch,
    TransferOfficeTooLittle,
    YearNotInPlan,
    YearNotOver,
    YearsOutOfRange,
)
from app.settlements.states import Basis, Leader, MemberRole, PlanState, Route

WHOLE_BP = 10_000
NATIONAL = "00"
NATIONAL_BP, NATIONAL_OWN_BP = 5_000, 500
"""Floors of 促进科技成果转化法 45 (A-21)."""
INVENTION_BONUS_FEN = 400_000
OTHER_PATENT_BONUS_FEN = 150_000
BONUS_MONTHS = 3
"""Least bonus for a granted patent, and its term (专利法实施细则 93; rules.md A-31)."""

_REWARDED_CLASSES = frozenset({"transfer", "license"})


@dataclass(frozen=True)
class Provision:
    """One rule of a rule set, where it comes from, and whether it is still to be verified."""

    id: str
    text: str
    source: str
    verify: bool


@dataclass(frozen=True)
class RuleSet:
    """How a province distributes income, from a day on; rates in basis points.

    Attributes:
        province: first two digits of the institution's region; 00 for the rest of the country.
        transfer_floor_bp, equity_floor_bp: what binds public units; `recommended_bp` is what the
            province lets ("可以") them give.
        own_floor_bp, own_years: least part of the operating profit, and for how many years.
        own_from: `production` or `profit`: what the first of these years is.
        service_floor_bp: least part of the net income of a contract that transfers nothing.
        main_floor_bp, office_floor_bp: least parts of the reward for main contributors and for
            the transfer office's people; `office_fund_bp` is what the office may take besides.
        deducted: kinds of cost that make the net income.
        pay_months: the term of payment where the plan sets none.
    """

    id: str
    province: str
    valid_from: date
    valid_until: date | None
    title_zh: str
    title_en: str
    transfer_floor_bp: int
    equity_floor_bp: int
    own_floor_bp: int
    own_years: tuple[int, int]
    recommended_bp: int | None
    own_recommended_bp: int | None
    own_from: str
    service_floor_bp: int
    main_floor_bp: int
    office_floor_bp: int
    office_fund_bp: int
    deducted: tuple[str, ...]
    list_days: int
    pay_months: int
    decision_working_days: int
    chief_equity: bool
    idle_months: int
    idle_public_funds_only: bool
    provisions: tuple[Provision, ...]

    @property
    def verify(self) -> tuple[str, ...]:
        """Ids of the provisions that were not read at their source."""
        return tuple(found.id for found in self.provisions if found.verify)

    def source_of(self, *ids: str) -> str:
        """Where the first of these provisions comes from that the set has."""
        known = {found.id: found.source for found in self.provisions}
        return next((known[name] for name in ids if name in known), "")


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """All rule sets: the national ones first."""
    path = Path(__file__).with_name("rule_sets.json")
    return tuple(_read(row) for row in json.loads(path.read_text(encoding="utf-8")))


def _read(row: dict[str, object]) -> RuleSet:
    values = dict(row)
    titles = values.pop("title")
    provisions = values.pop("provisions")
    assert isinstance(titles, list)
    assert isinstance(provisions, list)
    until = values["valid_until"]
    values |= {
        "title_zh": titles[0],
        "title_en": titles[1],
        "valid_from": date.fromisoformat(str(values["valid_from"])),
        "valid_until": None if until is None else date.fromisoformat(str(until)),
        "own_years": tuple(values["own_years"]),  # type: ignore[arg-type]
        "deducted": tuple(values["deducted"]),  # type: ignore[arg-type]
        "provisions": tuple(Provision(**found) for found in provisions),
    }
    return RuleSet(**values)  # type: ignore[arg-type]


def rule_set_on(region: str, day: date) -> RuleSet:
    """The rules of an institution's province in force on a day, else the national ones.

    Raises LookupError before the national rules of 2015.
    """
    for province in (region[:2], NATIONAL):
        for found in rule_sets():
            begun = found.province == province and found.valid_from <= day
            if begun and (found.valid_until is None or day <= found.valid_until):
                return found
    raise LookupError(f"no rules of distribution in force on {day}")


def known_rule_set(rule_set_id: str) -> RuleSet:
    """The rule set of a record; raises KeyError."""
    return {found.id: found for found in rule_sets()}[rule_set_id]


CARRIED = "carried"
"""Among the costs of a plan, what the plan before it left to be made up for; always deducted."""


def net_income(received_fen: Fen, costs: Mapping[str, Fen], rules: RuleSet) -> Fen:
    """What is left of the money received, in fen; never below 0 (A-29, TV-A1).

    Costs of kinds that the province's formula does not name are not deducted.
    """
    return max(0, received_fen - _deducted(costs, rules))


def _deducted(costs: Mapping[str, Fen], rules: RuleSet) -> Fen:
    return sum(fen for kind, fen in costs.items() if kind in rules.deducted or kind == CARRIED)


def carried(before: "Standing", costs: Mapping[str, Fen], rules: RuleSet, reward_bp: int) -> Fen:
    """What a plan that is succeeded leaves to be made up for, in fen.

    Costs beyond the income, and costs that turned up after their income had been rewarded: the
    staff keep that, and the next income is rewarded once it has made up for it.
    """
    left = before.received_fen - _deducted(costs, rules)
    rewarded = max(0, left)
    if before.reward_fen > at_least(rewarded, reward_bp) and reward_bp:
        rewarded = before.reward_fen * WHOLE_BP // reward_bp
    return max(0, rewarded - left)


def at_least(amount: int, rate_bp: int) -> int:
    """So many basis points of an amount, rounded up: a floor is never rounded below."""
    return -(-amount * rate_bp // WHOLE_BP)


def floor_of(rules: RuleSet, route: Route, contract_class: str | None) -> tuple[int, str]:
    """The least part of the income that goes to the staff, in bp, and its source (A-21, A-26)."""
    if route is Route.OWN_IMPLEMENTATION:
        floor_bp, national_bp = rules.own_floor_bp, NATIONAL_OWN_BP
    elif route is Route.EQUITY:
        floor_bp, national_bp = rules.equity_floor_bp, NATIONAL_BP
    elif contract_class in _REWARDED_CLASSES:
        floor_bp, national_bp = rules.transfer_floor_bp, NATIONAL_BP
    else:
        return rules.service_floor_bp, rules.source_of("A-32", "A-21")
    return floor_bp, rules.source_of("A-26" if floor_bp > national_bp else "A-21", "A-21", "A-26")


@dataclass(frozen=True)
class Member:
    """A recipient as a plan names one; weights are relative to the others'."""

    name: str
    role: MemberRole
    main: bool
    leader: Leader
    post: str
    contribution: str
    weight: int


@dataclass(frozen=True)
class Plan:
    """What a plan says, for the rules; rates in basis points."""

    route: Route
    basis: Basis
    contract_class: str | None
    reward_bp: int
    office_fund_bp: int
    years: int | None
    days: int
    members: tuple[Member, ...]


def check_plan(
    plan: Plan,
    rules: RuleSet,
    *,
    public_unit: bool,
    inventors: Sequence[str],
    co_owners: Sequence[str],
) -> None:
    """Raise unless the plan keeps every floor and names its recipients rightly.

    Floors bind public units whatever their own rule says; anyone else is bound only by the
    statutory default where there is no rule and no agreement (A-20, A-21, TV-A7).
    """
    _check_members(plan, rules, inventors, co_owners)
    if plan.days < rules.list_days:
        raise ListTooShort(field="body.days", given=plan.days, minimum=rules.list_days)
    least, most = rules.own_years
    if plan.route is Route.OWN_IMPLEMENTATION and not least <= (plan.years or 0) <= most:
        raise YearsOutOfRange(field="body.years", given=plan.years, least=least, most=most)
    if plan.reward_bp + plan.office_fund_bp > WHOLE_BP:
        raise TooMuch(field="body.reward_bp", given_bp=plan.reward_bp + plan.office_fund_bp)
    if not public_unit and plan.basis is not Basis.STATUTORY:
        return
    floor_bp, source = floor_of(rules, plan.route, plan.contract_class)
    if plan.reward_bp < floor_bp:
        raise BelowFloor(
            field="body.reward_bp",
            given_bp=plan.reward_bp,
            floor_bp=floor_bp,
            rule_set=rules.id,
            source=source,
        )
    if public_unit:
        _check_parts(plan, rules)


def _check_members(
    plan: Plan, rules: RuleSet, inventors: Sequence[str], co_owners: Sequence[str]
) -> None:
    seen: set[str] = set()
    for number, member in enumerate(plan.members):
        where = f"body.members.{number}"
        if member.name in seen:
            raise NamedTwice(field=f"{where}.name", name=member.name)
        seen.add(member.name)
        if member.name in co_owners:
            raise OwnsPart(field=f"{where}.name", name=member.name)
        if member.role is MemberRole.INVENTOR and inventors and member.name not in inventors:
            raise NotAnInventor(
                field=f"{where}.role", name=member.name, inventors="、".join(inventors)
            )
        if member.leader is not Leader.NONE and not (member.post and member.contribution):
            raise LeaderUnexplained(field=f"{where}.contribution", name=member.name)
        chief = member.leader is Leader.CHIEF and plan.route is Route.EQUITY
        if chief and not rules.chief_equity:
            raise ChiefWithoutEquity(field=f"{where}.leader", name=member.name)


def _check_parts(plan: Plan, rules: RuleSet) -> None:
    whole = sum(member.weight for member in plan.members)
    main = sum(member.weight for member in plan.members if member.main)
    office = sum(
        member.weight for member in plan.members if member.role is MemberRole.TRANSFER_OFFICE
    )
    for weight, floor_bp, refusal in (
        (main, rules.main_floor_bp, MainContributorsTooLittle),
        (office, rules.office_floor_bp, TransferOfficeTooLittle),
    ):
        if weight * WHOLE_BP < floor_bp * whole:
            raise refusal(
                field="body.members", given_bp=weight * WHOLE_BP // whole, floor_bp=floor_bp
            )


def check_route(route: Route, transfer_mode: str) -> None:
    """A contribution of the achievement as capital gives shares; anything else gives money."""
    expected = Route.EQUITY if transfer_mode == "equity_contribution" else Route.TRANSFER
    if route is not expected:
        raise RouteMismatch(
            field="body.route", transfer_mode=transfer_mode, expected_route=expected.value
        )


@dataclass(frozen=True)
class Recipient:
    """Who shares a reward: the weight, whether a main contributor, and what was given before."""

    weight: int
    main: bool
    given: int


def split_reward(pool: int, recipients: Sequence[Recipient]) -> list[int]:
    """Parts of a further reward of `pool`, so that all parts ever given fit the weights.

    The parts sum to `pool`, none is negative, and the main contributors together have never less
    than their weight. Alone, a reward is split by largest remainder (`kit.money.share`, TV-A6):
    fen between the main contributors and the others go to the former. Over several rewards the
    remainders of the earlier ones are made up for.
    """
    total = pool + sum(one.given for one in recipients)
    groups = [[i for i, one in enumerate(recipients) if one.main is kind] for kind in (True, False)]
    whole = sum(one.weight for one in recipients)
    weights = [sum(recipients[i].weight for i in group) for group in groups]
    main_total = -(-total * weights[0] // whole)
    main_given = sum(recipients[i].given for i in groups[0])
    main_pool = min(pool, max(0, main_total - main_given))
    parts = [0] * len(recipients)
    for group, group_pool in zip(groups, (main_pool, pool - main_pool), strict=True):
        chosen = [recipients[i] for i in group]
        for i, part in zip(group, _level(group_pool, chosen), strict=True):
            parts[i] = part
    return parts


def _level(pool: int, recipients: Sequence[Recipient]) -> list[int]:
    """Split so that what everyone has then comes nearest to the weights."""
    if not recipients or pool == 0:
        return [0] * len(recipients)
    if not any(one.given for one in recipients):
        return share(pool, [one.weight for one in recipients])
    whole = sum(one.weight for one in recipients)
    total = pool + sum(one.given for one in recipients)
    owed = [total * one.weight - one.given * whole for one in recipients]
    parts = [max(0, debt // whole) for debt in owed]
    while (rest := pool - sum(parts)) != 0:
        step = 1 if rest > 0 else -1
        movable = [i for i in range(len(parts)) if step > 0 or parts[i] > 0]
        nearest = max(movable, key=lambda i: (step * (owed[i] - parts[i] * whole), -i))
        parts[nearest] += step
    return parts


@dataclass(frozen=True)
class Standing:
    """What came in and was given under a plan, in fen, up to some income."""

    received_fen: Fen
    reward_fen: Fen
    fund_fen: Fen


@dataclass(frozen=True)
class Distribution:
    """How one income is divided, in fen; `net_fen` is the net income of the whole plan so far."""

    net_fen: Fen
    reward_fen: Fen
    fund_fen: Fen
    retained_fen: Fen


def distribute(
    amount_fen: Fen,
    before: Standing,
    costs: Mapping[str, Fen],
    rules: RuleSet,
    reward_bp: int,
    fund_bp: int,
) -> Distribution:
    """Divide a further payment, so that after it the whole is as if it had come at once.

    Costs are deducted from the first money that comes. What the staff have is not taken back when
    costs turn up later: nothing more is given until the income has made up for them.
    """
    net = net_income(before.received_fen + amount_fen, costs, rules)
    reward = max(0, at_least(net, reward_bp) - before.reward_fen)
    reward = min(reward, amount_fen)
    fund = max(0, net * fund_bp // WHOLE_BP - before.fund_fen)
    fund = min(fund, amount_fen - reward)
    return Distribution(net, reward, fund, amount_fen - reward - fund)


def staff_shares(total_shares: int, technology_bp: int, reward_bp: int) -> tuple[int, int]:
    """Shares for the technology, and of these for the staff, rounded up (TV-A4)."""
    technology = total_shares * technology_bp // WHOLE_BP
    if technology == 0:
        raise SharesWithoutStaff(
            field="body.technology_bp", total_shares=total_shares, technology_bp=technology_bp
        )
    return technology, at_least(technology, reward_bp)


def own_reward(profit_fen: int, reward_bp: int) -> Fen:
    """The reward out of a year's operating profit; a loss gives 0 (TV-A5)."""
    return at_least(max(0, profit_fen), reward_bp)


def check_year(year: int, first_year: int, years: int, today: date) -> None:
    """Raise unless the year is one of the plan's and over."""
    last = first_year + years - 1
    if not first_year <= year <= last:
        raise YearNotInPlan(field="body.year", given=year, first=first_year, last=last)
    if year >= today.year:
        raise YearNotOver(field="body.year", given=year)


def patent_bonus(patent_type: str) -> Fen:
    """The least bonus for a granted patent where nothing else is agreed (A-31)."""
    return INVENTION_BONUS_FEN if patent_type == "patent.invention" else OTHER_PATENT_BONUS_FEN


def payment_due(
    received_on: date, rules: RuleSet, pay_months: int | None, calendar: OfficialCalendar
) -> CountedDate:
    """The last day of payment: the plan's own term, else that of the rules (A-28; T-2, T-3)."""
    months = rules.pay_months if pay_months is None else pay_months
    return calendar.end_of_period(received_on, months=months)


def idle_due(since: date, rules: RuleSet, calendar: OfficialCalendar) -> CountedDate:
    """When an achievement that nobody took up counts as idle (A-29c)."""
    return calendar.end_of_period(since, months=rules.idle_months)


@dataclass(frozen=True)
class Period:
    """A count that runs: the day it runs from (not counted itself), and the moment it ends."""

    counts_from: date
    ends_at: datetime
    provisional: bool
    calendar_version: str


def list_period(begun_at: datetime, days: int, calendar: OfficialCalendar) -> Period:
    """The days of a list: calendar days, the last one moved past days off (T-1, T-3)."""
    start = local_day(begun_at)
    return _period(start, calendar.end_of_calendar_days(start, days))


def recounted(
    counts_from: date, ends_at: datetime, days: int, calendar: OfficialCalendar
) -> Period:
    """A provisional period counted anew; it never ends earlier than people were told."""
    old = CountedDate(local_day(ends_at - timedelta(microseconds=1)), True, "")
    return _period(counts_from, later(old, calendar.end_of_calendar_days(counts_from, days)))


def _period(start: date, counted: CountedDate) -> Period:
    return Period(start, end_of_day(counted.day), counted.provisional, counted.calendar_version)


def days_left(counts_from: date, days: int, stopped_at: datetime) -> int:
    """Days still to run when an objection stops the count; only whole days before it have run."""
    return max(1, days - max(0, (local_day(stopped_at) - counts_from).days - 1))


def require_open(state: str, ends_at: datetime | None, now: datetime) -> None:
    """Raise ListNotOpen unless the list stands or an objection has stopped its count."""
    running = state == PlanState.PUBLISHED and ends_at is not None and now < ends_at
    if not running and state != PlanState.SUSPENDED:
        raise ListNotOpen(
            plan_state=state, ends_at=None if ends_at is None else ends_at.isoformat()
        )


def require_reason(reason: str) -> None:
    """Raise ReasonRequired for a decision that does not say why."""
    if not reason:
        raise ReasonRequired(field="body.reason")
