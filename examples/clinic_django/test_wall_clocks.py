"""Pages by instant, over wall clocks of several zones: the same list whatever the size of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from ground import ClinicGround
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from physio.adapter import ClinicHost
from physio.models import Booking, Provider, add_booking
from physio.wall_clocks import WIDEST, instant, on_the_wall, plain_utc

from clientportal import RecordRef, When

ZONES = ("Pacific/Auckland", "Europe/Lisbon", "Pacific/Kiritimati", "Etc/GMT+12", "Australia/Lord_Howe")
NIGHTS = tuple(
    map(datetime.fromisoformat, ("2026-04-05 02:00", "2026-09-27 02:00", "2026-10-25 01:00", "2026-03-29 01:00"))
)
"""When clocks change: back and forward in Auckland and at Lord Howe, back and forward in Lisbon."""


@st.composite
def walls(draw: st.DrawFn) -> datetime:
    """What some wall says, by the quarter of an hour: on the nights when clocks change, and around them."""
    return draw(st.sampled_from(NIGHTS)) + timedelta(minutes=15) * draw(st.integers(-100, 100))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(walls(), st.sampled_from(ZONES), st.integers(0, 8)), max_size=30),
    now=walls().map(lambda wall: wall.replace(tzinfo=UTC)),
    limit=st.integers(1, 12),
)
def test_pages_are_in_the_order_of_instants(rows: list[tuple[datetime, str, int]], now: datetime, limit: int) -> None:
    """However the clocks of providers differ, and in the hours that are missing or come twice."""
    ground = ClinicGround()
    ground.open()
    treatment = ground.treatment("kowhai", "cut")
    for wall, zone, quarters in rows:
        provider, _ = Provider.objects.get_or_create(clinic_id="kowhai", code=zone, zone=zone, name=zone)
        add_booking(
            "kowhai",
            patient="P-00001",
            provider=provider,
            treatment=treatment,
            starts=wall,
            ends=wall + timedelta(minutes=15 * quarters),
            booked_on=wall,
        )
    host = ClinicHost(connections["default"], "kowhai")
    everything = [host.one(row) for row in Booking.objects.select_related("provider", "treatment")]
    for when in When:
        wanted = [one for one in everything if (one.end > now) is (when is When.UPCOMING)]
        sign = 1 if when is When.UPCOMING else -1
        wanted.sort(key=lambda one: (sign * one.start.timestamp(), one.id))
        found, after = [], None
        while True:
            page = host.appointments([RecordRef.client("P-00001")], when, now, after, limit)
            assert len(page.items) <= limit
            found += page.items
            after = page.next
            if after is None:
                break
        assert found == wanted


@pytest.mark.parametrize(
    ("wall", "zone", "moment"),
    [
        ("2026-09-27 02:30", "Pacific/Auckland", "2026-09-26T14:30:00+00:00"),  # missing: as if not yet forward
        ("2026-04-05 02:30", "Pacific/Auckland", "2026-04-04T13:30:00+00:00"),  # twice: the first of the two
        ("2026-10-25 01:30", "Europe/Lisbon", "2026-10-25T00:30:00+00:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00+00:00"),
    ],
)
def test_a_wall_clock_on_a_night_when_clocks_change(wall: str, zone: str, moment: str) -> None:
    """Each is one moment, and no clock is further from UTC than the bound that pages rest on."""
    read = instant(datetime.fromisoformat(wall), zone)
    assert read == datetime.fromisoformat(moment)
    assert abs(plain_utc(read) - on_the_wall(read, zone)) < WIDEST


def test_a_time_that_is_skipped_elsewhere_comes_back_as_it_was() -> None:
    """Half past two in Lisbon on the night when Auckland has none: a column with a zone would have moved it."""
    ground = ClinicGround()
    ground.open()
    provider = Provider.objects.create(clinic_id="kowhai", code="T", name="Sofia", zone="Europe/Lisbon")
    starts = datetime.fromisoformat("2026-09-27 02:30")
    made = add_booking(
        "kowhai", provider=provider, treatment=ground.treatment("kowhai", "video"), starts=starts,
        ends=starts + timedelta(minutes=20), booked_on=starts,
    )  # fmt: skip
    assert Booking.objects.get(pk=made.pk).starts == starts
