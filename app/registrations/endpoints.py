"""HTTP of the registrations module."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
