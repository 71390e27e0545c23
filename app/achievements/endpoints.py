"""HTTP of the achievements module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
