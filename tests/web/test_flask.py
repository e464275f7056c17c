"""The portal inside Flask applications: through Flask's own test client, as its developers test theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, abort, render_template_string, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from flask.views import View

from clientportal import AsyncPortal, InvalidInput, Portal, Refused
from clientportal.web import Needs, Route, Visit
from clientportal.web import Response as PageResponse
from clientportal.web.flask import ClientPortal, portal_client, portal_client_required
from clientportal.web.messages import MAX_BODY
from world import World, client

NUMBER = "021 123 4567"
BASE = "https://kowhai.example"
SAME = {"Sec-Fetch-Site": "same-origin"}


def make_app(world: World, *, portal: Any = None, **more: Any) -> Flask:
    """A salon's own application, with a page of its own for clients, and the portal in it."""
    app = Flask("salon")
    app.config["TESTING"] = True
    ClientPortal(app, portal or world.portal, world.tenant, "/change", **more)

    @app.get("/next-visit/<when>")
    @portal_client_required
    def next_visit(when: str) -> str:
        said = "{{ portal_client.profile().first_name }}: {{ request.args.get('as', when) }}"
        return render_template_string(said, when=when)

    @app.get("/hello")
    def hello() -> str:
        return render_template_string("{% if portal_client %}Hello {{ portal_client.profile().first_name }}{% endif %}")

    @app.get("/my/<id>")
    def mine(id: str) -> str:
        return portal_client.appointment(id).service_name

    @app.errorhandler(404)
    def gone(error: Any) -> tuple[str, int]:
        return f"the salon's own page: {error.description}", 404

    @app.get("/missing")
    def missing() -> str:
        abort(404)

    return app


def token_in(html: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="_token" value="(\w+)"', html)
    assert found is not None
    return found[1]


def send(web: FlaskClient, path: str, **fields: str) -> Any:
    """Open a page, fill in its form, send it; the response is read to its end, as a server does."""
    page = web.get(path, base_url=BASE, buffered=True)
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    return web.post(path, base_url=BASE, data={**hidden, **fields}, headers=SAME, buffered=True)


def sign_in(world: World, web: FlaskClient, begin: str = "/change/sign-in") -> Any:
    """The whole login by code; answers where it leads."""
    sent = send(web, begin, contact=NUMBER)
    assert sent.status_code == 303
    done = send(web, sent.location, code=world.code_in(world.box.messages[-1]))
    assert done.status_code == 303
    return done


def test_a_client_signs_in_below_the_prefix(world: World) -> None:
    """By a real code, which leaves after the response; an AsyncPortal is refused when the application is made."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    portal = getattr(world.portal, "_awaited", world.portal)
    if isinstance(portal, AsyncPortal):
        with pytest.raises(InvalidInput, match="AsyncPortal"):
            make_app(world, portal=portal)
        return
    web = make_app(world).test_client()
    assert sign_in(world, web).location == "/change/start"
    assert "Hello Ana" in web.get("/change/home", base_url=BASE).text
    assert web.get("/hello", base_url=BASE).text == "Hello Ana"
    assert web.head("/change/home", base_url=BASE).data == b""


def test_staff_who_look_through_a_clients_eyes_send_nothing(memory_world: World) -> None:
    """In a view of the application's own, as in the portal's: it is shown, and takes no form."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    app = make_app(memory_world)

    @app.route("/shop", methods=["GET", "POST"])
    @portal_client_required
    def shop() -> str:
        return f"{request.method} by {portal_client.profile().first_name}"

    web = app.test_client()
    sign_in(memory_world, web)
    assert web.post("/shop", base_url=BASE).text == "POST by Ana"
    viewing = memory_world.staff(reason="on the phone").view_as(client("ana"))
    cookie = next(name for name in (one.key for one in web._cookies.values()) if "portal-session" in name)
    web.set_cookie(cookie, viewing.token.reveal(), domain="kowhai.example", secure=True)
    assert web.get("/shop", base_url=BASE).text == "GET by Ana"
    refused = web.post("/shop", base_url=BASE)
    assert (refused.status_code, "by Ana" in refused.text) == (403, False)


def test_no_cache_hands_one_clients_page_to_another(memory_world: World) -> None:
    """A response that was made by asking who is logged in says that it depends on the cookie: the page itself, the way
    to the sign-in, and a refusal; one that asked nobody says nothing of the kind.
    """
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    web = make_app(memory_world).test_client()
    for path, status in [("/hello", 200), ("/next-visit/monday", 303), ("/my/a1", 303), ("/missing", 404)]:
        answer = web.get(path, base_url=BASE)
        assert (answer.status_code, "Cookie" in answer.vary) == (status, path != "/missing")
    sign_in(memory_world, web)
    for path, status in [("/hello", 200), ("/next-visit/monday", 200), ("/my/a1", 404)]:
        answer = web.get(path, base_url=BASE)
        assert (answer.status_code, "Cookie" in answer.vary) == (status, True)


def test_the_message_leaves_when_the_response_is_closed(memory_world: World) -> None:
    """Not before, and not at all where the pump runs elsewhere."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    web = make_app(memory_world).test_client()
    token = token_in(web.get("/change/sign-in", base_url=BASE).text)
    sent = web.post("/change/sign-in", base_url=BASE, data={"_token": token, "contact": NUMBER}, headers=SAME)
    assert memory_world.box.messages == []
    sent.close()
    assert len(memory_world.box.messages) == 1
    app = Flask("salon")
    app.config["CLIENTPORTAL_PUMP"] = False
    ClientPortal(app, memory_world.portal, memory_world.tenant, "/change")
    send(app.test_client(), "/change/sign-in", contact="021 999 8888")
    assert len(memory_world.box.messages) == 1


def test_who_is_logged_out_comes_back_to_the_salons_own_page(memory_world: World) -> None:
    """Through the sign-in, with the query, spaces and macrons of the address; and is let in there."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    web = make_app(memory_world).test_client()
    led = web.get("/next-visit/rātū 3?as=a%26b", base_url=BASE)
    assert led.status_code == 303
    assert led.location.startswith("/change/sign-in?next=")
    done = sign_in(memory_world, web, led.location)
    assert done.location.startswith("/change/return?to=")
    back = web.get(done.location, base_url=BASE)
    assert back.status_code == 303
    assert back.location.startswith("/next-visit/")
    assert web.get(back.location, base_url=BASE).text == "Ana: a&amp;b"


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "/hello", "/change/login", "/nowhere", "", "/\n/x"],
)
def test_a_login_leads_back_to_nothing_else(memory_world: World, to: str) -> None:
    """Only to the application's own views that ask for a session: no other site, and no view that acts when opened."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    web = make_app(memory_world).test_client()
    sign_in(memory_world, web)
    back = web.get("/change/return", query_string={"to": to}, base_url=BASE)
    assert (back.status_code, back.location) == (303, "/change/start")


def test_the_session_is_looked_at_when_it_is_used(memory_world: World) -> None:
    """The proxy reads nothing by itself; as a truth value it looks once a request; a forged cookie opens nothing."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    app = make_app(memory_world)
    seen: list[int] = []

    @app.get("/looks")
    def looks() -> str:
        before = len(memory_world.decisions)
        repr(portal_client)
        seen.append(len(memory_world.decisions) - before)
        seen.extend(len(memory_world.decisions) - before for _ in range(3) if bool(portal_client) or True)
        return str(bool(portal_client))

    web = app.test_client()
    assert web.get("/looks", base_url=BASE).text == "False"
    sign_in(memory_world, web)
    assert web.get("/looks", base_url=BASE).text == "True"
    assert seen == [0, 1, 1, 1] * 2
    name = next(cookie for cookie in _cookie_names(web) if "-session-" in cookie)
    web.set_cookie(name, f"{memory_world.tenant}.forged", domain="kowhai.example", secure=True)
    assert web.get("/looks", base_url=BASE).text == "False"
    assert web.get("/next-visit/today", base_url=BASE).status_code == 303


def _cookie_names(web: FlaskClient) -> list[str]:
    return [key[2] for key in web._cookies]


def test_views_that_are_awaited_and_views_that_are_classes(memory_world: World) -> None:
    """Both may ask for a session, and both are led back to."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    app = make_app(memory_world)

    @app.get("/awaited")
    @portal_client_required
    async def awaited() -> str:
        return portal_client.profile().first_name or ""

    class Next(View):
        decorators = (portal_client_required,)

        def dispatch_request(self) -> str:
            return portal_client.profile().first_name or ""

    app.add_url_rule("/class", view_func=Next.as_view("class"))
    web = app.test_client()
    led = {path: web.get(path, base_url=BASE).location for path in ("/awaited", "/class")}
    assert led == {path: f"/change/sign-in?next=/return?to%3D{path}" for path in led}
    sign_in(memory_world, web)
    assert [web.get(path, base_url=BASE).text for path in led] == ["Ana", "Ana"]


def test_a_refusal_in_a_view_of_the_salon_is_answered(memory_world: World) -> None:
    """Without a session by the sign-in; what is not there by the application's own page, with the text for clients."""
    ana = memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    memory_world.book("a1", ana, "2026-11-25 14:00")
    web = make_app(memory_world).test_client()
    assert web.get("/my/a1", base_url=BASE).location == "/change/sign-in"
    sign_in(memory_world, web)
    assert web.get("/my/a1", base_url=BASE).text == "Cut"
    refused = web.get("/my/a2", base_url=BASE)
    assert (refused.status_code, refused.text[:21]) == (404, "the salon's own page:")
    assert web.get("/missing", base_url=BASE).status_code == 404
    portals_own = web.get("/change/nowhere", base_url=BASE)
    assert (portals_own.status_code, "the salon's own page" in portals_own.text) == (404, False)


def test_flasks_own_session_is_never_touched(memory_world: World) -> None:
    """No secret key is needed; where there is one, the session is neither opened by a page of ours nor changed."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    app = make_app(memory_world)
    app.secret_key = "the salon's own"
    touched: list[str] = []

    class Watched(SecureCookieSessionInterface):
        def save_session(self, app: Flask, session: Any, response: Response) -> None:
            if session.accessed or session.modified:
                touched.append(request.path)
            super().save_session(app, session, response)

    app.session_interface = Watched()
    app.add_url_rule("/own", "own", lambda: session.setdefault("cart", "shampoo"))
    web = app.test_client()
    web.get("/own", base_url=BASE)
    sign_in(memory_world, web)
    web.get("/change/home", base_url=BASE)
    assert web.get("/next-visit/today", base_url=BASE).text == "Ana: today"
    assert touched == ["/own"]
    assert sorted(name for name in _cookie_names(web) if "portal" not in name) == ["session"]


async def _download(_visit: Visit) -> PageResponse:
    def pieces() -> Iterator[bytes]:
        yield b"one "
        DOWNLOADED.append("more")
        yield b"two"

    return PageResponse(headers={"content-type": "text/plain"}, body=pieces())


async def _awaited(_visit: Visit) -> PageResponse:
    async def pieces() -> Any:
        yield b"three"

    return PageResponse(headers={"content-type": "text/plain"}, body=pieces())


DOWNLOADED: list[str] = []


def test_a_download_is_streamed(memory_world: World) -> None:
    """Piece by piece, of a plain iterator and of an awaited one; with the protecting headers of a page."""
    routes = [
        Route("GET", "/file", _download, Needs.NOTHING),
        Route("GET", "/other", _awaited, Needs.NOTHING),
    ]
    web = make_app(memory_world, routes=routes).test_client()
    DOWNLOADED.clear()
    got = web.get("/change/file", base_url=BASE)
    pieces = got.iter_encoded()
    assert (next(pieces), DOWNLOADED) == (b"one ", [])
    assert (b"".join(pieces), DOWNLOADED) == (b"two", ["more"])
    assert "content-length" not in got.headers
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert web.get("/change/other", base_url=BASE).data == b"three"


def test_addresses_are_made_as_in_every_application(memory_world: World) -> None:
    """``url_for`` knows the pages; the address without its slash leads to the one with it; methods are the pages'."""
    app = make_app(memory_world)
    with app.test_request_context():
        assert url_for("client_portal.page") == "/change/"
        assert url_for("client_portal.page", path="bookings", next=None) == "/change/bookings"
    web = app.test_client()
    assert web.get("/change", base_url=BASE).status_code == 308
    assert web.get("/change/", base_url=BASE).status_code == 200
    assert web.delete("/change/sign-in", base_url=BASE).status_code == 405
    assert web.options("/change/sign-in", base_url=BASE).status_code == 405


def test_a_body_that_the_application_has_read_is_not_lost(memory_world: World) -> None:
    """A check of its own may look into the form first, or take the bytes; what is too long is refused unread."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    for reads in (lambda: request.form, lambda: request.get_data()):
        app = make_app(memory_world)

        @app.before_request
        def look(reads: Any = reads) -> None:
            if request.method == "POST" and not reads():
                raise AssertionError("the application sees no body")

        sign_in(memory_world, app.test_client())
        memory_world.clock.advance(timedelta(minutes=11))
    web = make_app(memory_world).test_client()
    long = {"data": b"x" * (MAX_BODY + 1), "base_url": BASE, "headers": SAME}
    assert web.post("/change/sign-in", **long).status_code == 413
    endless = web.post(
        "/change/sign-in", **long, environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    )
    assert endless.status_code == 413


def test_one_extension_in_two_applications(memory_world: World) -> None:
    """Made once, as extensions are; each factory call brings its own portal, business and settings."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    client_portal = ClientPortal(portal=lambda app: app.config["MY_PORTAL"])

    def create_app(**settings: Any) -> Flask:
        app = Flask("salon")
        app.config.update(settings)
        client_portal.init_app(app)
        app.add_url_rule("/who", "who", portal_client_required(lambda: portal_client.profile().first_name))
        return app

    one = create_app(
        MY_PORTAL=memory_world.portal, CLIENTPORTAL_BUSINESS=memory_world.tenant, CLIENTPORTAL_URL_PREFIX="/change"
    )
    two = create_app(
        MY_PORTAL=memory_world.make_portal(base_url="https://other.example/portal/"),
        CLIENTPORTAL_BUSINESS=memory_world.tenant,
    )
    web = one.test_client()
    sign_in(memory_world, web)
    assert web.get("/who", base_url=BASE).text == "Ana"
    assert two.test_client().get("/who", base_url="https://other.example").location.startswith("/portal/sign-in")
    with one.test_request_context("/"), two.test_request_context("/"):
        assert url_for("client_portal.page", path="login") == "/portal/login"


def test_many_businesses_in_one_application(memory_world: World) -> None:
    """Each below its own name; a view that does not name it cannot say whose sign-in it means, and is told so."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    app = Flask("platform", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.config["CLIENTPORTAL_BUSINESSES"] = [memory_world.tenant]
    ClientPortal(
        app, memory_world.portal, lambda _request: str((request.view_args or {})["business"]), "/<business>/portal"
    )
    app.add_url_rule("/<business>/mine", "mine", portal_client_required(lambda business: business))
    app.add_url_rule("/next/<id>", "next", portal_client_required(lambda id: id))
    web = app.test_client()
    home = f"/{memory_world.tenant}/portal"
    assert web.get(f"/{memory_world.tenant}/mine", base_url=BASE).location.startswith(f"{home}/sign-in?next=")
    assert sign_in(memory_world, web, f"{home}/sign-in").location == f"{home}/start"
    assert web.get(f"/{memory_world.tenant}/mine", base_url=BASE).text == memory_world.tenant
    with app.test_request_context("/next/1"):
        app.preprocess_request()
        with pytest.raises(KeyError):
            bool(portal_client)
    assert "0 records" not in app.test_cli_runner().invoke(args=["clientportal", "reindex"]).output


def test_the_commands(memory_world: World) -> None:
    """Deliver, purge and reindex, for the application's business or the ones that are named."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    memory_world.visitor().request_code(NUMBER)
    commands = make_app(memory_world).test_cli_runner()
    done = commands.invoke(args=["clientportal", "deliver"])
    assert (done.exit_code, done.output) == (
        0,
        f"{memory_world.tenant}: sent 1, dropped 0, put_off 0, abandoned 0, finished 0\n",
    )
    assert len(memory_world.box.messages) == 1
    purged = commands.invoke(args=["clientportal", "purge", "--business", memory_world.tenant])
    assert re.fullmatch(rf"{memory_world.tenant}: \d+ records forgotten\n", purged.stdout)
    walked = commands.invoke(args=["clientportal", "reindex", "--restart"])
    assert f"{memory_world.tenant}: 1 records, 1 contacts" in walked.stdout
    app = Flask("platform")
    ClientPortal(app, memory_world.portal, lambda _request: memory_world.tenant, "/change")
    nobody = app.test_cli_runner().invoke(args=["clientportal", "deliver"])
    assert (nobody.exit_code, "CLIENTPORTAL_BUSINESSES" in nobody.output) == (2, True)


def test_a_business_that_fails_keeps_no_other_from_its_turn(memory_world: World) -> None:
    """The first name is none that there can be; the other's code is sent all the same, and cron hears of the first."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    memory_world.visitor().request_code(NUMBER)
    named = ["--business", "no/business\x00", "--business", memory_world.tenant]
    done = make_app(memory_world).test_cli_runner().invoke(args=["clientportal", "deliver", *named])
    assert done.exit_code == 1
    assert f"{memory_world.tenant}: sent 1," in done.stdout
    assert "InvalidInput" in done.stderr
    assert len(memory_world.box.messages) == 1


def test_each_mistake_is_told_when_the_application_is_made(memory_world: World) -> None:
    """By one error that says what would be right."""
    portal: Portal = memory_world.portal

    def app(**settings: Any) -> Flask:
        made = Flask("salon")
        made.config.update(settings)
        return made

    for match, make in {
        "flask.Flask": lambda: ClientPortal(portal, portal, "salon"),
        "function from the application": lambda: ClientPortal(app(), "portal", "salon", "/change"),
        "whose portal": lambda: ClientPortal(app(), portal, url_prefix="/change"),
        "no setting CLIENTPORTAL_BUISNESS": lambda: ClientPortal(app(CLIENTPORTAL_BUISNESS="salon"), portal, "salon"),
        "CLIENTPORTAL_PUMP cannot be 'no'": lambda: ClientPortal(app(CLIENTPORTAL_PUMP="no"), portal, "salon"),
        "begins with '/'": lambda: ClientPortal(app(), portal, "salon", "change"),
        "does not end with it": lambda: ClientPortal(app(), portal, "salon", "/change/"),
        "would lead elsewhere": lambda: ClientPortal(app(), portal, "salon", "/portal"),
    }.items():
        with pytest.raises(InvalidInput, match=match):
            make()
    twice = app()
    ClientPortal(twice, portal, "salon", "/change")
    with pytest.raises(InvalidInput, match="already"):
        ClientPortal(twice, portal, "salon", "/change")
    bare = app()
    with bare.test_request_context(), pytest.raises(InvalidInput, match="init_app"):
        portal_client.profile()


def test_a_refused_that_the_application_handles_itself_is_left_to_it(memory_world: World) -> None:
    """Registered before or after the extension; budgets say when to come back, where it does not."""
    app = Flask("salon")
    app.register_error_handler(Refused, lambda error: (f"own: {error.reason}", 418))
    ClientPortal(app, memory_world.portal, memory_world.tenant, "/change")
    app.add_url_rule("/mine", "mine", lambda: str(portal_client.profile()))
    assert app.test_client().get("/mine").status_code == 418
    app = Flask("salon")
    ClientPortal(app, memory_world.portal, memory_world.tenant, "/change")
    app.add_url_rule("/code", "code", lambda: str(memory_world.visitor().request_code(NUMBER)))
    web = app.test_client()
    assert web.get("/code").status_code == 200
    again = web.get("/code")
    assert (again.status_code, again.headers["Retry-After"]) == (429, "30")
