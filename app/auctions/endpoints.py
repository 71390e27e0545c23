"""HTTP of the auctions module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
