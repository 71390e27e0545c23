"""Pages of logging in and out, and of acting for a client."""

from fastapi import APIRouter
from fastapi.responses import Response

from app.kit import clock
from app.kit.errors import Problem
from app.parties import login
from app.web import forms, session
from app.web.forms import Complaint
from app.web.visit import Posted, Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login_page(visit: Visit, next: str = "") -> Response:
    """The login form."""
    return _form(visit, next, "", [], 200)


@router.post("/login")
async def log_in(visit: Visit, form: Posted) -> Response:
    """Log in; wrong credentials come back on the page."""
    state = visit.request.app.state
    outcome = await login.log_in(
        visit.session,
        form.text("username")[:100],
        form.raw("password")[:200],
        None,
        await clock.real_now(visit.session),
        state.token_life,
    )
    if isinstance(outcome, Problem):
        said = [Complaint("", outcome.detail(visit.language))]
        return _form(visit, form.text("next"), form.text("username"), said, outcome.status)
    keep = int(state.token_life.refresh.total_seconds())
    fresh = session.Login.of(outcome)
    visit.cookies[session.SESSION] = (f"{fresh.access}.{fresh.refresh}", keep)
    visit.cookies[session.CSRF] = (session.new_form_token(), keep)
    visit.dropped.add(session.CLIENT)
    return visit.go(session.safe_next(form.text("next")))


def _form(
    visit: Visitor, after: str, username: str, said: list[Complaint], status: int
) -> Response:
    return visit.page(
        "login.html",
        status,
        after=after if session.safe_next(after) == after else "",
        username=username,
        complaints=said,
    )


@router.post("/logout")
async def log_out(visit: Visit, form: Posted) -> Response:
    """Close the login."""
    del form
    known = session.Login.read(visit.request)
    if known is not None:
        now = await clock.real_now(visit.session)
        await login.log_out(visit.session, known.access, now)
    visit.cookies.clear()
    visit.dropped |= {session.SESSION, session.CSRF, session.CLIENT}
    return visit.go("/")


@router.post("/desk/act-for")
async def act_for(visit: Visit, form: Posted) -> Response:
    """A broker chooses the client it acts for; the mandate is checked on every page."""
    visit.require_actor()
    chosen = form.text("client")
    if chosen:
        visit.cookies[session.CLIENT] = (str(forms.identity(chosen)), 86400)
    else:
        visit.dropped.add(session.CLIENT)
    return visit.go("/desk", "acting")
