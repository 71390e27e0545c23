"""HTTP of the deals module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
