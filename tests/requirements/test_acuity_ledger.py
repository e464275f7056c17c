"""Acuity's assignments as a ledger: one studio in New York, nine days, every clause of A7–A13 as it comes up.

After each event the ledger has a line for every appointment whose account has changed, and, for a booking that was
told, whose it is and by which clause. ``pytest -s -k ledger`` prints it.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts_ground import NEW_YORK, a_session, an_account, proves
from clientportal import RecordRef, Refused, presets
from clientportal.policy import SeenBy
from clientportal.values import When
from world import World, at

EXPECTED = """\
Mon 2 Mar 09:00 · Maya books a cut, logged out: m1 -> nobody (booked_logged_out)
Mon 2 Mar 09:30 · the desk books Maya a colour: m2 -> nobody (unless_ambiguous)
Mon 2 Mar 10:00 · Maya registers with maya@example.com, not proved yet
Mon 2 Mar 10:05 · Maya books logged in, before the proof: m3 -> maya (booked_logged_in)
Mon 2 Mar 10:10 · Maya books logged out, though registered: m4 -> nobody (booked_logged_out)
Mon 2 Mar 10:20 · the desk books her before the proof; m3 is hers: m5 -> maya (unless_ambiguous)
Mon 2 Mar 11:00 · Maya proves maya@example.com
    m1 -> maya (booked_before_proof)
    m2 -> maya (booked_before_proof)
Tue 3 Mar 09:00 · Maya books logged out, proved by now: m6 -> nobody (booked_logged_out)
Tue 3 Mar 12:00 · Maya books for her brother, logged in, under his email: t1 -> maya (booked_logged_in)
Wed 4 Mar 09:00 · the desk books the brother; his email's one account is Maya's: t2 -> maya (unless_ambiguous)
Wed 4 Mar 15:00 · Theo registers with theo@example.com
Wed 4 Mar 15:10 · Theo proves it; t1 and t2 are Maya's already
Wed 4 Mar 15:20 · Theo books logged in: t3 -> theo (booked_logged_in)
Thu 5 Mar 09:00 · the desk books Theo; his email's are two accounts': t4 -> nobody (unless_ambiguous)
Thu 5 Mar 09:30 · staff give t4 to Theo
    t4 -> theo (assign)
Thu 5 Mar 10:00 · staff may not assign all of Theo's: several_accounts
Thu 5 Mar 10:05 · staff give t1 and t2 to Theo
    t1 -> theo (assign)
    t2 -> theo (assign)
Thu 5 Mar 11:00 · the desk books Theo; one account by now: t5 -> theo (unless_ambiguous)
Fri 6 Mar 09:00 · Noor has proved noor@example.com, with nothing assigned: n1 -> noor (unless_ambiguous)
Fri 6 Mar 10:00 · staff clear n1, which was another Noor's
    n1 -> nobody
Fri 6 Mar 10:05 · staff may not assign all of Noor's: nothing_assigned
Sat 7 Mar 09:00 · Eve's session claims m6, which she did not book: not_found
Sat 7 Mar 10:00 · Maya moves m1; it stays hers
Sun 8 Mar 03:00 · the clocks have gone forward; Maya books logged in: m7 -> maya (booked_logged_in)
Mon 9 Mar 09:00 · staff assign all of Maya's
    m4 -> maya (assign)
    m6 -> maya (assign)
Tue 10 Mar 09:00 · the studio shows records for a day, then assignments again
Tue 10 Mar 09:30 · login is switched off and on again
At the end: maya m1 m2 m3 m4 m5 m6 m7 · noor – · theo t1 t2 t3 t4 t5"""


class Ledger:
    """What happened, and whose each appointment is."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names: dict[str, str] = {}
        self.appointments: dict[str, RecordRef] = {}
        self.known: dict[str, str] = {}
        self.lines: list[str] = []
        self.now = ""

    def at(self, moment: str) -> None:
        """It is then, by New York's clocks."""
        self.world.clock.set(at(f"2026-03-{moment}", NEW_YORK))
        local = self.world.clock().astimezone(ZoneInfo(NEW_YORK))
        self.now = f"{local:%a} {local.day} {local:%b %H:%M}"

    def account(self, name: str, **more: Any) -> str:
        """Somebody registers now."""
        id = an_account(self.world, f"{name}@example.com", self.world.clock(), **more)
        self.names[id] = name
        return id

    def book(self, id: str, ref: RecordRef) -> str:
        """The platform has made a booking, just now."""
        self.appointments[id] = ref
        return self.world.book(id, ref, "2026-03-24 10:00", zone=NEW_YORK)

    def told(self, what: str, id: str, ref: RecordRef, door: Any) -> None:
        """A booking is made and told at a door: whose it is, by which clause."""
        self.book(id, ref)
        answer = door.booked(id)
        (decided,) = [one for one in self.world.observed.operations[-1:] if one.begun.name.endswith("_booked")]
        assert answer.account == self.holder(id)
        self.known[id] = self.named(answer.account)
        self.lines.append(f"{self.now} · {what}: {id} -> {self.known[id]} ({clause(decided.rule)})")

    def happened(self, what: str) -> None:
        """Anything else, with every appointment that is somebody else's by it."""
        self.lines.append(f"{self.now} · {what}")
        for id in sorted(self.appointments):
            seen = self.world.staff().assignment(id).assigned
            name = self.named(None if seen is None else seen.account)
            if name != self.known[id]:
                why = "" if seen is None else f" ({clause(seen.because.partition(';')[0])})"
                self.lines.append(f"    {id} -> {name}{why}")
                self.known[id] = name

    def holder(self, id: str) -> str | None:
        """The account that an appointment is assigned to."""
        seen = self.world.staff().assignment(id).assigned
        return None if seen is None else str(seen.account)

    def named(self, account: str | None) -> str:
        """Whose account it is."""
        return "nobody" if account is None else self.names[account]

    def sees(self, name: str, door: Any) -> None:
        """A client sees exactly what the ledger says (A7)."""
        shown = sorted(one.id for when in When for one in door.appointments(when).items)
        assert shown == sorted(id for id, whose in self.known.items() if whose == name), name


def clause(rule: str) -> str:
    """The name of the clause alone."""
    return rule.rpartition(".")[2]


def refused(call: Any) -> str:
    """Why it was refused."""
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.reason.value


@pytest.mark.requirement("A6", "A7", "A8", "A9", "A10", "A11", "A12", "A13")
def test_the_ledger_of_nine_days(world: World) -> None:
    """Every clause, the ambiguous ones included; after every event each client sees exactly what is theirs."""
    world.use(presets.acuity(region="US"))
    world.clock.set(at("2026-03-02 08:00", NEW_YORK))
    ledger = Ledger(world)
    maya = world.add_client("maya", "Maya Ortiz", email="maya@example.com")
    theo = world.add_client("theo", "Theo Ortiz", email="theo@example.com")
    noor = world.add_client("noor", "Noor Haddad", email="noor@example.com")
    desk, visitor = world.staff(reason="at the desk"), world.visitor()

    ledger.at("02 09:00")
    ledger.told("Maya books a cut, logged out", "m1", maya, visitor)
    ledger.at("02 09:30")
    ledger.told("the desk books Maya a colour", "m2", maya, desk)
    ledger.at("02 10:00")
    mayas = ledger.account("maya")
    ledger.happened("Maya registers with maya@example.com, not proved yet")
    by_maya = world.portal.client(a_session(world, mayas))
    ledger.at("02 10:05")
    ledger.told("Maya books logged in, before the proof", "m3", maya, by_maya)
    ledger.sees("maya", by_maya)
    ledger.at("02 10:10")
    ledger.told("Maya books logged out, though registered", "m4", maya, visitor)
    ledger.at("02 10:20")
    ledger.told("the desk books her before the proof; m3 is hers", "m5", maya, desk)
    ledger.at("02 11:00")
    proves(world, mayas)
    ledger.happened("Maya proves maya@example.com")
    ledger.sees("maya", by_maya)

    ledger.at("03 09:00")
    ledger.told("Maya books logged out, proved by now", "m6", maya, visitor)
    ledger.at("03 12:00")
    ledger.told("Maya books for her brother, logged in, under his email", "t1", theo, by_maya)
    ledger.at("04 09:00")
    ledger.told("the desk books the brother; his email's one account is Maya's", "t2", theo, desk)
    ledger.at("04 15:00")
    theos = ledger.account("theo")
    ledger.happened("Theo registers with theo@example.com")
    ledger.at("04 15:10")
    assert proves(world, theos) == 0
    ledger.happened("Theo proves it; t1 and t2 are Maya's already")
    by_theo = world.portal.client(a_session(world, theos))
    ledger.at("04 15:20")
    ledger.told("Theo books logged in", "t3", theo, by_theo)
    ledger.sees("theo", by_theo)

    ledger.at("05 09:00")
    ledger.told("the desk books Theo; his email's are two accounts'", "t4", theo, desk)
    ledger.at("05 09:30")
    desk.assign("t4", theos)
    ledger.happened("staff give t4 to Theo")
    ledger.at("05 10:00")
    assert desk.may_assign_all(theo).reason == "several_accounts"
    ledger.happened(f"staff may not assign all of Theo's: {refused(lambda: desk.assign_all(theo))}")
    ledger.at("05 10:05")
    assert all(row.assigned for row in desk.assign_many(["t1", "t2"], theos))
    ledger.happened("staff give t1 and t2 to Theo")
    ledger.at("05 11:00")
    ledger.told("the desk books Theo; one account by now", "t5", theo, desk)
    ledger.sees("theo", by_theo)

    ledger.at("06 09:00")
    ledger.account("noor", proved="2026-03-06 08:00", zone=NEW_YORK)
    ledger.told("Noor has proved noor@example.com, with nothing assigned", "n1", noor, desk)
    ledger.at("06 10:00")
    desk.clear_assignment("n1")
    ledger.happened("staff clear n1, which was another Noor's")
    ledger.at("06 10:05")
    ledger.happened(f"staff may not assign all of Noor's: {refused(lambda: desk.assign_all(noor))}")

    ledger.at("07 09:00")
    eve = world.portal.client(a_session(world, ledger.account("eve")))
    ledger.happened(f"Eve's session claims m6, which she did not book: {refused(lambda: eve.booked('m6'))}")
    ledger.sees("eve", eve)
    ledger.at("07 10:00")
    (slot,) = world.add_slots("2026-03-25 10:00", zone=NEW_YORK)
    by_maya.move("m1", slot)
    ledger.happened("Maya moves m1; it stays hers")
    ledger.at("08 03:00")
    ledger.told("the clocks have gone forward; Maya books logged in", "m7", maya, by_maya)
    ledger.at("09 09:00")
    done = desk.assign_all(maya)
    assert (done.newly, done.already) == (2, 5)
    ledger.happened("staff assign all of Maya's")
    ledger.sees("maya", by_maya)

    ledger.at("10 09:00")
    world.change_policy("visibility", appointments=SeenBy.RECORD)
    world.change_policy("visibility", appointments=SeenBy.ASSIGNED)
    ledger.happened("the studio shows records for a day, then assignments again")
    ledger.at("10 09:30")
    world.change_policy("login", enabled=False)
    assert refused(by_maya.appointments) == "disabled"
    world.change_policy("login", enabled=True)
    ledger.happened("login is switched off and on again")
    for name, door in (("maya", by_maya), ("theo", by_theo), ("eve", eve)):
        ledger.sees(name, door)

    held = {
        name: " ".join(sorted(id for id, whose in ledger.known.items() if whose == name)) or "–"
        for name in ("maya", "noor", "theo")
    }
    ledger.lines.append("At the end: " + " · ".join(f"{name} {ids}" for name, ids in held.items()))
    print("\n".join(["", *ledger.lines]))
    assert ledger.lines == EXPECTED.splitlines()
