"""How a client logs in, and where they are logged in: password, email, app, and the open sessions."""

from __future__ import annotations

from clientportal.policy import Proof, SecondFactorUse, SeenBy
from clientportal.web.messages import Response
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def login(visit: Visit) -> Response:
    """Everything about the login, and every open session."""
    policy = visit.policy
    accounts = policy.registration.accounts and policy.login.proof is Proof.PASSWORD
    return visit.render(
        "login.html",
        sessions=await visit.client.sessions(),
        options=await visit.client.profiles(),
        passwords=accounts,
        second_factor=accounts and policy.accounts.second_factor is not SecondFactorUse.OFF,
        records=accounts and policy.visibility.appointments is SeenBy.RECORD,
        by_contact=not accounts,
    )


async def end_session(visit: Visit) -> Response:
    """End one of them."""
    await visit.client.end_session(visit.arguments["id"])
    return visit.redirect("/login", notice="login.ended")


async def log_out_everywhere(visit: Visit) -> Response:
    """End them all, this one included."""
    await visit.client.log_out_everywhere()
    visit.forget()
    return visit.redirect("/", notice="notice.logged_out_everywhere")


ROUTES = (
    Route("GET", "/login", login, menu="menu.login"),
    Route("POST", "/login/sessions/{id}/end", end_session),
    Route("POST", "/login/log-out-everywhere", log_out_everywhere),
)
