"""The bank, as files: payment orders out, statements in.

`FileBank` is a pair of directories that the bank's own client program (银企直联) or a person
serves. `SimulatedBank` plays the bank behind these directories, in a sandbox only.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from anyio import to_thread

from app.kit.ids import new_id
from app.kit.settings import Settings
from app.ledger import messages, reports
from app.ledger.messages import BankEntry, Payment, PaymentOrder
from app.ledger.reports import PaymentStatus

CLOSED = "0000"
"""The simulated bank returns payments to account numbers that begin so: that account is closed."""

UNKNOWN = "0001"
"""The simulated bank refuses to pay account numbers that begin so: it knows no such account."""

_REFUSAL = "AC01 收款账号有误"

_SHANGHAI = ZoneInfo("Asia/Shanghai")


class Bank(Protocol):
    """Takes payment orders and gives statements; both may be repeated after a crash."""

    async def submit(self, batch_id: UUID, document: bytes) -> None:
        """Hand over a payment file; the same batch a second time changes nothing."""

    async def arrivals(self) -> Sequence[str]:
        """The names of statements that wait to be taken in, the oldest first."""

    async def read(self, name: str) -> bytes:
        """A waiting statement; raises FileNotFoundError when another process has it."""

    async def file_away(self, name: str, refusal: str | None) -> None:
        """Put a statement aside: taken in, or refused for this reason."""


@dataclass(frozen=True)
class FileBank:
    """Directories: `out` for payment files; `in`, `done` and `refused` for statements."""

    root: Path

    async def submit(self, batch_id: UUID, document: bytes) -> None:
        """Write the payment file; it appears whole or not at all."""
        await to_thread.run_sync(_write, self.root / "out" / f"{batch_id.hex}.xml", document)

    async def arrivals(self) -> Sequence[str]:
        """The XML files in `in`."""
        return await to_thread.run_sync(self._arrivals)

    def _arrivals(self) -> Sequence[str]:
        return sorted(path.name for path in (self.root / "in").glob("*.xml"))

    async def read(self, name: str) -> bytes:
        """The file; one byte more than is allowed shows that it is too large."""
        return await to_thread.run_sync(self._read, name)

    def _read(self, name: str) -> bytes:
        with (self.root / "in" / name).open("rb") as file:
            return file.read(messages.MAX_BYTES + 1)

    async def file_away(self, name: str, refusal: str | None) -> None:
        """Move the file; beside a refused one lies a text that says why."""
        await to_thread.run_sync(self._file_away, name, refusal)

    def _file_away(self, name: str, refusal: str | None) -> None:
        place = self.root / ("done" if refusal is None else "refused")
        place.mkdir(parents=True, exist_ok=True)
        if refusal is not None:
            (place / f"{name}.txt").write_text(refusal + "\n", encoding="utf-8")
        (self.root / "in" / name).rename(place / name)


class SimulatedBank(FileBank):
    """A bank that says at once which payments it takes, pays them and reports it; for the sandbox.

    The status report has a name that sorts before the statement's, as a bank would send them.
    """

    async def submit(self, batch_id: UUID, document: bytes) -> None:
        """Pay an order, once: a bank does not take a message id twice."""
        await super().submit(batch_id, document)
        await to_thread.run_sync(self._pay, document)

    def _pay(self, document: bytes) -> None:
        order = messages.read_order(document)
        told, name = f"ack-{order.message_id}.xml", f"paid-{order.message_id}.xml"
        taken = [one for one in order.payments if not one.to.number.startswith(UNKNOWN)]
        if taken and not self._has_sent(name):
            _write(self.root / "in" / name, self._statement(order, name, taken))
        if not self._has_sent(told):
            statuses = [
                PaymentStatus(one.end_to_end_id, reports.TAKEN, "")
                if one in taken
                else PaymentStatus(one.end_to_end_id, reports.REJECTED, _REFUSAL)
                for one in order.payments
            ]
            answer = reports.write_report(told[:35], order.message_id, order.created_at, statuses)
            _write(self.root / "in" / told, answer)

    def _has_sent(self, name: str) -> bool:
        return any((self.root / place / name).exists() for place in ("in", "done"))

    def _statement(self, order: PaymentOrder, name: str, taken: Sequence[Payment]) -> bytes:
        entries: list[BankEntry] = []
        for payment in taken:
            paid = BankEntry(
                bank_ref=f"D{payment.end_to_end_id}",
                credit=False,
                amount=Decimal(payment.amount_fen) / 100,
                currency="CNY",
                booked_on=order.created_at.astimezone(_SHANGHAI).date(),
                booked_at=order.created_at,
                returned=False,
                party_name=payment.to.name,
                party_account=payment.to.number,
                party_bank=payment.to.bank_code,
                end_to_end_id=payment.end_to_end_id,
                remittance=payment.remittance,
            )
            entries.append(paid)
            if payment.to.number.startswith(CLOSED):
                reference = f"R{payment.end_to_end_id}"
                entries.append(replace(paid, bank_ref=reference, credit=True, returned=True))
        number = order.account.number
        return messages.write_statement(number, name[:35], order.created_at, entries)

    async def pay_in(self, account: str, payments: Sequence[BankEntry], at: datetime) -> None:
        """Let payers pay these to the platform's account, and report them."""
        message_id = new_id().hex
        statement = messages.write_statement(account, message_id, at, payments)
        await to_thread.run_sync(_write, self.root / "in" / f"{message_id}.xml", statement)


def payment_in(
    amount_fen: int, remittance: str, payer_name: str, payer_account: str, at: datetime
) -> BankEntry:
    """A payment as a payer makes it."""
    return BankEntry(
        bank_ref=new_id().hex,
        credit=True,
        amount=Decimal(amount_fen) / 100,
        currency="CNY",
        booked_on=at.astimezone(_SHANGHAI).date(),
        booked_at=at,
        returned=False,
        party_name=payer_name,
        party_account=payer_account,
        party_bank=None,
        end_to_end_id=None,
        remittance=remittance,
    )


def _write(path: Path, content: bytes) -> None:
    """On disk before it has its name: what is read is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{new_id().hex}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def bank_of(settings: Settings) -> Bank | None:
    """The bank that the settings name; None when operators carry the files by hand."""
    if settings.bank == "manual":
        return None
    root = bank_root(settings)
    return SimulatedBank(root) if settings.bank == "simulated" else FileBank(root)


def bank_root(settings: Settings) -> Path:
    """Where the bank's directories are."""
    return Path(settings.bank_dir) if settings.bank_dir else settings.data_dir / "bank"
