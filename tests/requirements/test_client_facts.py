"""Birthdays and consents: kept by the platform, asked for where the business wants them, and for staff alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import asdict, evolve

from clientportal import InvalidInput
from clientportal.policy import FieldDefinition
from world import World, client

BORN = FieldDefinition(label="Date of birth")


def row(world: World, ref: Any) -> Any:
    """The platform's own row."""
    return world.ask("clients", [ref])[0]


@pytest.mark.requirement("TT7", "TT10")
def test_a_business_that_wants_birthdays_asks_for_them(world: World) -> None:
    """In quick add, in the profile, in a change; until then no form has them, and what the platform knows stays."""
    staff = world.staff()
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", birthday=date(1948, 2, 29))
    assert "birthday" not in [one.name for one in staff.client_fields()]
    assert staff.client(ana).birthday is None
    with pytest.raises(InvalidInput, match="there is no field 'birthday' in the form"):
        staff.change_client(ana, staff.client(ana).versions[ana], {"birthday": "1950-01-01"})
    staff.change_client(ana, staff.client(ana).versions[ana], {"first_name": "Anahera"})
    assert row(world, ana).birthday == date(1948, 2, 29)

    world.change_policy("clients", fields={"birthday": BORN})
    staff = world.staff()
    assert [one.name for one in staff.client_fields()][-2:] == ["birthday", "notes"]
    assert (staff.client(ana).birthday, staff.client(ana).labels["birthday"]) == (date(1948, 2, 29), "Date of birth")
    ben = staff.add_client({"first_name": "Ben", "birthday": "2000-02-29"}).ref
    assert row(world, ben).birthday == date(2000, 2, 29)
    changed = staff.change_client(ben, row(world, ben).version, {"birthday": date(1999, 12, 31)})
    assert changed.fields == ("birthday",)
    assert row(world, ben).birthday == date(1999, 12, 31)
    assert "birthday" in row(world, ben).changed_at
    staff.change_client(ben, row(world, ben).version, {"birthday": ""})
    assert (row(world, ben).birthday, row(world, ben).cleared) == (None, {"birthday"})


@pytest.mark.requirement("TT10")
def test_a_birthday_that_nobody_can_read_is_told_at_once(world: World) -> None:
    """With the label that the business gave it, and how one is written; nothing is added."""
    world.change_policy("clients", fields={"birthday": evolve(BORN, required=True)})
    staff = world.staff()
    for typed in ("29/02/1984", "1985-02-29", "84-02-29"):
        with pytest.raises(InvalidInput, match=r"Date of birth: .*such as 1984-02-29"):
            staff.add_client({"first_name": "Ben", "birthday": typed})
    with pytest.raises(InvalidInput, match="Date of birth must be filled in"):
        staff.add_client({"first_name": "Ben"})
    assert world.staff().clients().lines == ()


@pytest.mark.requirement("TT6", "TT10")
def test_birthdays_go_out_in_a_file_and_come_back(world: World) -> None:
    """Leap days, the century that had none, and days before 1970 are the same days; the export of the import is the
    same file."""
    days = {
        "ana": date(1948, 2, 29), "ben": date(1969, 12, 31), "zoe": date(2000, 2, 29), "old": date(1900, 2, 28),
        "low": None,
    }  # fmt: skip
    for number, (id, day) in enumerate(days.items()):
        world.add_client(id, f"{id.title()} Kingi", mobile=f"021 123 45{number:02}", birthday=day)
    first = "".join(world.staff().export_clients())
    for id in days:
        world.staff().erase(client(id), reason="moved to the new salon")
    without_numbers = "\r\n".join(line.partition(",")[2] for line in first.split("\r\n"))
    rows = list(world.staff().import_clients(without_numbers.splitlines(keepends=True), name="back"))
    assert {one.outcome for one in rows} == {"added"}
    found = {row(world, one.ref).first_name.lower(): row(world, one.ref).birthday for one in rows}
    assert found == days
    second = "".join(world.staff().export_clients())
    assert [line.partition(",")[2] for line in second.split("\r\n")] == without_numbers.split("\r\n")


@pytest.mark.requirement("TT10")
def test_a_row_with_an_unreadable_birthday_says_what_would_be_right(world: World) -> None:
    """By the column's name in the file; the other rows are added."""
    file = ["First name,DOB", "Ana,1948-02-29", "Ben,31.12.1969", "Cat,1900-02-29", "Dan,"]
    ana, ben, cat, dan = world.staff().import_clients(file, name="old program")
    assert (ana.outcome, dan.outcome) == ("added", "added")
    assert (ben.outcome, ben.reason, cat.outcome) == ("refused", "unreadable", "refused")
    assert ben.text == "the column 'DOB': a birthday is written year-month-day, such as 1984-02-29"
    assert cat.text.startswith("the column 'DOB': there is no such day in the calendar")
    assert row(world, ana.ref).birthday == date(1948, 2, 29)


@pytest.mark.requirement("TT8", "T8")
def test_no_client_is_shown_a_birthday_or_a_consent(world: World) -> None:
    """They are for staff: a household shares a login, and a birthday is what others ask to be sure who calls."""
    world.change_policy("clients", fields={"birthday": BORN})
    world.add_client(
        "ana", "Ana Kingi", mobile="021 123 4567", birthday=date(1948, 2, 29), consents={"letters_at_christmas": True}
    )
    profile = str(asdict(world.log_in("021 123 4567").profile()))
    assert "Ana" in profile
    assert "1948" not in profile
    assert "christmas" not in profile


def test_what_a_client_agreed_to_stays_whatever_staff_write(world: World) -> None:
    """Consents are the client's to give; a change of fields, and a file, leave them alone."""
    given = {"marketing_email": False, "photos": True}
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", consents=given)
    staff = world.staff()
    staff.change_client(ana, row(world, ana).version, {"notes": "Rang on Monday"})
    assert row(world, ana).consents == given
    list(staff.import_clients("".join(staff.export_clients()).splitlines(keepends=True), name="again"))
    assert row(world, ana).consents == given


@pytest.mark.requirement("X7")
def test_erasing_leaves_neither_birthday_nor_consent(world: World) -> None:
    """Nobody is left whom a consent could be about."""
    ana = world.add_client(
        "ana", "Ana Kingi", mobile="021 123 4567", birthday=date(1948, 2, 29), consents={"marketing_email": False}
    )
    (before,) = world.staff().export_person(ana).held["records"]
    assert (before["birthday"], before["consents"]) == ("1948-02-29", {"marketing_email": False})
    world.staff().erase(ana, reason="asked")
    assert (row(world, ana).birthday, row(world, ana).consents) == (None, {})
    assert "1948" not in "".join(world.staff().export_clients())
