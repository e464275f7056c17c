"""Every address of the pages and of the JSON interface × who asks × whose thing it is (ASVS V8.2, V8.3, V3.5.1).

The addresses are read from the table of routes: a new one is tried from its first day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from attrs import asdict

from clientportal import Permission
from clientportal.web import Needs, Request, Response, Route, StaffIdentity
from clientportal.web.cookies import Jar
from clientportal.web.pages_api import ENDPOINTS
from clientportal.web.protection import form_token
from clientportal.web.routes import ROUTES
from clientportal.web.routing import Kind, path_of
from security.attacking import ANA, Neighbour
from security.test_objects import NOBODYS, Things, own_things
from watching import everything_stored
from web.browser import BASE, Browser, browser, pages
from world import World

BEN = "021 765 4321"
FOR_CLIENTS = tuple(route for route in ROUTES if route.needs is Needs.SESSION)
FOR_STAFF = tuple(route for route in ROUTES if route.needs is Needs.STAFF)
REFUSED = (303, 400, 422)
SAME_SITE = {"sec_fetch_site": "same-origin", "origin": BASE.rpartition("/")[0]}


def address(route: Route, things: Things) -> str:
    """The address of a route, about somebody's things."""
    place = {
        "id": things.appointment if "bookings" in route.path or "appointments" in route.path else things.item,
        "ref": str(things.ref),
        "link": things.link,
        "name": "stamp_cards",
        "action": "redeem",
        "version": "x",
        "booking": things.appointment,
    }
    if "sessions" in route.path:
        place["id"] = things.session
    found = re.sub(r"\{(\w+)(:signed)?\}", lambda one: path_of(place[one[1]])[1:], route.path)
    query = ""
    if "merge" in route.path:
        query = f"?r0={things.ref}&r1={things.ref}"
    elif "slots" in route.path:
        query = "?since=2026-11-25T00:00:00%2B13:00&until=2026-11-28T00:00:00%2B13:00"
    return f"{BASE}{found}{query}"


def typed(things: Things) -> dict[str, str]:
    """What a form may bring that names something of somebody's."""
    return {
        "option": str(things.ref),
        "slot": things.slot,
        "handle": things.handle,
        "code": "123456",
        "contact": things.contact,
        "merge": things.merge,
        "r0": str(things.ref),
        "r1": str(things.ref),
        "first": str(things.ref),
        "second": str(things.ref),
        "id": things.item,
        "item": things.item,
        "action": "redeem",
        "amount": "65.00",
        "password": "kereru over the harbour",
    }


def body(route: Route, things: Things) -> dict[str, Any]:
    """A sound body of JSON for an endpoint, as its description says, about somebody's things."""
    (endpoint,) = (one for one in ENDPOINTS if (one.path, one.method) == (route.path, route.method))
    about: dict[str, Any] = {
        **typed(things),
        "slot": things.slot,
        "profile": str(things.ref),
        "card": things.item,
        "email": "fay@example.com",
        "new_password": "kereru over the harbour",
    }
    by_kind = {"money": {"amount": "65.00", "currency": "NZD"}, "texts": {"story": "long"}, "boolean": True}
    return {
        one.name: by_kind.get(one.kind, one.among[0] if one.among else about.get(one.name, "x"))
        for one in endpoint.body
        if one.kind in {"text", *by_kind} and (one.required or one.name in about)
    }


def ask(one: Browser, route: Route, things: Things, *, token: str | None = None, form: str = "") -> Response:
    """One request as that browser would make it; JSON with a bearer's token, forms with ``form`` as their token."""
    if route.kind is Kind.JSON:
        return ask_json(one, route, things, **({} if token is None else {"authorization": f"Bearer {token}"}))
    fields = {**typed(things), "_token": form} if route.method == "POST" else None
    return one.request(route.method, address(route, things), fields, **SAME_SITE)


def ask_json(one: Browser, route: Route, things: Things, **headers: str) -> Response:
    """A body of JSON, which a browser's form cannot send."""
    path, _, query = address(route, things).removeprefix(BASE).partition("?")
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    request = Request(
        method=route.method,
        path=path,
        root=one.root,
        query_string=query,
        headers={**sent, "content-type": "application/json"},
        body=json.dumps(body(route, things)).encode() if route.method == "POST" else b"",
        source=one.source,
    )
    world = one.world
    answer: Response = world.run(one.site.handle_async(request)) if world.awaited else one.site.handle(request)
    return answer


def body_of(response: Response) -> str:
    """What came back, without what differs by chance: tokens of forms, keys of requests."""
    assert isinstance(response.body, bytes), "a download was streamed"
    text = response.body.decode() + str(response.headers.get("location"))
    return re.sub(r'value="[\w-]{20,}"', 'value="?"', text)


def but_audit(world: World) -> Mapping[str, list[str]]:
    """Everything that is stored, but for the audit."""
    return {table: rows for table, rows in everything_stored(world).items() if table != "cp_audit"}


def cookie(world: World) -> str:
    """The name of the cookie that holds a session."""
    return Jar(world.tenant, secure=True).name("session")


def named(route: Route) -> str:
    """A route, as a failing test shows it."""
    return f"{route.method} {route.path}"


# --- nobody in particular --------------------------------------------------------------------------------------------


def test_no_route_of_a_client_answers_without_a_session(world: World) -> None:
    """No cookie, a made-up one, one that has ended, one of the business next door: pages lead to the sign-in, JSON says
    401, forms are refused; no word of Ana's, and not a row is another.
    """
    other = Neighbour(world)
    ana = own_things(world, "ana", ANA)
    cleo = own_things(other, "cleo", BEN)
    ended = world.sign_in(ANA)
    world.client(ended).log_out()
    next_door = other.sign_in(BEN).token.reveal()
    before = but_audit(world)
    for token in (None, "made-up", f"{ended.token.reveal()}", next_door, ana.session):
        one = browser(world)
        one.pumps = False
        for route in FOR_CLIENTS:
            one.cookies = {} if token is None else {cookie(world): token}
            form = form_token(world.keys, world.tenant, token or "")
            answer = ask(one, route, ana, token=token, form=form)
            sent_in = () if route.method == "GET" else (403,)
            wanted = (401 if route.kind is Kind.JSON else 303, *sent_in)
            assert answer.status in wanted, (named(route), answer.status, token)
            if answer.status == 303:
                assert "/sign-in" in answer.headers["location"], named(route)
            assert "Kingi" not in body_of(answer), named(route)
    assert but_audit(world) == before
    assert cleo is not None


def test_no_form_acts_without_its_token(memory_world: World) -> None:
    """Ana's own session, every form of it that another site could send: refused, and nothing happens (V3.5.1)."""
    world = memory_world
    ana = own_things(world, "ana", ANA)
    one = browser(world)
    one.cookies = {cookie(world): world.sign_in(ANA).token.reveal()}
    one.pumps = False
    before = but_audit(world)
    for route in ROUTES:
        if route.method == "GET" or route.kind is Kind.JSON or not route.checked:
            continue
        kept = dict(one.cookies)
        for form in ("", "0" * 64, form_token(world.keys, world.tenant, "another browser")):
            assert ask(one, route, ana, form=form).status == 403, named(route)
        one.cookies = kept
    assert but_audit(world) == before


def test_json_acts_for_no_cookie_of_a_browser(memory_world: World) -> None:
    """Another site makes Ana's browser send her cookie along with a body: every POST of the JSON interface refuses."""
    world = memory_world
    ana = own_things(world, "ana", ANA)
    one = browser(world)
    one.cookies = {cookie(world): world.sign_in(ANA).token.reveal()}
    before = but_audit(world)
    for route in FOR_CLIENTS:
        if route.kind is not Kind.JSON or route.method == "GET":
            continue
        header = "; ".join(f"{name}={value}" for name, value in one.cookies.items())
        answer = ask_json(one, route, ana, cookie=header, origin="https://evil.example", sec_fetch_site="cross-site")
        assert answer.status in (401, 403), named(route)
    assert but_audit(world) == before


# --- somebody else ---------------------------------------------------------------------------------------------------


def without(text: str, things: Things) -> str:
    """A body without the things that were asked for."""
    for thing in asdict(things, recurse=False).values():
        for spelt in {str(thing), path_of(str(thing))[1:], str(thing).replace(" ", "+")}:
            text = text.replace(spelt, "<named>")
    return re.sub(r"\+\d\d•+\d{3}", "<masked>", text)


def compared(one: Browser, routes: Iterator[Route], theirs: Things, token: str, form: str) -> None:
    """What is asked about somebody else's things is answered as about nobody's."""
    for route in routes:
        said = []
        for things in (theirs, NOBODYS):
            kept = dict(one.cookies)
            answer = ask(one, route, things, token=token, form=form)
            said.append((answer.status, without(body_of(answer), things)))
            one.cookies = kept
        assert said[0] == said[1], named(route)


def naming(routes: tuple[Route, ...]) -> Iterator[Route]:
    """Those whose address names something."""
    return (route for route in routes if "{" in route.path and "static" not in route.path)


def test_another_client_s_things_are_answered_as_nobody_s(world: World) -> None:
    """Ben asks every page and every address of the JSON interface for what is Ana's: as if there were no such thing."""
    ana, ben = own_things(world, "ana", ANA), own_things(world, "ben", BEN)
    one = browser(world)
    one.pumps = False
    token = world.sign_in(BEN).token.reveal()
    one.cookies = {cookie(world): token}
    compared(one, naming(FOR_CLIENTS), ana, token, form_token(world.keys, world.tenant, token))
    anas = world.log_in(ANA)
    assert [line.id for line in anas.appointments().items] == ["ana-1"]
    assert ben is not None


def test_links_of_another_business_are_answered_as_made_up_ones(memory_world: World) -> None:
    """Every public page that a link leads to, asked at the business next door."""
    world = memory_world
    other = Neighbour(world)
    ana = own_things(world, "ana", ANA)
    own_things(other, "cleo", BEN)
    one = Browser(other, pages(other))
    one.pumps = False
    before = everything_stored(world)
    public = tuple(route for route in ROUTES if route.needs is Needs.NOTHING and "link" in route.path)
    assert len(public) > 15
    compared(one, naming(public), ana, "", form_token(other.keys, other.tenant, ""))
    assert everything_stored(world) == before


# --- staff -----------------------------------------------------------------------------------------------------------


def test_no_page_of_staff_answers_a_client_or_staff_without_permissions(memory_world: World) -> None:
    """A client's own session, and Tui, who is staff and may do nothing: no page of staff's shows or does anything."""
    world = memory_world
    ana = own_things(world, "ana", ANA)
    token = world.sign_in(ANA).token.reveal()
    form = form_token(world.keys, world.tenant, token)
    nobody = browser(world)
    tui = browser(world, staff=lambda _request: StaffIdentity(actor="tui", permissions=frozenset[Permission]()))
    before = but_audit(world)
    for one in (nobody, tui):
        one.pumps = False
        for route in FOR_STAFF:
            one.cookies = {cookie(world): token}
            answer = ask(one, route, ana, form=form)
            assert answer.status in (403, 422, 303) if one is tui else answer.status == 403, (
                named(route),
                answer.status,
            )
            assert "Kingi" not in body_of(answer), named(route)
    assert but_audit(world) == before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_any_address_changes_nothing(memory_world: World, method: str) -> None:
    """Every address, asked three times by a mail scanner with Ana's own cookies: what is stored stays, but for what is
    noted as seen by her (documents) and the audit.
    """
    world = memory_world
    ana = own_things(world, "ana", ANA)
    one = browser(world)
    one.pumps = False
    one.cookies = {cookie(world): world.sign_in(ANA).token.reveal()}
    before = but_audit(world)
    for route in ROUTES:
        kept = dict(one.cookies)
        for _ in range(3):
            one.request(method, address(route, ana))
        one.cookies = kept
    after = but_audit(world)
    changed = {table for table in before if before[table] != after[table]}
    assert changed <= ({"cp_seen"} if method == "GET" else set())
