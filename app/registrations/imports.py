"""Bulk work of an office: contracts taken in from a file, and many decisions at once.

A file is JSON Lines, one `ImportedContract` a line, or XLSX with the columns of `COLUMNS`. Every
row has its own outcome: what is refused writes nothing and leaves the others.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from hashlib import sha256
from io import BytesIO
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError
from python_calamine import CalamineError, CalamineWorkbook
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import clock
from app.kit.actor import Actor
from app.kit.errors import NotFound, Problem
from app.kit.i18n import Language
from app.kit.ids import new_id
from app.kit.money import MoneyError, parse_yuan
from app.parties import service as parties
from app.registrations import (
    access,
    deciding,
    forms,
    recognition,
    recording,
    repository,
    rules,
    service,
)
from app.registrations.errors import BadImport, OutsideTerritory, TooManyRows, UnknownOffice
from app.registrations.models import Registration, RegistrationOffice, RegistrationText
from app.registrations.schemas import (
    Decision,
    DecisionOutcome,
    FormDetails,
    ImportedContract,
    ImportOutcome,
    PartyIn,
    Refusal,
    RowOutcome,
)
from app.registrations.states import RegistrationState, Side, Source

MOST_ROWS = 2000
Format = Literal["jsonl", "xlsx"]
_SHANGHAI = ZoneInfo("Asia/Shanghai")

COLUMNS: dict[str, str] = {
    "申请编号": "reference",
    "项目名称": "title",
    "合同类别": "contract_class",
    "合同子类别": "sub_class",
    "技术领域": "technical_field",
    "成交额(元)": "total_fen",
    "技术交易额(元)": "technical_fen",
    "支付方式": "payment_mode",
    "合同签订日期": "signed_on",
    "卖方名称": "seller.name",
    "卖方统一社会信用代码": "seller.credit_code",
    "卖方行政区划代码": "seller.region_code",
    "卖方性质": "seller.party_type",
    "卖方国别代码": "seller.country",
    "买方名称": "buyer.name",
    "买方统一社会信用代码": "buyer.credit_code",
    "买方行政区划代码": "buyer.region_code",
    "买方性质": "buyer.party_type",
    "买方国别代码": "buyer.country",
    "知识产权": "ip_type",
    "计划类别": "plan_category",
    "社会经济目标": "objective",
    "合同有效期限(起)": "valid_from",
    "合同有效期限(止)": "valid_until",
    "预计新增投入(元)": "added_input_fen",
    "预计新增产值(元)": "added_output_fen",
    "经办人": "handler",
    "合同文本": "text",
}
"""Columns of the workbook by heading; codes as in the API, money in yuan."""

Row = tuple[int, ImportedContract | RowOutcome]


def rows_of(content: bytes, kind: Format) -> Iterator[Row]:
    """The rows of a file with their line numbers; raises BadImport and TooManyRows."""
    given = _jsonl(content) if kind == "jsonl" else _xlsx(content)
    for count, (number, values) in enumerate(given):
        if count >= MOST_ROWS:
            raise TooManyRows(field="body", most=MOST_ROWS)
        try:
            if isinstance(values, str):
                yield number, _refused(number, "bad_row", values, "")
            else:
                yield number, ImportedContract.model_validate_json(orjson.dumps(values))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            yield number, _refused(number, "bad_row", first["msg"], where)


def _refused(number: int, code: str, message: str, field: str) -> RowOutcome:
    return RowOutcome(row=number, outcome="refused", code=code, message=message, field=field)


def _jsonl(content: bytes) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            try:
                values = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                values = f"not JSON: {error}"
            yield number, values if isinstance(values, dict | str) else "not an object"


def _xlsx(content: bytes) -> Iterator[tuple[int, Any]]:
    try:
        sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
    except (CalamineError, IndexError) as error:
        raise BadImport(field="body", reason=str(error)) from None
    lines = sheet.to_python()
    heading = [str(name).strip() for name in lines[0]] if lines else []
    unknown = [name for name in heading if name and name not in COLUMNS]
    if unknown or "申请编号" not in heading:
        raise BadImport(field="body.1", reason=f"{unknown or heading}", columns=list(COLUMNS))
    for number, line in enumerate(lines[1:], 2):
        if any(str(cell).strip() for cell in line):
            try:
                yield number, _from_cells(heading, line)
            except MoneyError as error:
                yield number, str(error)


def _from_cells(heading: Sequence[str], line: Sequence[Any]) -> dict[str, Any]:
    """A row's values by member; empty cells are left out."""
    row: dict[str, Any] = {}
    for name, cell in zip(heading, line, strict=False):
        member = COLUMNS.get(name)
        value = _plain(cell)
        if member is None or value == "":
            continue
        at = row
        *outer, last = member.split(".")
        for part in outer:
            at = at.setdefault(part, {})
        at[last] = parse_yuan(value) if last.endswith("_fen") else value
    return row


def _plain(cell: Any) -> str:
    """A cell as text: whole numbers without a fraction, days as days."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


async def take_in(
    session: AsyncSession, actor: Actor, content: bytes, kind: Format, language: Language
) -> ImportOutcome:
    """A registrar takes contracts in that were handed to the office; they are submitted.

    A row whose reference the office has already is `known` and changes nothing, so that a file
    can be sent again. Raises BadImport, TooManyRows and UnknownOffice.
    """
    office_id = access.office_of(actor)
    office = await repository.office(session, office_id)
    if office is None:
        raise UnknownOffice
    now = await clock.now(session)
    done: list[RowOutcome] = []
    for number, row in rows_of(content, kind):
        if isinstance(row, RowOutcome):
            done.append(row)
            continue
        known = await repository.by_reference(session, office_id, row.reference)
        if known is not None:
            done.append(_outcome(number, "known", known))
            continue
        try:
            async with session.begin_nested():
                made = await _take(session, actor, office, row, now)
            done.append(_outcome(number, "taken", made))
        except Problem as problem:
            refused = _refused(
                number, problem.code, problem.detail(language), (problem.field or "")
            )
            refused.reference = row.reference
            done.append(refused)
    count = {name: sum(one.outcome == name for one in done) for name in ("taken", "known")}
    return ImportOutcome(
        taken=count["taken"],
        known=count["known"],
        refused=len(done) - count["taken"] - count["known"],
        rows=done,
    )


def _outcome(number: int, outcome: Literal["taken", "known"], row: Registration) -> RowOutcome:
    return RowOutcome(row=number, outcome=outcome, registration_id=row.id, reference=row.reference)


async def _take(
    session: AsyncSession,
    actor: Actor,
    office: RegistrationOffice,
    given: ImportedContract,
    now: datetime,
) -> Registration:
    """One contract; raises what is wrong with it."""
    recognition.scheme_of(given.contract_class, given.sub_class)
    forms.check_code("technical_fields", given.technical_field, "body.technical_field")
    forms.check_details(given, "body")
    rules.check_amounts(given.total_fen, given.technical_fen)
    side = rules.registering_side(given.seller.region_code, given.buyer.region_code)
    place = (given.seller if side is Side.SELLER else given.buyer).region_code[:2]
    if place != office.region4[:2]:
        raise OutsideTerritory(
            field=f"body.{side.value}.region_code", province=place, office_region=office.region4
        )
    seller_id, seller_kind = await _party(session, given.seller, "body.seller")
    buyer_id, buyer_kind = await _party(session, given.buyer, "body.buyer")
    row = Registration(
        id=new_id(),
        source=Source.IMPORT.value,
        reference=given.reference,
        office_id=office.organisation_id,
        applicant_id=office.organisation_id,
        seller_id=seller_id,
        seller_kind=seller_kind,
        seller_region=given.seller.region_code,
        buyer_id=buyer_id,
        buyer_kind=buyer_kind,
        buyer_region=given.buyer.region_code,
        title=given.title,
        contract_class=given.contract_class,
        sub_class=given.sub_class,
        technical_field=given.technical_field,
        total_fen=given.total_fen,
        technical_fen=given.technical_fen,
        payment_mode=given.payment_mode,
        details=FormDetails(
            **{name: getattr(given, name) for name in FormDetails.model_fields}
        ).model_dump(mode="json"),
        signed_at=_midnight(given.signed_on),
        state=RegistrationState.SUBMITTED.value,
        submitted_at=now,
    )
    recording.remember_text(row, given.text)
    session.add(row)
    await session.flush()
    session.add(
        RegistrationText(
            registration_id=row.id,
            text_version=1,
            text=given.text,
            text_sha256=sha256(given.text.encode()).hexdigest(),
        )
    )
    recording.record(session, actor, row, "import", None, reference=given.reference)
    await session.flush()
    return row


def _midnight(day: date) -> datetime:
    """The beginning of a day in Shanghai."""
    return datetime.combine(day, time(), _SHANGHAI).astimezone(UTC)


async def _party(session: AsyncSession, given: PartyIn, field: str) -> tuple[UUID, str]:
    """Id and kind of a party; one that is a member of the market has its own."""
    code = forms.check_party(given, field)
    member = await parties.facts_by_code(session, code)
    kept = await repository.keep_party(
        session,
        {
            "id": new_id() if member is None else member.id,
            "organisation_id": None if member is None else member.id,
            "name": given.name if member is None else member.name,
            "credit_code": code,
            "region_code": given.region_code,
            "country": given.country,
            "party_type": given.party_type,
        },
    )
    return kept, rules.party_kind(given.party_type) if member is None else member.kind


async def decide(
    session: AsyncSession, actor: Actor, decisions: Sequence[Decision], language: Language
) -> list[DecisionOutcome]:
    """Decide on many applications, one by one in the given order.

    All are locked first and in one order, so that two registrars who decide at once do not wait
    for each other in a circle. What is refused leaves the others.
    """
    access.office_of(actor)
    await repository.lock_all(session, [one.registration_id for one in decisions])
    done = []
    for one in decisions:
        try:
            async with session.begin_nested():
                row = await _decide(session, actor, one)
            done.append(
                DecisionOutcome(
                    registration_id=one.registration_id,
                    outcome="done",
                    state=RegistrationState(row.state),
                    number=row.number,
                )
            )
        except Problem as problem:
            done.append(
                DecisionOutcome(
                    registration_id=one.registration_id,
                    outcome="refused",
                    code=problem.code,
                    message=problem.detail(language),
                )
            )
    return done


async def _decide(session: AsyncSession, actor: Actor, one: Decision) -> Registration:
    where = (session, actor, one.registration_id)
    if one.act == "accept":
        return await service.accept(*where)
    if one.act == "register":
        return await deciding.register(*where)
    if one.act == "request_correction":
        return await service.request_correction(*where, one.note)
    if one.reason is None:
        raise NotFound
    return await deciding.refuse(*where, Refusal(reason=one.reason, note=one.note))
