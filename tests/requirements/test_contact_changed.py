"""What the platform tells the portal about its records takes effect at once."""

from __future__ import annotations

import pytest
from attrs import evolve

from clientportal import Reason, Refused
from world import World


@pytest.mark.requirement("T1", "T6")
def test_a_record_that_may_not_log_in_any_more_loses_its_sessions(world: World) -> None:
    """Ana is deactivated while she is logged in: her next call is refused, and her number finds nobody."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    door = world.log_in("021 123 4567")
    assert door.profile().first_name == "Ana"

    (record,) = world.ask("clients", [ana])
    world.change_client(evolve(record, usable=False))

    with pytest.raises(Refused) as refused:
        door.profile()
    assert refused.value.reason is Reason.SESSION_ENDED
    assert world.sign_in("021 123 4567").new_record


@pytest.mark.requirement("T1")
def test_a_changed_number_is_found_under_the_new_spelling_alone(world: World) -> None:
    """The old number finds nobody from the moment the platform says so; the session goes on."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    door = world.log_in("021 123 4567")

    (record,) = world.ask("clients", [ana])
    world.change_client(evolve(record, mobile="(021) 765-4321"))

    assert door.profile().mobile == "(021) 765-4321"
    assert world.sign_in("+64 21 765 4321").record == ana
    assert world.sign_in("021 123 4567").record != ana
