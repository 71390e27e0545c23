"""Form JJ-001 as JSON and XLSX, for one registration or for an office's days."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import xlsxwriter
from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.actor import Actor
from app.parties.states import Role
from app.registrations import access, forms, repository
from app.registrations.models import Registration

MOST = 5000
"""How many forms one file has; an office's month is less."""


async def of_one(
    session: AsyncSession, actor: Actor, registration_id: UUID
) -> list[dict[str, Any]]:
    """The form of one registration, for whoever sees it; raises NotFound."""
    row = access.visible(actor, await repository.registration(session, registration_id))
    return await _values(session, [row])


async def of_days(
    session: AsyncSession, actor: Actor, first: date, last: date
) -> list[dict[str, Any]]:
    """The forms of what the own office registered on days and is in force; all for regulators."""
    actor.require_role(Role.REGISTRAR, Role.REGULATOR)
    office = None if access.sees_all(actor) else access.office_of(actor)
    return await _values(session, await repository.in_force(session, office, first, last, MOST))


async def _values(session: AsyncSession, rows: Sequence[Registration]) -> list[dict[str, Any]]:
    ids = [party for row in rows for party in (row.seller_id, row.buyer_id)]
    known = await repository.parties_of(session, ids)
    return [forms.values(row, known) for row in rows]


def described() -> list[dict[str, Any]]:
    """The form's fields with their titles, code lists and verify marks."""
    return [
        {
            "key": field.key,
            "zh": field.zh,
            "code_list": field.list_name,
            "unit": "fen" if field.money else None,
            "verify": field.verify,
        }
        for field in forms.FIELDS
    ]


async def as_xlsx(rows: Sequence[dict[str, Any]]) -> bytes:
    """A workbook with one line per form; all cells are text, so that codes keep their zeros."""
    return await to_thread.run_sync(_xlsx, rows)


def _xlsx(rows: Sequence[dict[str, Any]]) -> bytes:
    file = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet(forms.FORM)
        bold = book.add_format({"bold": True, "text_wrap": True})
        for column, field in enumerate(forms.FIELDS):
            unit = "(元)" if field.money else ""
            sheet.write_string(0, column, f"{field.zh}{unit}", bold)
            sheet.set_column(column, column, 20)
        for line, row in enumerate(rows, 1):
            for column, field in enumerate(forms.FIELDS):
                sheet.write_string(line, column, forms.printed(field, row[field.key]))
        sheet.freeze_panes(1, 1)
    return file.getvalue()
