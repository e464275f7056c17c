"""The description of the JSON interface holds for what nobody would think of: drawn from it by schemathesis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from clientportal import Money
from clientportal.sections import SECTIONS, STANDING
from clientportal.testing.fake_provider import FakeProvider
from clientportal.values.invoices import Invoice
from clientportal.web.pages_api import ENDPOINTS
from own_sections import add_card, has_stamp_cards
from web.test_api import Caller, read
from world import World, at, make_world

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    ignored_auth,
]


def _mounted(one: Caller) -> Any:
    """The pages under ``/change``, as a server mounts them; Starlette's own mount knows no line break in a path."""
    app = one.site.asgi()

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "root_path": "/change"}, receive, send)

    return mounted


def _described(one: Caller) -> Any:
    """The description that is served, and whose session asks."""
    schema = schemathesis.openapi.from_asgi("/change/api/openapi.json", _mounted(one))
    schema.config.generation.update(with_security_parameters=False)
    # 413 is a refusal, too: what is too large is not read, so it is not said what else is wrong with it.
    schema.config.checks.negative_data_rejection.expected_statuses = ["400", "401", "403", "404", "409", "413", "422"]
    return schema


@pytest.fixture
def aroha() -> Iterator[Caller]:
    """Aroha's session, with forty bookings."""
    world: World = make_world("memory-plain")
    ref = world.add_client("aroha", "Aroha Ngata", mobile="021 555 0142")
    for number in range(1, 41):
        world.book(f"a{number}", ref, f"2026-12-{number % 28 + 1:02} 14:00")
    world.add_slots("2026-11-26 10:00", "2026-11-27 10:00")
    world.change_policy("bookings", payments=True)
    sections = (*STANDING, *SECTIONS, "stamp_cards")
    world.change_policy("visibility", sections=sections, editable=("last_name", "phone", "email"))
    world.change_policy("portal", actions=None)
    has_stamp_cards(world, payments=FakeProvider())
    add_card(world, "c1", ref)
    issued, due = at("2026-11-01 09:00"), Money("65.00", "NZD")
    world.seed("add_items", [Invoice(id="i1", ref=ref, name="Invoice 1", issued_at=issued, total=due, due=due)])
    one = Caller(world)
    one.sign_in("021 555 0142")
    yield one
    world.close()


RIGHT, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
# Of an endpoint that is told nothing, nothing wrong can be sent.
TRIED = [(one.name, RIGHT) for one in ENDPOINTS] + [(one.name, WRONG) for one in ENDPOINTS if one.query or one.body]


@pytest.mark.parametrize(("name", "mode"), TRIED, ids=[f"{name}-{mode.value}" for name, mode in TRIED])
def test_whatever_is_sent_the_answer_is_as_described(
    aroha: Caller, name: str, mode: schemathesis.GenerationMode
) -> None:
    """No failure inside, no status, field or type that is not described, nothing taken that is described as wrong."""
    operation = _operation(_described(aroha), name)

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        if mode is RIGHT and "name" in case.path_parameters:
            # Which sections a platform has of its own is in no description: nobody learns that without a session.
            case.path_parameters["name"] = "stamp_cards"
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {aroha.token}"})

    holds()


def _operation(schema: Any, name: str) -> Any:
    found = [one.ok() for one in schema.get_all_operations()]
    return next(one for one in found if one.definition.raw["operationId"] == name)


def test_the_description_names_every_address_and_no_secret_thing(memory_world: World) -> None:
    """Each endpoint once, each schema closed; nothing of staff's, nothing of the machinery's."""
    described = read(Caller(memory_world).send("GET", "/api/openapi.json"))
    assert described["openapi"] == "3.1.0"
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) >= 16
    assert "stamp_cards" not in str(described)
    for name, schema in described["components"]["schemas"].items():
        assert schema.get("additionalProperties") is False, name
        assert not {"ref", "version", "because", "moved_from"} & set(schema.get("properties", {})), name
