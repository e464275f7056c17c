"""Nobody but the client's own browser acts, and nobody else shows or reads the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clientportal import InvalidInput
from clientportal.web import Needs, PortalPages, Request, Response, Route, SetCookie, Visit
from clientportal.web.cookies import Jar
from clientportal.web.messages import MAX_BODY, BadRequest, TooLarge
from clientportal.web.protection import check_origins
from web.browser import BASE, Browser, browser, pages
from world import World

NUMBER = "021 123 4567"
ORIGIN = "https://kowhai.example"


def ana_signed_in(world: World, **more: object) -> Browser:
    """Ana Kingi has signed in."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(world, **more)
    one.sign_in(NUMBER)
    return one


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/home", "/nowhere", "/reset/abc", "/static/portal-x.css", "/log-out"]
)
def test_every_answer_has_the_protecting_headers(world: World, path: str) -> None:
    """Pages, refusals, missing pages, stylesheets, and what is asked in a wrong way."""
    headers = browser(world).request("GET", f"{BASE}{path}").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")


def test_stylesheets_and_icon_may_be_kept_for_good_under_the_address_that_pages_name(world: World) -> None:
    """Their address has a digest of what is in them; asked again with it, nothing is sent."""
    one = browser(world)
    page = one.open("/")
    for link in [href for href in page.html.split('"') if "/static/" in href]:
        sheet = one.request("GET", f"https://kowhai.example{link}")
        assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert sheet.headers["content-type"].startswith("image/svg+xml" if "icon" in link else "text/css")
        again = one.request("GET", f"https://kowhai.example{link}", if_none_match=sheet.headers["etag"])
        assert (again.status, again.body) == (304, b"")


def test_no_header_can_carry_another(memory_world: World) -> None:
    """An end of line in a value is refused when the response is made, and so is an odd name."""
    for headers in ({"location": "/x\r\nset-cookie: a=b"}, {"x y": "1"}, {"x": "\x00"}, {"x": "日"}):
        with pytest.raises(InvalidInput):
            Response(headers=headers)
    with pytest.raises(InvalidInput):
        SetCookie(name="a\r\nb").header()
    cookie = SetCookie(name="a", value="x; Domain=evil.example\r\nset-cookie: b=c").header()
    assert cookie.startswith("a=x%3B%20Domain%3Devil.example%0D%0Aset-cookie%3A%20b%3Dc; Path=/; HttpOnly")


# --- cookies ---------------------------------------------------------------------------------------------------------


def test_cookies_are_for_this_host_and_for_no_script(world: World) -> None:
    """``__Host-``, Secure, HttpOnly, SameSite; none of them holds a name or a number of the client's."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(world)
    lines = [cookie.header() for cookie in one.request("GET", f"{BASE}/sign-in").cookies]
    one.open("/sign-in")
    one.send("/sign-in", contact=NUMBER)
    form = one.page.form("/sign-in/code")  # type: ignore[union-attr]
    code = world.code_in(world.box.messages[-1])
    signed_in = one.request("POST", form.action, {**form.fields, "code": code}, sec_fetch_site="same-origin")
    lines += [cookie.header() for cookie in signed_in.cookies]
    assert len(lines) >= 4
    for line in lines:
        assert line.startswith("__Host-portal-")
        for attribute in ("Path=/", "HttpOnly", "SameSite=Lax", "Secure"):
            assert f"; {attribute}" in line
        assert "Domain" not in line


def test_another_business_s_session_is_no_session_here(world: World) -> None:
    """A token names its business; put under this one's name by hand, it opens nothing."""
    one = ana_signed_in(world)
    jar = Jar(world.tenant, secure=True)
    other = Jar("another business", secure=True)
    token = one.cookies[jar.name("session")]
    request = Request(method="GET", headers={"cookie": f"{other.name('session')}={token}"})
    assert other.token(request) is None
    assert other.name("session") != jar.name("session")


# --- forms that another site sends -----------------------------------------------------------------------------------


def sent_by(one: Browser, fields: dict[str, str], **headers: str) -> Response:
    """The log-out form, as somebody sends it."""
    return one.request("POST", f"{BASE}/log-out", fields, **headers)


def still_in(one: Browser) -> bool:
    """Whether the session goes on."""
    return one.open("/home").heading == "Hello Ana"


def test_a_form_without_its_token_is_refused(world: World) -> None:
    """No token, an empty one, another browser's: nothing happens."""
    one = ana_signed_in(world)
    other = browser(world, source="192.0.2.8")
    other.open("/sign-in")
    theirs = other.page.form("/sign-in").fields["_token"]  # type: ignore[union-attr]
    for fields in ({}, {"_token": ""}, {"_token": theirs}, {"_token": "é"}):
        refused = sent_by(one, fields, sec_fetch_site="same-origin", origin=ORIGIN)
        assert refused.status == 403
        assert refused.cookies == ()
    assert still_in(one)


def test_a_form_with_its_token_is_refused_where_the_browser_says_that_it_came_from_elsewhere(world: World) -> None:
    """A neighbour on the same domain, another site, another origin, an origin that is hidden."""
    one = ana_signed_in(world)
    one.open("/home")
    token = one.page.form("/log-out").fields["_token"]  # type: ignore[union-attr]
    for headers in (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": ORIGIN},
        {"origin": "https://evil.example"},
        {"origin": "https://kowhai.example.evil.example"},
        {"origin": "http://kowhai.example"},
        {"origin": "null"},
        {"origin": "https://evil.example", "host": "evil.example"},
    ):
        assert sent_by(one, {"_token": token}, **headers).status == 403, headers
    assert still_in(one)
    assert sent_by(one, {"_token": token}, origin=ORIGIN).status == 303


def test_looking_has_no_effect(world: World) -> None:
    """Every address that acts is deaf to GET and HEAD, with every cookie and field."""
    one = ana_signed_in(world)
    acting = {route.path for route in one.site.site.table.routes if route.method == "POST" and "{" not in route.path}
    for path in sorted(acting):
        for method in ("GET", "HEAD"):
            one.request(method, f"{BASE}{path}?option=x&code=1")
    assert still_in(one)
    assert one.request("GET", f"{BASE}/log-out").status == 405
    assert one.request("GET", f"{BASE}/log-out").headers["allow"] == "POST"


def test_a_form_that_was_shown_before_signing_in_is_of_no_use_afterwards(world: World) -> None:
    """Its token belonged to the browser without a session (a login that another site forces on somebody)."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(world)
    one.open("/sign-in")
    before = one.page.form("/sign-in").fields["_token"]  # type: ignore[union-attr]
    one.sign_in(NUMBER)
    assert sent_by(one, {"_token": before}, origin=ORIGIN).status == 403


# --- what is too much, or no form ------------------------------------------------------------------------------------


def test_a_request_is_bounded_and_must_be_readable(memory_world: World) -> None:
    """A body above the bound, too many fields, bytes that are no text."""
    with pytest.raises(TooLarge):
        Request(method="POST", body=b"x" * (MAX_BODY + 1))
    kind = {"content-type": "application/x-www-form-urlencoded"}
    site = pages(memory_world)
    many = Request(method="POST", path="/sign-in", headers=kind, body=b"a=1&" * 600)
    assert site.handle(many).status == 413
    for body in (b"a=%ff%fe", b"a=\xff"):
        with pytest.raises(BadRequest):
            _ = Request(method="POST", headers=kind, body=body).fields
        assert site.handle(Request(method="POST", path="/sign-in", headers=kind, body=body)).status == 400
    assert site.handle(Request(method="GET", path="/sign-in", query_string="next=%ff")).status == 400


def test_what_fails_shows_nothing_of_itself(memory_world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The client reads one sentence; the log names neither path nor values."""

    def business(_request: Request) -> str:
        raise RuntimeError("the database password is hunter2")

    site = PortalPages(memory_world.portal, business)
    response = site.handle(Request(method="GET", path="/reset/the-secret-link", query_string="a=secret"))
    assert response.status == 500
    assert b"hunter2" not in bytes(response.body)  # type: ignore[arg-type]
    assert "the-secret-link" not in caplog.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_request_shows_nothing_secret_when_it_is_printed() -> None:
    """Paths hold links, headers cookies, bodies passwords."""
    request = Request(
        method="POST",
        path="/reset/abc",
        query_string="q=abc",
        headers={"cookie": "abc"},
        body=b"abc",
        native={"a": "abc"},
    )
    assert "abc" not in repr(request)
    assert "abc" not in repr(SetCookie(name="s", value="abc"))


# --- the widget ------------------------------------------------------------------------------------------------------


def test_the_widget_may_be_shown_by_the_named_sites_alone(world: World) -> None:
    """Below /widget/ those may frame it, and its cookies live inside a frame; everywhere else nothing has changed."""
    one = browser(world, widget_origins=["https://www.kowhai.example"])
    framed = one.request("GET", f"{BASE}/widget/sign-in")
    assert "frame-ancestors https://www.kowhai.example" in framed.headers["content-security-policy"]
    assert "x-frame-options" not in framed.headers
    [cookie] = framed.cookies
    assert cookie.header().startswith("__Host-widget-form-")
    assert "SameSite=None" in cookie.header()
    assert "Secure" in cookie.header()
    assert "Partitioned" in cookie.header()
    alone = one.request("GET", f"{BASE}/sign-in")
    assert "frame-ancestors 'none'" in alone.headers["content-security-policy"]
    assert "SameSite=Lax" in alone.cookies[0].header()


def test_without_a_named_site_nobody_may_frame_the_widget(world: World) -> None:
    """It is there, and cannot be framed."""
    framed = browser(world).request("GET", f"{BASE}/widget/sign-in")
    assert "frame-ancestors 'none'" in framed.headers["content-security-policy"]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example.com",
        "https://a.example; script-src *",
        "a.example",
        "https://a.example/",
        "https://é.example",
    ],
)
def test_what_is_no_origin_is_refused_when_the_pages_are_made(origin: str) -> None:
    """A path, a star, a semicolon: the page's policy would say more than was meant."""
    with pytest.raises(InvalidInput, match="widget_origins"):
        check_origins([origin])


def test_pages_without_an_address_are_refused(memory_world: World) -> None:
    """And so is a widget on plain http, whose cookies no browser would keep."""
    memory_world.portal = memory_world.make_portal(base_url="")
    with pytest.raises(InvalidInput, match="base_url"):
        pages(memory_world)
    with pytest.raises(InvalidInput, match="https"):
        pages(memory_world, base_url="http://localhost:8000/", widget_origins=["https://a.example"])
    assert not pages(memory_world, base_url="http://localhost:8000/").site.https


def test_a_session_that_was_ended_elsewhere_leads_back_to_the_sign_in(world: World) -> None:
    """... with the way back, and without the cookie that is worthless now."""
    one = ana_signed_in(world)
    world.clock.advance(timedelta(days=40))
    page = one.open("/login")
    assert page.heading == "Sign in"
    assert "next=%2Flogin" in page.address
    assert not any("-session-" in name for name in one.cookies)


def test_where_the_address_is_the_proof_a_mail_provider_s_post_is_heard(memory_world: World) -> None:
    """Without a browser there is no form's token (RFC 8058); a route that has not said so is deaf to that."""

    async def heard(_visit: Visit) -> Response:
        return Response(status=204)

    routes = [
        Route("POST", f"/{name}", heard, Needs.NOTHING, checked=checked)
        for name, checked in (("a", True), ("b", False))
    ]
    one = browser(memory_world, routes=routes)
    assert [one.request("POST", f"{BASE}/{name}", {}).status for name in ("a", "b")] == [403, 204]
