"""HTTP of the pricing module."""

from fastapi import APIRouter

from app.kit.http import trade_router

valuations = trade_router("/valuations", "pricing")
routers: tuple[APIRouter, ...] = (valuations,)
