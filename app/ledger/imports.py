"""Taking in bank statements: every payment once, however often the bank tells of it."""

import asyncio
import hashlib
from collections import Counter
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import audit
from app.kit.actor import Actor
from app.kit.ids import new_id
from app.ledger import messages, repository, rules
from app.ledger.errors import NotInYuan, NotOurAccount
from app.ledger.messages import Statement
from app.ledger.models import BankStatement
from app.ledger.states import Direction

KEY = ("account", "bank_ref", "direction", "amount_fen", "booked_on")


async def import_statement(
    session: AsyncSession, actor: Actor, document: bytes, source: str
) -> BankStatement:
    """Take in a camt.053 file; the same bytes again give the same answer.

    Payments are matched afterwards, one transaction each. Raises StatementUnreadable,
    NotOurAccount, NotInYuan and NotWholeFen; nothing of the file is taken then.
    """
    statements = await asyncio.to_thread(messages.read_statements, document)
    sha256 = hashlib.sha256(document).hexdigest()
    await repository.lock_statements(session)
    known = await repository.known_statement(session, sha256)
    if known is not None:
        return known
    ours = await repository.settlement_numbers(session)
    rows = [row for statement in statements for row in _rows(statement, ours)]
    _tell_apart(rows)
    unknown = await repository.unknown_lines(
        session, [tuple(row[name] for name in KEY) for row in rows]
    )
    fresh = [row for row in rows if tuple(row[name] for name in KEY) in unknown]
    taken = BankStatement(
        id=new_id(),
        sha256=sha256,
        source=source,
        message_id=statements[0].message_id if statements else "",
        person_id=actor.person_id,
        payments=len(rows),
        known=len(rows) - len(fresh),
    )
    session.add(taken)
    await session.flush()
    await repository.insert_lines(session, [{"statement_id": taken.id, **row} for row in fresh])
    audit.record(
        session,
        actor,
        "bank_statement.import",
        "bank_statement",
        taken.id,
        after={"sha256": sha256, "source": source, "payments": taken.payments},
    )
    return taken


def _rows(statement: Statement, ours: Any) -> list[dict[str, Any]]:
    if statement.account not in ours:
        raise NotOurAccount(field="body", account=statement.account, known=list(ours))
    rows = []
    for entry in statement.entries:
        if entry.currency != "CNY":
            raise NotInYuan(field="body", currency=entry.currency)
        rows.append(
            {
                "account": statement.account,
                "bank_ref": entry.bank_ref,
                "direction": (Direction.CREDIT if entry.credit else Direction.DEBIT).value,
                "amount_fen": rules.fen_of(entry.amount),
                "booked_on": entry.booked_on,
                "booked_at": entry.booked_at,
                "returned": entry.returned,
                "party_name": entry.party_name,
                "party_account": entry.party_account,
                "party_bank": entry.party_bank,
                "end_to_end_id": entry.end_to_end_id,
                "remittance": entry.remittance,
            }
        )
    return rows


def _tell_apart(rows: list[dict[str, Any]]) -> None:
    """Number payments of one file that the bank gave the same reference, amount and day."""
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        key = tuple(row[name] for name in KEY)
        seen[key] += 1
        if seen[key] > 1:
            row["bank_ref"] = f"{row['bank_ref']}~{seen[key]}"
