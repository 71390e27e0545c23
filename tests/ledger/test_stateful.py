"""Any sequence of acts on money: the books balance, and nothing below zero that may not be."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import SYSTEM
from app.kit.db import make_engine, make_sessions
from app.kit.embedded import EmbeddedPostgres
from app.kit.errors import Problem
from app.kit.ids import new_id
from app.ledger import matching, refunds, repository, service
from app.ledger.facts import DepositFacts
from app.ledger.schemas import Proposal
from app.ledger.states import LineState, Target, Use
from tests.conftest import cloned_database
from tests.ledger.books import (
    NOW,
    books,
    entry,
    expected,
    open_bank,
    party,
    person,
    release,
    report,
)

ONE, OTHER = person("operator"), person("operator")
amounts = st.integers(1, 300)


class Money(RuleBasedStateMachine):
    """Deposits of about 100 fen, everything that can happen to them, and a bank that errs."""

    url: ClassVar[str]
    deposits = Bundle("deposits")
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.sessions = make_sessions(make_engine(self.url, pool_size=2))
        self.paid_in = self.paid_out = 0

    def act(self, act: Callable[[AsyncSession], Coroutine[Any, Any, Any]]) -> Any:
        """One transaction; a refusal of the rules is an answer, anything else a failure."""

        async def run() -> Any:
            try:
                async with self.sessions() as session, session.begin():
                    return await act(session)
            except Problem:
                return None

        return self.runner.run(run())

    @initialize()
    def begin(self) -> None:
        async def begin(session: AsyncSession) -> tuple[UUID, dict[str, int]]:
            await open_bank(session)
            while due := await refunds.due(session, NOW, 100):  # what earlier machines left
                await refunds.order(session, due[0], NOW)
            return await party(session), (await books(session)).sums

        self.payer, self.before = self.act(begin)
        self.since = new_id()

    @rule(target=deposits, amount=st.integers(50, 150))
    def expect(self, amount: int) -> DepositFacts:
        return self.act(lambda session: expected(session, self.payer, amount))

    @rule(deposit=deposits, amount=amounts, named=st.booleans())
    def pay(self, deposit: DepositFacts, amount: int, named: bool) -> None:
        self.paid_in += amount
        money = entry(
            amount=Decimal(amount) / 100,
            remittance=deposit.reference if named else "货款",
        )
        self.act(lambda session: report(session, money, money))
        self.paid_in += amount

    @rule(deposit=deposits)
    def vouch(self, deposit: DepositFacts) -> None:
        self.act(lambda s: service.receive_by_hand(s, ONE, deposit.purpose_id, "slip", NOW))

    @rule(deposit=deposits)
    def hold(self, deposit: DepositFacts) -> None:
        self.act(lambda s: service.hold(s, SYSTEM, deposit.purpose_id, NOW))

    @rule(deposit=deposits, amount=amounts, against=st.sampled_from(Target))
    def apply(self, deposit: DepositFacts, amount: int, against: Target) -> None:
        self.act(
            lambda s: service.apply(
                s,
                SYSTEM,
                deposit.purpose_id,
                amount_fen=amount,
                target=against,
                beneficiary_id=self.payer,
                now=NOW,
            )
        )

    @rule(deposit=deposits, amount=st.none() | amounts)
    def forfeit(self, deposit: DepositFacts, amount: int | None) -> None:
        self.act(
            lambda s: service.forfeit(
                s, SYSTEM, deposit.purpose_id, reason="x", amount_fen=amount, now=NOW
            )
        )

    @rule(deposit=deposits)
    def release(self, deposit: DepositFacts) -> None:
        self.act(lambda s: release(s, deposit))

    @rule(amount=amounts)
    def commission(self, amount: int) -> None:
        self.act(
            lambda s: service.charge_commission(
                s,
                SYSTEM,
                key=uuid4().hex,
                party_id=self.payer,
                purpose_id=uuid4(),
                amount_fen=amount,
                now=NOW,
            )
        )

    @rule(target=orders)
    def order(self) -> Any:
        async def order(session: AsyncSession) -> list[tuple[UUID, int]]:
            due = await refunds.due(session, NOW, 100)
            if due:
                await refunds.order(session, due[0], NOW)
            found = [await repository.refund(session, one) for one in due]
            return [(one.id, one.amount_fen) for one in found if one is not None and one.batch_id]

        return multiple(*self.act(order))

    @rule(order=orders)
    def bank_pays(self, order: tuple[UUID, int]) -> None:
        """The bank may tell of the same payment twice, under another reference of its own."""
        self.paid_out += order[1]
        money = entry(credit=False, amount=Decimal(order[1]) / 100, end_to_end_id=order[0].hex)
        self.act(lambda s: report(s, money))

    @rule(order=consumes(orders))
    def bank_returns(self, order: tuple[UUID, int]) -> None:
        self.paid_in += order[1]
        money = entry(returned=True, amount=Decimal(order[1]) / 100, end_to_end_id=order[0].hex)
        self.act(lambda s: report(s, money))

    @rule(order=orders)
    def bank_refuses(self, order: tuple[UUID, int]) -> None:
        self.act(lambda s: refunds.refuse(s, ONE, order[0], "x", NOW))

    @rule(order=orders)
    def replace(self, order: tuple[UUID, int]) -> None:
        self.act(lambda s: refunds.replace(s, OTHER, order[0], None, NOW))

    @rule(deposit=deposits, use=st.sampled_from([Use.DEPOSIT, Use.RETURN]))
    def look_at_the_queue(self, deposit: DepositFacts, use: Use) -> None:
        async def look(session: AsyncSession) -> None:
            for line in await repository.lines(session, LineState.UNMATCHED.value, self.since, 3):
                reference = deposit.reference if use == Use.DEPOSIT else None
                chosen = use if line.direction == "credit" else Use.CHARGE
                if chosen == Use.CHARGE:
                    reference = None
                proposal = Proposal(use=chosen, reference=reference, note="x")
                await matching.propose(session, ONE, line.id, proposal)
                await matching.confirm(session, OTHER, line.id, NOW)

        self.act(look)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "before"):
            return

        async def read(session: AsyncSession) -> None:
            found = await books(session)
            assert found.wrong == []
            assert sum(found.sums.values()) == 0
            moved = found["bank"] - self.before.get("bank", 0)
            assert moved == self.paid_out - self.paid_in, "the bank's account follows the bank"
            owed = await session.execute(
                text(
                    "SELECT count(*) FROM refund r WHERE r.amount_fen <> (SELECT"
                    " coalesce(sum(a.balance_fen), 0) FROM ledger_account a WHERE"
                    " a.purpose_id = r.id AND a.kind IN ('refund_due','refund_ordered'))"
                    " AND (r.state IN ('due','ordered'))"
                )
            )
            assert owed.scalar_one() == 0, "what is due or ordered stands on the refund's accounts"
            twice = await session.execute(
                text("SELECT key FROM ledger_entry GROUP BY key HAVING count(*) > 1")
            )
            assert twice.all() == []

        self.act(read)

    def teardown(self) -> None:
        engine = self.sessions.kw["bind"]
        self.runner.run(engine.dispose())
        self.runner.close()


@pytest.fixture
def machine_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A database of this test; the machines follow each other on it."""
    with cloned_database(postgres, template) as url:
        yield url


def test_all_accounts_sum_to_zero_and_none_goes_below_that_may_not(machine_url: str) -> None:
    Money.url = machine_url
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
