"""Nothing that stands in a request leads anywhere but to our own pages (security: host and redirect)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.web import Needs, Route, path_of
from clientportal.web.routing import Table
from web.browser import BASE, browser, pages
from world import World, make_world

NUMBER = "021 123 4567"

EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example/home",
    "https:/evil.example",
    "javascript:alert(1)",
    "/home\r\nset-cookie: a=b",
    "/home/../../evil",
    "/home#//evil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/home@evil.example",
    "home",
    "\t//evil.example",
    " /home",
    "/log-out",
    "/sign-in",
    "/nowhere",
    "/static/portal-x.css",
    "/hömé",
    "/home?" + "x" * 1000,
    "?next=/home",
    "",
]


@pytest.mark.parametrize("address", EVIL)
def test_next_leads_to_our_own_pages_alone(memory_world: World, address: str) -> None:
    """After a login, whatever ``next`` was, Ana stands on a page of her own."""
    memory_world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(memory_world)
    page = one.open(f"/sign-in?{urlencode({'next': address})}")
    assert "evil" not in page.html
    one.send("/sign-in", contact=NUMBER, next=address)
    form = one.page.form("/sign-in/code")  # type: ignore[union-attr]
    code = memory_world.code_in(memory_world.box.messages[-1])
    answer = one.request(
        "POST", form.action, {**form.fields, "code": code, "next": address}, sec_fetch_site="same-origin"
    )
    assert answer.status == 303
    assert answer.headers["location"] == "/change/start"


def test_a_page_of_the_client_s_own_is_gone_back_to_with_its_query(memory_world: World) -> None:
    """``next`` is useful, too."""
    site = pages(memory_world).site
    for address in ("/home", "/login?a=b&c=%2F", "/choose"):
        assert site.own_page(address) == address


@given(st.text(max_size=40) | st.from_regex(r"[/\\:a-z.%@#?]{1,20}", fullmatch=True))
def test_whatever_is_let_through_is_a_path_of_the_routes(address: str) -> None:
    """A law: one slash, no host, nothing that a browser reads in another way."""
    world = _worlds.setdefault("one", make_world("memory-plain", Path()))
    kept = pages(world).site.own_page(address)
    if kept is not None:
        assert kept == address
        assert kept.startswith("/")
        assert not kept.startswith(("//", "/\\"))
        assert kept.isascii()
        assert kept.isprintable()


_worlds: dict[str, World] = {}


def test_no_address_is_ever_made_from_the_request(world: World) -> None:
    """Host, forwarded headers: pages, redirects and mails know the configured address alone."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    one = browser(world)
    evil = {"host": "evil.example", "x_forwarded_host": "evil.example", "forwarded": "host=evil.example"}
    for path in ("/", "/sign-in", "/home", "/nowhere"):
        answer = one.request("GET", f"{BASE}{path}", **evil)
        assert b"evil" not in bytes(answer.body)  # type: ignore[arg-type]
        assert "evil" not in str(answer.headers)
        assert answer.headers.get("location", "/").startswith("/")


def test_the_mount_is_in_every_address(world: World) -> None:
    """Mounted at another path, every link, form and redirect begins with that."""
    one = browser(world, root="/salon/portal")
    page = one.open("/home")
    assert page.address.partition("?")[0] == "https://kowhai.example/salon/portal/sign-in"
    for href, _ in page.links:
        assert href.startswith(("/salon/portal/", "#", "tel:", "mailto:")), href


@given(st.text(min_size=1, max_size=30, alphabet=st.characters(exclude_categories=["Cs"])))
def test_an_id_of_any_text_comes_back_from_its_path(id: str) -> None:
    """A law: slashes, dots, spaces, other scripts; the server decodes a path once before anybody sees it."""

    async def page(_visit: object) -> None: ...

    table = Table([Route("GET", "/things/{id}/edit", page, Needs.NOTHING)])  # type: ignore[arg-type]
    found = table.find("GET", unquote(path_of("things", id, "edit")))
    assert found is not None
    assert found.arguments == {"id": id}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "This address is asked in another way."), ("de-AT,de;q=0.9", "Diese Adresse wird anders aufgerufen.")],
)
def test_even_a_page_that_nobody_makes_is_in_the_browsers_language(
    memory_world: World, language: str, said: str
) -> None:
    """A POST to a page that is only read: 405, in a sentence; the JSON interface gets its reason."""
    one = browser(memory_world)
    one.language = language
    response = one.request("POST", "/change/start", {})
    assert response.status == 405
    assert isinstance(response.body, bytes)
    assert said in response.body.decode()
    assert b'"reason":"method"' in one.request("POST", "/change/api/dashboard", {}).body  # type: ignore[operator]
