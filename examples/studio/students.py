"""The same data under ``presets.timetap()``: records, the list, a file, a reset by staff, the export, an erasure."""

from __future__ import annotations

from pathlib import Path

from opening import BUSINESS, Studio, timetap
from screen import dim, fact, refused, say, scene, table
from story import THEOS_NEW, Told, mail_to, reason_of, seen

MAYAS_NEW = "child pose for a change"
WALK_INS = ("Abara", "Brandt", "Castillo", "Dvořák", "Eriksen", "Farouk")
FILE = Path(__file__).parent / "students.csv"


def afterwards(studio: Studio, told: Told) -> None:
    """Saturday and Sunday."""
    scene(6, "Saturday: the same data as TimeTap has it")
    studio.clock.go(5, "10:00")
    fact("as Acuity, Maya sees", seen(studio, told.mayas_token))
    studio.policy = timetap()
    studio.portal.walk_contacts(BUSINESS)
    again = studio.visitor().log_in(told.mayas_email, told.mayas_password)
    fact("as TimeTap", f"{seen(studio, again.token)} – what stands under her own record; t1 is under her brother's")
    theo = studio.visitor("192.0.2.8").log_in(told.theos_email, THEOS_NEW)
    fact("and Theo", f"{seen(studio, theo.token)} – both with the passwords they had")
    print()
    the_list(studio)
    a_file(studio)
    the_list(studio)
    passwords(studio, told)
    erasing(studio, told)


def the_list(studio: Studio) -> None:
    """Everybody, by name (TT5, TT9)."""
    lines = studio.staff().clients().lines
    rows = [(str(one.number), one.name, one.email or "", one.mobile or "") for one in lines]
    table((("no.", 4), ("student", 20), ("email", 30), ("mobile", 18)), rows)
    print()


def a_file(studio: Studio) -> None:
    """Quick add with the fields that the policy defines, then a file with one row that cannot be read (TT7, TT10)."""
    desk = studio.staff("the new list")
    form = ", ".join(f"{one.label}{'*' if one.required else ''}" for one in desk.client_fields())
    fact("the form", form)
    last_name = WALK_INS[studio.run % len(WALK_INS)]
    added = desk.add_client({"first_name": "Lena", "last_name": last_name}, custom={"level": "beginner"})
    fact("quick add", f"Lena {last_name} is no. {added.number}")
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in desk.import_clients(file, name=f"students, {studio.run}"):
            text = f"{row.outcome.value}{f' ({row.reason.value})' if row.reason else ''}  {row.text}"
            fact(f"line {row.line}", text, "31" if row.outcome.value == "refused" else "")
    print()


def passwords(studio: Studio, told: Told) -> None:
    """Staff reset a password here, and never see one (TT3)."""
    scene(7, "Saturday, at noon: staff reset a password")
    studio.clock.go(5, "12:00")
    reset = studio.staff("she forgot it").reset_password(told.maya)
    fact("June resets Maya's", f"{reset.ended} sessions ended, and Maya gets a mail")
    print()
    link = mail_to(studio, told.mayas_email)
    refused(
        "the old one", reason_of(lambda: studio.visitor().log_in(told.mayas_email, told.mayas_password)).client_text
    )
    studio.visitor().reset_password(link, MAYAS_NEW)
    in_again = studio.visitor().log_in(told.mayas_email, MAYAS_NEW)
    fact("by the link", f"a new one; she is in, and sees {seen(studio, in_again.token)}")


def erasing(studio: Studio, told: Told) -> None:
    """The list as a file; everything about Maya; and Maya gone (TT6, X7)."""
    scene(8, "Sunday: the list as a file, and Maya wants to be forgotten")
    studio.clock.go(6, "10:00")
    desk = studio.staff("she asked for it")
    for line in "".join(desk.export_clients()).splitlines():
        print(f"  {dim(line if len(line) <= 100 else line[:99] + '…')}")
    print()
    say(
        "One class of her brother's is Maya's still: t1. An account that leads to somebody else as well is a family's, "
        "and would stay. So June gives t1 to him first."
    )
    theos = next(id for id, name in told.ledger.names.items() if name == "Theo")
    desk.assign(f"t1/{studio.run}", theos)
    held = desk.export_person(told.maya)
    fact("her own copy", ", ".join(f"{len(rows)} {topic}" for topic, rows in sorted(held.held.items()) if rows))
    number = desk.client(told.maya).number
    assert number is not None, "only a preview of the first look has none"
    desk.erase(told.maya, reason="she asked for it in writing")
    found = desk.by_number(number)
    fact("erased", f"no. {number} is {found.state.value}, and nobody else's for ever")
    refused("undo the merge", reason_of(lambda: desk.undo(told.merge)).staff_text)
    no = reason_of(lambda: studio.visitor().log_in(told.mayas_email, MAYAS_NEW))
    refused("log in", no.client_text)
    left = desk.assignment(f"m4/{studio.run}")
    whose = "somebody's" if left.assigned else "nobody's"
    fact("m4", f"stays in the calendar on {left.appointment.local_start:%A %H:%M}, as {whose}")
    theo = studio.visitor("192.0.2.8").log_in(told.theos_email, THEOS_NEW)
    fact("Theo", f"still logs in, and sees {seen(studio, theo.token)}")
    print()
    the_list(studio)
