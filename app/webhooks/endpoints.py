"""HTTP of the webhooks module."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.feed.errors import BadOffset, UnknownOffset
from app.kit import clock, outbound
from app.kit.actor import CurrentActor, RoleRequired, ScopeRequired
from app.kit.db import Uow
from app.kit.errors import (
    Forbidden,
    IllegalMove,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Unauthenticated,
)
from app.kit.errors import problems as declared
from app.kit.http import IfMatch, Page, Paging, cursor_id, etag, make_page, trade_router
from app.kit.idempotency import Idempotent
from app.webhooks import access, service
from app.webhooks.errors import KeyChanged, NothingToReplay, ReplayFromOnePlace, TooManyWebhooks
from app.webhooks.models import Webhook
from app.webhooks.schemas import (
    DeliveryView,
    NewWebhook,
    Replay,
    WebhookEdit,
    WebhookSecret,
    WebhookView,
)
from app.webhooks.tokens import SecretKey, secret_key

webhooks = trade_router("/webhooks", "webhooks")
routers: tuple[APIRouter, ...] = (webhooks,)
_MANAGED = (Unauthenticated, RoleRequired, ScopeRequired, NotFound)


async def with_public_address(request: Request, actor: CurrentActor, new: NewWebhook) -> NewWebhook:
    """What is to be created, with an address that may be posted to.

    It is a dependency, so that the name is resolved before the transaction of the endpoint.
    """
    access.managing_party(actor)
    private = request.app.state.settings.webhook_private_addresses
    await outbound.require_public(new.url, "body.url", private=private)
    return new


async def with_public_change(
    request: Request, actor: CurrentActor, change: WebhookEdit
) -> WebhookEdit:
    """What is to change; a new address has to be one that may be posted to."""
    access.managing_party(actor)
    if change.url is not None:
        private = request.app.state.settings.webhook_private_addresses
        await outbound.require_public(change.url, "body.url", private=private)
    return change


def _key(request: Request) -> SecretKey:
    return secret_key(request.app.state.settings)


Key = Annotated[SecretKey, Depends(_key)]


@webhooks.post(
    "",
    status_code=201,
    dependencies=[Depends(with_public_address), Idempotent],
    responses=declared(
        Unauthenticated,
        Forbidden,
        TooManyWebhooks,
        BadOffset,
        UnknownOffset,
        outbound.BadUrl,
        outbound.HostUnknown,
        outbound.AddressRefused,
    ),
)
async def create_webhook(
    response: Response, session: Uow, actor: CurrentActor, key: Key, new: NewWebhook
) -> WebhookSecret:
    """Have changes posted to an address; the signing secret is in this answer and nowhere else."""
    row, secret = await service.create(session, actor, new, key)
    response.headers["Location"] = f"/api/v1/webhooks/{row.id}"
    return WebhookSecret(webhook=await service.view(session, row), secret=secret)


@webhooks.get("", responses=declared(Unauthenticated, RoleRequired))
async def list_webhooks(session: Uow, actor: CurrentActor) -> list[WebhookView]:
    """The webhooks of the own organisation."""
    rows = await service.webhook_list(session, actor)
    return [await service.view(session, row) for row in rows]


@webhooks.get("/{webhook_id}", responses=declared(Unauthenticated, RoleRequired, NotFound))
async def get_webhook(
    response: Response, session: Uow, actor: CurrentActor, webhook_id: UUID
) -> WebhookView:
    """One webhook, and how its delivery stands."""
    return await _shown(response, session, await service.get(session, actor, webhook_id))


async def _shown(response: Response, session: Uow, row: Webhook) -> WebhookView:
    response.headers["ETag"] = etag(row.version)
    return await service.view(session, row)


@webhooks.patch(
    "/{webhook_id}",
    dependencies=[Depends(with_public_change)],
    responses=declared(
        *_MANAGED,
        PreconditionFailed,
        PreconditionRequired,
        outbound.BadUrl,
        outbound.HostUnknown,
        outbound.AddressRefused,
    ),
)
async def edit_webhook(
    response: Response,
    session: Uow,
    actor: CurrentActor,
    webhook_id: UUID,
    version: IfMatch,
    change: WebhookEdit,
) -> WebhookView:
    """Change address, kinds or description; secret and place in the feed stay."""
    now = await clock.real_now(session)
    row = await service.edit(session, actor, webhook_id, change, version, now)
    return await _shown(response, session, row)


@webhooks.delete("/{webhook_id}", status_code=204, responses=declared(*_MANAGED))
async def delete_webhook(session: Uow, actor: CurrentActor, webhook_id: UUID) -> Response:
    """Post nothing more, and forget the deliveries."""
    await service.remove(session, actor, webhook_id)
    return Response(status_code=204)


@webhooks.post(
    "/{webhook_id}/rotate-secret", dependencies=[Idempotent], responses=declared(*_MANAGED)
)
async def rotate_secret(
    session: Uow, actor: CurrentActor, key: Key, webhook_id: UUID
) -> WebhookSecret:
    """A new secret; for 24 hours messages carry signatures by both."""
    now = await clock.real_now(session)
    row, secret = await service.rotate_secret(session, actor, webhook_id, key, now)
    return WebhookSecret(webhook=await service.view(session, row), secret=secret)


@webhooks.post("/{webhook_id}/disable", responses=declared(*_MANAGED, IllegalMove))
async def disable_webhook(session: Uow, actor: CurrentActor, webhook_id: UUID) -> WebhookView:
    """Post nothing more until it is enabled."""
    return await service.view(session, await service.disable(session, actor, webhook_id))


@webhooks.post("/{webhook_id}/enable", responses=declared(*_MANAGED, IllegalMove, KeyChanged))
async def enable_webhook(
    session: Uow, actor: CurrentActor, key: Key, webhook_id: UUID
) -> WebhookView:
    """Go on where delivery ended."""
    now = await clock.real_now(session)
    return await service.view(session, await service.enable(session, actor, webhook_id, key, now))


@webhooks.post("/{webhook_id}/test", status_code=202, responses=declared(*_MANAGED))
async def test_webhook(session: Uow, actor: CurrentActor, webhook_id: UUID) -> WebhookView:
    """Have one `webhook.test` message posted; what came of it is in the deliveries."""
    return await service.view(session, await service.test(session, actor, webhook_id))


@webhooks.post(
    "/{webhook_id}/replay",
    responses=declared(*_MANAGED, ReplayFromOnePlace, NothingToReplay, BadOffset, UnknownOffset),
)
async def replay(session: Uow, actor: CurrentActor, webhook_id: UUID, start: Replay) -> WebhookView:
    """Deliver again, in order, from an offset or a delivery on; messages keep their ids."""
    now = await clock.real_now(session)
    row = await service.replay(session, actor, webhook_id, start, now)
    return await service.view(session, row)


@webhooks.get(
    "/{webhook_id}/deliveries", responses=declared(Unauthenticated, RoleRequired, NotFound)
)
async def list_deliveries(
    session: Uow, actor: CurrentActor, page: Paging, webhook_id: UUID
) -> Page[DeliveryView]:
    """Attempts of the last 30 days, the newest first."""
    rows = await service.deliveries(session, actor, webhook_id, cursor_id(page), page.limit + 1)
    items, cursor = make_page(rows, page, lambda row: [row.id])
    shown = [DeliveryView.model_validate(row, from_attributes=True) for row in items]
    return Page(items=shown, next_cursor=cursor)
