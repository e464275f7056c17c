"""Staff who look through a client's eyes, in a view of the project's own."""

from __future__ import annotations

import pytest
from django.test import Client

from clientportal import RecordRef
from clientportal.web.django import portal
from django_app.project import fill, log_in


@pytest.mark.parametrize("path", ["/shop/", "/awaited-shop/"])
def test_staff_who_look_through_a_clients_eyes_send_nothing(browser: Client, path: str) -> None:
    """They see the page as the client does; what they send is refused before the view, and to it they are nobody."""
    fill()
    log_in(browser)
    assert "Ben" in browser.post(path, secure=True).content.decode()
    desk = portal().staff("salon", actor="mia", permissions=["view_as_client"], reason="on the phone")
    viewing = desk.view_as(RecordRef.client("3"))
    cookie = next(name for name in browser.cookies if "portal-session" in name)
    browser.cookies[cookie] = viewing.token.reveal()
    assert "Ben" in browser.get(path, secure=True).content.decode()
    refused = browser.post(path, secure=True)
    assert (refused.status_code, "Ben" in refused.content.decode()) == (403, False)
    assert browser.post("/", secure=True).content.decode() == "Kia ora"
