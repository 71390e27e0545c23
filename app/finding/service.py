"""Search alerts: a person's question, and what is told when it has new answers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.finding import access, repository, rules
from app.finding.errors import NotAMailAddress, NothingAsked, TooManyAlerts
from app.finding.models import SavedSearch
from app.finding.schemas import AlertMatch, NewSearchAlert, Question, SearchAlertView
from app.kit import audit, mail
from app.kit.actor import SYSTEM, Actor
from app.kit.http import API
from search.protocol import Audience, Index, Query

MOST_ALERTS = 50
SHOWN_MATCHES = 50
BATCH = 200
SUBJECT = "搜索提醒“{name}”有 {count} 条新结果 / {count} new answers to “{name}”"
MAIL = "您保存的搜索“{name}”有新的结果 / New answers to your saved search:\n\n{lines}\n\n{url}\n"


async def create(session: AsyncSession, actor: Actor, new: NewSearchAlert) -> SavedSearch:
    """Save a question; what is published from now on and answers it is told."""
    person_id, organisation_id = access.asker(actor)
    asked = new.question.model_dump(mode="json", exclude_defaults=True)
    if not asked.get("q", "").strip() and set(asked) <= {"q"}:
        raise NothingAsked(field="body.question")
    if new.mail is not None and not mail.is_address(new.mail):
        raise NotAMailAddress(field="body.mail", given=new.mail)
    if len(await repository.saved_searches(session, person_id)) >= MOST_ALERTS:
        raise TooManyAlerts(most=MOST_ALERTS)
    alert = SavedSearch(
        person_id=person_id,
        organisation_id=organisation_id,
        name=new.name,
        question=asked,
        mail=new.mail,
        active=True,
    )
    session.add(alert)
    await session.flush()
    audit.record(
        session,
        actor,
        "search_alert.create",
        "search_alert",
        alert.id,
        after={"name": alert.name, "question": asked, "mail": alert.mail},
        audience=access.audience(alert),
    )
    return alert


async def end(session: AsyncSession, actor: Actor, alert_id: UUID) -> None:
    """End an alert; raises NotFound."""
    access.asker(actor)
    alert = access.own(actor, await repository.saved_search(session, alert_id))
    alert.active = False
    alert.version += 1
    audit.record(
        session,
        actor,
        "search_alert.end",
        "search_alert",
        alert.id,
        before={"active": True},
        after={"active": False},
        audience=access.audience(alert),
    )


async def own_alerts(session: AsyncSession, actor: Actor) -> Sequence[SavedSearch]:
    """The person's alerts, the newest first."""
    access.asker(actor)
    assert actor.person_id is not None
    return await repository.saved_searches(session, actor.person_id)


async def get(session: AsyncSession, actor: Actor, alert_id: UUID) -> SearchAlertView:
    """One alert with what it found; raises NotFound."""
    access.asker(actor)
    alert = access.own(actor, await repository.saved_search(session, alert_id))
    return await view(session, alert)


async def view(session: AsyncSession, alert: SavedSearch) -> SearchAlertView:
    """An alert as its person sees it."""
    shown = SearchAlertView.model_validate(
        {
            name: getattr(alert, name)
            for name in ("id", "version", "name", "question", "mail", "created_at")
        }
    )
    for found in await repository.matches(session, alert.id, SHOWN_MATCHES):
        kind, object_id = rules.object_of(found.document_id)
        shown.matches.append(
            AlertMatch(
                id=object_id,
                kind=kind,
                title=found.title,
                found_at=found.found_at,
                links={"self": f"{API}/{kind}s/{object_id}", "page": f"/{kind}s/{object_id}"},
            )
        )
    return shown


async def match(
    session: AsyncSession, index: Index, titles: dict[str, str], public_url: str
) -> None:
    """Tell the alerts that these documents answer; each document once for an alert.

    Only what was published after an alert was saved is news to it. Alerts see what members may.
    """
    after: UUID | None = None
    while alerts := await repository.active_searches(session, after, BATCH):
        for alert in alerts:
            question = Question.model_validate(alert.question)
            answer = await index.search(
                Query(
                    audiences=frozenset(Audience),
                    text=question.q,
                    narrowed=question.narrowed(),
                    price_min_fen=question.price_min_fen,
                    price_max_fen=question.price_max_fen,
                    published_after=int(alert.created_at.timestamp()) + 1,
                    ids=tuple(titles),
                    limit=len(titles),
                )
            )
            found = [(one.id, titles[one.id]) for one in answer.hits if one.id in titles]
            new = await repository.add_matches(session, alert.id, found)
            if new:
                await _tell(session, alert, [(one, titles[one]) for one in new], public_url)
        after = alerts[-1].id


async def _tell(
    session: AsyncSession, alert: SavedSearch, found: Sequence[tuple[str, str]], public_url: str
) -> None:
    audit.record(
        session,
        SYSTEM,
        "search_alert.match",
        "search_alert",
        alert.id,
        after={"documents": [document for document, _ in found]},
        audience=access.audience(alert),
    )
    if alert.mail is None:
        return
    lines = []
    for document, title in found:
        kind, object_id = rules.object_of(document)
        lines.append(f"{title}\n{public_url}/{kind}s/{object_id}")
    await mail.defer(
        session,
        alert.mail,
        SUBJECT.format(name=alert.name, count=len(found)),
        MAIL.format(name=alert.name, lines="\n".join(lines), url=f"{public_url}/search"),
    )
