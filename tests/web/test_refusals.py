"""Every reason for a "no" has a status, a text in each language, and where something has to come first, a page."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from clientportal import Because, Reason, Refusal
from clientportal.messages.texts import SHIPPED
from clientportal.web import Kind, Needs, Response, Route, Visit
from clientportal.web.refusals import LEADS_TO, NOT_ON_THE_PAGE, status_of
from web.browser import Browser, browser, pages
from web.test_api import Caller, read
from world import World

FACTS = {"form": "Intake", "due": "NZ$65.00", "when": "on Tuesday", "documents": "terms", "least": "15", "why": "no"}
STATUSES = {401, 403, 404, 409, 410, 422, 429, 503}


def refusal_of(reason: Reason, world: World) -> Refusal:
    """That "no"."""
    soon = world.clock() + timedelta(minutes=2) if status_of(reason) == 429 else None
    return Refusal(reason, Because("a rule"), facts=FACTS, retry_at=soon)


def refusing(world: World) -> tuple[Route, ...]:
    """Two addresses of which every visit is refused, for the reason that they name."""

    async def page(visit: Visit) -> Response:
        raise visit.setup.refused(refusal_of(Reason(visit.arguments["reason"]), world), visit.tenant)

    return (
        Route("GET", "/no/{reason}", page, Needs.NOTHING),
        Route("GET", "/api/no/{reason}", page, Needs.NOTHING, kind=Kind.JSON),
    )


def visitor(world: World, language: str) -> Browser:
    """Somebody at those pages."""
    world.change_policy("portal", languages=("de",))
    return browser(world, routes=refusing(world), language=language)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_page_with_its_status_in_each_language(memory_world: World, reason: Reason) -> None:
    """Or leads to what has to come first; time that heals it stands in the header, too. No placeholder is left."""
    said: dict[str, str] = {}
    for language in SHIPPED:
        one = visitor(memory_world, language)
        response = one.request("GET", f"/change/no/{reason}")
        if reason in LEADS_TO:
            assert response.status == 303
            assert urlsplit(response.headers["location"]).path == f"/change{LEADS_TO[reason]}"
            continue
        assert response.status == status_of(reason) in STATUSES
        assert ("retry-after" in response.headers) == (response.status == 429)
        page = one.open(f"/no/{reason}")
        assert "{" not in page.text
        said[language] = page.text
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_in_json_with_the_same_status(memory_world: World, reason: Reason) -> None:
    """Its stable word and the client's text, in English and in German; never the rule behind it."""
    texts: set[str] = set()
    site = pages(memory_world, routes=refusing(memory_world))
    memory_world.change_policy("portal", languages=("de",))
    for language in SHIPPED:
        response = Caller(memory_world, site).send("GET", f"/api/no/{reason}", accept_language=language)
        assert response.status == status_of(reason)
        error = read(response)["error"]
        assert error["reason"] == reason.value
        assert error["text"]
        assert "{" not in error["text"]
        assert "a rule" not in error["text"]
        texts.add(error["text"])
    assert len(texts) == len(SHIPPED)


def test_what_has_to_come_first_is_a_page_that_there_is(memory_world: World) -> None:
    """Each of them; and no page that lists what it could not do shows such a refusal by itself."""
    table = pages(memory_world).site.table
    assert all(table.find("GET", path) is not None for path in LEADS_TO.values())
    assert set(LEADS_TO) < NOT_ON_THE_PAGE
