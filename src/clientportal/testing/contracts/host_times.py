"""The part of the host contract about times: the split at now, and the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from clientportal.testing.contracts.host_frame import DAY, HOUR, NOW, HostFrame, booked
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.values import Appointment, When

__all__ = ["TimingHost", "clock_changes"]

_ZONES = ("Pacific/Auckland", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu")
"""Clocks that change by an hour, by half an hour, and never, with an offset of 5:45."""


def clock_changes(zone: str, year: int = 2035) -> list[datetime]:
    """The instants of that year at which the clocks of a zone are changed, to the minute."""
    place, found = ZoneInfo(zone), list[datetime]()
    at = datetime(year, 1, 1, tzinfo=UTC)
    offset = at.astimezone(place).utcoffset()
    while at.year == year:
        later = at + HOUR / 2
        if (changed := later.astimezone(place).utcoffset()) != offset:
            found.append(later)
            offset = changed
        at = later
    return found


class TimingHost(HostFrame):
    """Instants are instants: a wall clock is no order, and an hour that comes twice is two hours."""

    def test_split_at_now(self, ground: HostGround) -> None:
        """What ends at now, to the smallest step of its clock, is past; what ends a step later is upcoming."""
        service, step = self.add_service(ground), ground.precision
        ref = self.add_client(ground, "edge", first_name="Edge")
        ends = {"before": NOW - step, "at": NOW, "after": NOW + step}
        ids = {
            name: self.add_booked(ground, booked(name, ref, end - HOUR / 2, end=end, service_id=service))
            for name, end in ends.items()
        }
        past, upcoming = ([one.id for one in self.all_of(ground, [ref], when)] for when in (When.PAST, When.UPCOMING))
        assert past == [ids["at"], ids["before"]]
        assert upcoming == [ids["after"]]
        later = self.all_of(ground, [ref], When.UPCOMING, now=NOW + step)
        assert later == []
        self.proven(f"to {step.total_seconds():g} s")

    def test_precision(self, ground: HostGround) -> None:
        """Times come back to the platform's smallest step, aware and in UTC."""
        service = self.add_service(ground)
        ref = self.add_client(ground, "exact", first_name="Exact")
        start = NOW + DAY + 7 * ground.precision
        id = self.add_booked(ground, booked("exact", ref, start, service_id=service))
        (one,) = self.all_of(ground, [ref], When.UPCOMING)
        assert (one.id, one.start, one.end) == (id, start, start + 45 * timedelta(minutes=1))
        assert one.start.utcoffset() == timedelta(0)

    @pytest.mark.parametrize("zone", _ZONES)
    def test_clock_changes(self, ground: HostGround, zone: str) -> None:
        """On the nights when clocks change, appointments are at their instants and listed by them: the hour that comes
        twice in both folds, the skipped one, half an hour at Lord Howe."""
        if zone != ground.zone:
            self.keeps(ground, "zones")
        service = self.add_service(ground)
        for turn, change in enumerate(clock_changes(zone) or [NOW + 20 * DAY]):
            ref = self.add_client(ground, f"night{turn}", first_name="Night")
            wanted = self._night(ground, zone, change, turn)
            ids: dict[str, Appointment] = {}
            for one in wanted:
                made = booked(f"{zone}{turn}-{one:%H%M}", ref, one, end=one + HOUR / 4, zone=zone, service_id=service)
                ids[self.add_booked(ground, made)] = made
            found = self.all_of(ground, [ref], When.UPCOMING, now=change - DAY, limit=3)
            assert [one.start for one in found] == wanted, "by the instant, not by the wall clock"
            for row in found:
                assert (row.end, row.zone) == (ids[row.id].end, zone)
                assert row.local_start == row.start.astimezone(ZoneInfo(zone))
            for now in wanted:
                upcoming = self.all_of(ground, [ref], When.UPCOMING, now=now + HOUR / 4)
                past = self.all_of(ground, [ref], When.PAST, now=now + HOUR / 4)
                assert [one.start for one in upcoming] == [one for one in wanted if one > now]
                assert [one.start for one in past] == [one for one in reversed(wanted) if one <= now]

    def _night(self, ground: HostGround, zone: str, change: datetime, turn: int) -> list[datetime]:
        """By the quarter of an hour around the change; without the second fold where it cannot be written down."""
        around = [change + at * HOUR / 4 for at in (-6, -3, -2, -1, 0, 1, 2, 3, 6)]
        if "second_hour" in ground.lacks:
            self.has(ground, "second_hour")
            around = [at for at in around if not at.astimezone(ZoneInfo(zone)).fold]
        return around

    def test_second_hour(self, ground: HostGround) -> None:
        """01:30 on the night when clocks go back is two appointments an hour apart."""
        self.keeps(ground, "second_hour")
        place = ZoneInfo(ground.zone)
        back = [at for at in clock_changes(ground.zone) if at.astimezone(place).fold]
        if not back:
            self.not_declared("a zone whose clocks go back")
        service = self.add_service(ground)
        ref = self.add_client(ground, "twice", first_name="Twice")
        wall = back[0].astimezone(place).replace(tzinfo=None) + HOUR / 2
        starts = [wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1)]
        for fold, start in enumerate(starts):
            self.add_booked(ground, booked(f"fold{fold}", ref, start, zone=ground.zone, service_id=service))
        found = self.all_of(ground, [ref], When.UPCOMING, now=back[0] - DAY)
        assert [one.start for one in found] == starts
        assert [one.local_start.replace(tzinfo=None) for one in found] == [wall, wall]
        self.proven(f"{wall:%H:%M} in {ground.zone}")
