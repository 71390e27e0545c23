"""HTTP of the contracts module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
