"""HTTP of the statistics module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
