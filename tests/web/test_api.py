"""The portal as JSON: the whole way of a client, and a description that says exactly what is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clientportal.values import AppointmentStatus
from clientportal.web import PortalPages, Request, Response
from web.browser import pages
from world import World


class Caller:
    """A program that talks JSON, with its session's token."""

    def __init__(self, world: World, site: PortalPages | None = None) -> None:
        self.world = world
        self.site = site or pages(world)
        self.token: str | None = None

    def send(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Response:
        """One request."""
        path, _, query = path.partition("?")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent.setdefault("authorization", f"Bearer {self.token}")
        if method == "POST":
            sent.setdefault("content-type", "application/json")
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        request = Request(
            method=method, path=path, query_string=query, headers=sent, body=data, source="192.0.2.7", root="/change"
        )
        response: Response = (
            self.world.run(self.site.handle_async(request)) if self.world.awaited else self.site.handle(request)
        )
        if self.world.awaited:
            self.world.run(self.site.finish_async(response))
        else:
            self.site.finish(response)
        return response

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer, read; it must be 200."""
        response = self.send(method, path, body, **headers)
        assert response.status == 200, (response.status, response.body)
        return read(response)

    def sign_in(self, contact: str) -> None:
        """By code."""
        sent = self.ask("POST", "/api/sign-in/code", {"contact": contact})
        code = self.world.code_in(self.world.box.messages[-1])
        found = self.ask("POST", "/api/sign-in/verify", {"handle": sent["handle"], "code": code})
        self.token = found["token"]


def read(response: Response) -> Any:
    """A JSON body."""
    assert response.headers["content-type"] == "application/json"
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def aroha(world: World) -> Caller:
    """Aroha Ngata, with a cut on Tuesday at 14:00."""
    ref = world.add_client("aroha", "Aroha Ngata", mobile="021 555 0142", notes="pays late")
    world.book("tue", ref, "2026-11-24 14:00")
    one = Caller(world)
    one.sign_in("021 555 0142")
    return one


def test_a_client_logs_in_sees_moves_and_cancels_by_json(world: World) -> None:
    """The same doors as the pages: a code, the list, another time, the end of it; each act once by its key."""
    one = aroha(world)
    world.add_slots("2026-11-26 10:00")
    assert one.ask("GET", "/api/profile")["first_name"] == "Aroha"
    listed = one.ask("GET", "/api/appointments")
    assert [item["id"] for item in listed["items"]] == ["tue"]
    assert listed["items"][0]["start"] == "2026-11-24T01:00:00+00:00"
    assert listed["items"][0]["zone"] == "Pacific/Auckland"
    assert listed["items"][0]["price"] == {"amount": "65.00", "currency": "NZD"}
    free = one.ask(
        "GET", "/api/appointments/tue/slots?since=2026-11-25T00:00:00%2B13:00&until=2026-11-28T00:00:00%2B13:00"
    )
    moved = one.ask("POST", "/api/appointments/tue/move", {"slot": free[0]["id"]}, idempotency_key="m1")
    again = one.ask("POST", "/api/appointments/tue/move", {"slot": free[0]["id"]}, idempotency_key="m1")
    assert moved["appointment"]["start"] == again["appointment"]["start"] == "2026-11-25T21:00:00+00:00"
    assert one.ask("POST", "/api/appointments/tue/cancel", {})["status"] == AppointmentStatus.CANCELLED.value


def test_a_refusal_is_its_reason_and_the_clients_text_and_nothing_for_staff(world: World) -> None:
    """Changes are off: 403, ``disabled``; the terms say so, too, without a word of the policy."""
    one = aroha(world)
    world.change_policy("changes", enabled=False)
    refused = one.send("POST", "/api/appointments/tue/cancel", {})
    assert refused.status == 403
    assert read(refused) == {"error": {"reason": "disabled", "text": "This is switched off here."}}
    terms = one.ask("GET", "/api/appointments/tue")
    assert terms["cancel"]["refusal"] == {"reason": "disabled", "text": "This is switched off here."}
    assert "policy" not in json.dumps(terms)


def test_nothing_of_the_machinery_is_in_any_answer(world: World) -> None:
    """No id of a record, no version, no note, no staff's reason, no token but the session's own."""
    one = aroha(world)
    for path in ("profile", "appointments", "appointments/tue", "sessions", "past-changes", "public"):
        text = json.dumps(one.ask("GET", f"/api/{path}"))
        for secret in ("client:aroha", "pays late", "version", "because", str(one.token)):
            assert secret not in text, (path, secret)


def test_without_a_session_nothing_is_answered(world: World) -> None:
    """No token, a made-up one, one that has ended: 401 each time, in the same words."""
    one = aroha(world)
    kept = one.token
    one.ask("POST", "/api/log-out")
    answers = []
    for token in (None, "nonsense", kept):
        one.token = token
        response = one.send("GET", "/api/appointments")
        answers.append((response.status, read(response)["error"]["reason"]))
    assert answers == [(401, "session_ended")] * 3


def test_another_site_cannot_use_the_cookie_of_a_browser_for_it(memory_world: World) -> None:
    """With the cookie and no token of a form: refused; a form that pretends to be JSON as well."""
    one = aroha(memory_world)
    token, one.token = one.token, None
    cookie = "; ".join(
        f"{cookie.name}={token}"
        for cookie in (one.site.site.jar_of(Request(method="GET"), memory_world.tenant).make("session", "x", None),)
    )
    assert one.send("GET", "/api/profile", cookie=cookie).status == 200
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        assert one.send("POST", "/api/appointments/tue/cancel", {}, cookie=cookie, content_type=kind).status == 403
    from_elsewhere = {"sec_fetch_site": "cross-site"}
    assert one.send("POST", "/api/sign-in/code", {"contact": "021 555 0142"}, **from_elsewhere).status == 403


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/sign-in/code", b"{", 422),
        ("/api/sign-in/code", b"[]", 422),
        ("/api/sign-in/code", b'{"contact": 7}', 422),
        ("/api/sign-in/code", b'{"contact": "021 555 0142", "more": 1}', 422),
        ("/api/sign-in/code", b'{"contact": NaN}', 422),
        ("/api/sign-in/code", b"[" * 100_000, 422),
        ("/api/sign-in/code", b'{"contact": "' + b"9" * 300 + b'"}', 422),
        ("/api/sign-in/code", b'{"contact": "\\ud800"}', 422),
        ("/api/appointments/tue/cancel", b'{"accept_fee": {"amount": "1e999999", "currency": "NZD"}}', 422),
        ("/api/appointments/tue/cancel", b'{"accept_fee": {"amount": "x", "currency": "NZD"}}', 422),
        ("/api/nothing", b"{}", 404),
        ("/api/dashboard", b"{}", 405),
    ],
)
def test_what_is_not_as_described_is_refused_in_json(memory_world: World, path: str, body: bytes, status: int) -> None:
    """Half a body, a list, another type, a field too many, numbers that are none, a thousand brackets."""
    one = aroha(memory_world)
    response = one.send("POST", path, raw=body)
    assert response.status == status
    assert set(read(response)) == {"error"}
