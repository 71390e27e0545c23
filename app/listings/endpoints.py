"""HTTP of the listings module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
