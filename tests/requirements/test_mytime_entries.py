"""MyTime, M1 and M2: one portal through two entries, the page that opens first, and the order of the menu."""

from __future__ import annotations

from datetime import timedelta

import pytest

from web.browser import browser
from world import World

NUMBER = "021 123 4567"


@pytest.mark.requirement("M1")
@pytest.mark.parametrize("origins", [(), ("https://www.kowhai.example",)])
def test_both_entries_show_the_same_content_and_ask_for_the_login(world: World, origins: tuple[str, ...]) -> None:
    """Stand-alone and inside the widget, under one setup: without a session the sign-in, with one the same pages."""
    ana = world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    world.book("a1", ana, "2026-12-24 09:00")
    shown = {}
    for entry in ("", "/widget"):
        one = browser(world, widget_origins=origins)
        page = one.open(f"{entry}/home")
        assert page.heading == "Sign in"
        assert page.address.startswith(f"https://kowhai.example/change{entry}/sign-in")
        world.clock.advance(timedelta(minutes=11))
        one.send("/sign-in", contact=NUMBER)
        one.send("/sign-in/code", code=world.code_in(world.box.messages[-1]))
        pages = {path: one.open(f"{entry}{path}") for path in ("/home", "/login", "/bookings")}
        for page in pages.values():
            for href, _ in page.links:
                assert href.startswith((f"/change{entry}/", "#")), href
        shown[entry] = {path: (page.status, page.heading) for path, page in pages.items()}
    assert shown[""] == shown["/widget"]
    assert browser(world, widget_origins=origins).open("/widget/").heading == "Sign in"


@pytest.mark.requirement("M2")
def test_what_opens_first_and_the_order_of_the_menu_are_two_choices(world: World) -> None:
    """The account, unless the business chooses another; the menu is in its own order."""
    world.add_client("ana", "Ana Kingi", mobile=NUMBER)
    world.change_policy("portal", opens_with="bookings", menu=("account", "bookings"))
    one = browser(world)
    assert one.sign_in(NUMBER).address.endswith("/bookings")
    world.change_policy("portal", opens_with="dashboard")
    assert one.open("/start").address.endswith("/home")
    assert 'aria-current="page"' in one.page.html  # type: ignore[union-attr]
