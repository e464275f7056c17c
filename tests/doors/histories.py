"""Random histories of merges, undos and bookings, each lived twice: with rows that stay, and with rows that follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from attrs import evolve, field, frozen
from hypothesis import strategies as st

from clientportal import Money, RecordRef, Refused
from clientportal.policy import MergedCards
from clientportal.ports import RawContacts
from clientportal.records import Merge, Snapshot
from clientportal.values import ActiveCode, Answer, CardSummary, HeldThing, HoldingKind, Prefill
from world import World, at

__all__ = ["STEPS", "Life", "Step", "live"]

CLIENTS = ("ana", "anna", "annie", "ben")
GUESTS = ("g1", "g2")
PEOPLE = (*map(RecordRef.client, CLIENTS), *map(RecordRef.booking, GUESTS))
MOBILES = {"ana": "021 111 0001", "anna": "021 111 0002", "annie": "021 111 0003", "ben": "021 111 0004"}
EMAIL = "kingi@example.com"

Step = tuple[str, int, int]
"""What happens, to whom, and with whom; numbers beyond what there is are counted round."""

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["merge", "merge", "merge", "undo", "undo", "book", "cancel", "move", "answer", "erase"]),
        st.integers(0, 11),
        st.integers(0, 11),
    ),
    min_size=3,
    max_size=10,
)


@frozen
class Life:
    """One world, and what has happened in it."""

    world: World
    sessions: list[Any] = field(factory=list[Any])
    merges: list[str] = field(factory=list[str])
    bookings: list[str] = field(factory=list[str])
    erased: list[RecordRef] = field(factory=list[RecordRef])

    # --- how it begins

    def begin(self, *, reassign: bool, cards: MergedCards) -> None:
        """Six records of what may be one person or three, with everything that a record can have."""
        world = self.world
        world.change_policy("merging", reassign=reassign, cards=cards)
        for place, name in enumerate(CLIENTS):
            email = "ben@example.com" if name == "ben" else EMAIL
            ref = world.add_client(name, f"{name.title()} Kingi", mobile=MOBILES[name], email=email)
            for number in (1, 2):
                self.book(f"{name}-{number}", ref, f"2026-{10 if number == 1 else 12}-0{place + 1} {8 + number:02}:00")
            gift = Money(f"{10 + place}.50", "NZD")
            code = ActiveCode(id=f"gift-{name}", ref=ref, kind="gift", code=f"GIFT{name}", name="Gift", balance=gift)
            world.seed("add_codes", [code])
            things = [(HoldingKind.MEMBERSHIP, None), (HoldingKind.BALANCE, gift), (HoldingKind.CARD, None)]
            world.seed(
                "add_holdings",
                [HeldThing(id=f"{kind}-{name}", ref=ref, kind=kind, amount=amount) for kind, amount in things],
            )
            if name != "annie":
                self.answer(ref, "Nuts")
        for place, name in enumerate(GUESTS):
            ref = RecordRef.booking(name)
            typed = RawContacts(ref, mobile=MOBILES["ana"], email=EMAIL)
            self.book(name, ref, f"2026-12-1{place} 09:00", booked_as="A. Kingi", contacts=typed)
            world.seed(
                "add_codes",
                [ActiveCode(id=f"c-{name}", ref=ref, kind="package", code=f"P{name}", name="P", credits_left=3)],
            )
            self.answer(ref, "None")
            world.portal.contact_changed(world.tenant, ref)
        self.sessions.extend(world.log_in(MOBILES[name]) for name in CLIENTS)

    def book(self, id: str, ref: RecordRef, start: str, **more: Any) -> None:
        """An appointment of the platform's own."""
        self.bookings.append(self.world.book(id, ref, start, made="2026-09-01 09:00", **more))

    def answer(self, ref: RecordRef, said: str) -> None:
        """The platform writes a form, with a card, instead of what was there."""
        answers = (Answer("intake", "Allergies?", said, at("2026-09-01 09:00")),)
        self.world.seed("add_prefill", ref, Prefill(answers, CardSummary("visa", f"{len(ref.id):04}", 12, 2028)))

    # --- what happens

    def act(self, step: Step) -> str:
        """One step; what came of it, in words that are the same in both lives."""
        what, one, other = step
        self.world.clock.advance(timedelta(minutes=1))
        try:
            return self._plain(_ACTS[what](self, one, other))
        except Refused as refused:
            return f"refused {refused.reason.value}"

    def merge(self, one: int, other: int) -> Any:
        """One of the six into another, and sometimes a third with it."""
        survivor, absorbed = PEOPLE[one % 6], [PEOPLE[other % 6]]
        if other > 5:
            absorbed.append(PEOPLE[(other + one + 1) % 6])
        merged = self.world.staff().merge(survivor, absorbed)
        self.merges.extend(id for id in merged.merges if id not in self.merges)
        in_order = tuple(sorted(merged.merges, key=self.merges.index))
        return evolve(merged, merges=in_order, moved={}, left=())

    def undo(self, one: int, _other: int) -> Any:
        """Any of the merges that were made, undone before or not."""
        if not self.merges:
            return "nothing to undo"
        return evolve(self.world.staff().undo(self.merges[one % len(self.merges)]), moved={}, left=())

    def later(self, one: int, other: int) -> Any:
        """The platform books for whoever it has in front of it, absorbed or not."""
        self.book(f"later-{len(self.bookings)}", RecordRef.client(CLIENTS[one % 4]), f"2026-12-{12 + other} 15:00")
        return "booked"

    def cancel(self, one: int, _other: int) -> Any:
        """Staff cancel one."""
        return self.world.staff().cancel(self.bookings[one % len(self.bookings)])

    def move(self, one: int, other: int) -> Any:
        """Staff move one to a new time."""
        (slot,) = self.world.add_slots(f"2026-12-{12 + other} 1{one % 8}:30")
        moved = self.world.staff().move(self.bookings[one % len(self.bookings)], slot)
        if moved.appointment.id not in self.bookings:
            self.bookings.append(moved.appointment.id)
        return moved

    def fill(self, one: int, other: int) -> Any:
        """The platform writes a record's form anew."""
        self.answer(PEOPLE[one % 6], f"answer {other}")
        return "answered"

    def erase(self, one: int, other: int) -> Any:
        """Somebody asks to be forgotten; seldom."""
        if other < 10:
            return "nobody asked"
        erased = self.world.staff().erase(PEOPLE[one % 6], reason="They asked.")
        self.erased.extend(erased.refs)
        return erased

    def undo_everything(self) -> None:
        """Every merge that still stands, latest last."""
        for id in self.merges:
            try:
                self.world.staff().undo(id)
            except Refused:
                continue

    # --- what is seen

    def seen(self) -> list[str]:
        """What every door shows just now."""
        staff = self.world.staff()
        looks: list[tuple[str, Callable[[], Any]]] = [
            ("duplicates", staff.duplicates),
            ("clients", staff.clients),
            *((f"profile of {ref}", lambda ref=ref: staff.client(ref)) for ref in PEOPLE),
            *((f"merges of {ref}", lambda ref=ref: self._journal(ref)) for ref in PEOPLE),
            *((f"plan {a} {b}", lambda a=a, b=b: staff.plan_merge(a, b)) for a, b in pairwise(PEOPLE)),
            *((f"export of {ref}", lambda ref=ref: self._exported(ref)) for ref in PEOPLE[:2]),
            *((f"contact {one}", lambda one=one: staff.explain_contact(one)) for one in MOBILES.values()),
            *((f"change {id}", lambda id=id: staff.explain_change(id)) for id in self.bookings),
            *((f"snapshots of {ref}", lambda ref=ref: self._snapshots(ref)) for ref in PEOPLE),
        ]
        for number, session in enumerate(self.sessions):
            for name in ("profile", "appointments", "past_changes", "start_booking", "codes"):
                looks.append((f"session {number}: {name}", getattr(session, name)))
            looks.append((f"session {number}: past", lambda session=session: session.appointments("past")))
        return [f"{what}: {self._looked(look)}" for what, look in looks]

    def _looked(self, look: Callable[[], Any]) -> str:
        try:
            return self._plain(look())
        except Refused as refused:
            return f"refused {refused.reason.value}"

    def _journal(self, ref: RecordRef) -> list[Merge]:
        nothing: dict[str, int] = {}
        blank = {"reassigned": False, "moved": nothing, "left": (), "restored": nothing, "not_restored": ()}
        found = [evolve(one, version=0, **blank) for one in self.world.staff().merges(ref)]
        # Of two at one moment the greater id comes first, and ids are drawn by lot.
        return sorted(found, key=lambda one: (one.merged_at, self.merges.index(one.id)))

    def _exported(self, ref: RecordRef) -> Any:
        topics = self.world.staff().export_person(ref).held
        # When a row last made a booking follows its bookings on the platform; a person's latest is the same (T4).
        records = [{**record, "last_booked_at": None} for record in topics["records"]]
        latest = max((record["last_booked_at"] or "" for record in topics["records"]), default="")
        changes = sorted(topics["changes"], key=lambda one: one["taken_at"])
        return [records, latest, changes, *(topics[name] for name in ("appointments", "booking_forms", "codes"))]

    def _snapshots(self, ref: RecordRef) -> list[tuple[str, str]]:
        found = self.world.all_stored(Snapshot, "ref", str(ref))
        return sorted((one.appointment_id, one.change.value) for one in found)

    def _plain(self, outcome: Any) -> str:
        """An answer without what is drawn by lot."""
        text = repr(outcome).replace(self.world.tenant, "the salon")
        for number, id in enumerate(self.merges):
            text = text.replace(id, f"merge {number}")
        return re.sub(r"\b[0-9a-f]{32}\b", "…", text)

    def rows(self) -> list[str]:
        """Every row of the platform, as the platform has it."""
        world = self.world
        asked: Sequence[Any] = [
            *(world.ask("appointment", id) for id in self.bookings),
            *((ref, world.ask("clients", [ref])) for ref in PEOPLE),
            *((ref, world.ask("active_codes", [ref])) for ref in PEOPLE),
            *((ref, world.ask("holdings", [ref])) for ref in PEOPLE),
            *((ref, world.ask("prefill", [ref])) for ref in PEOPLE),
            world.ask("contacts", None, 1000),
        ]
        return [self._plain(one) for one in asked]


_ACTS: dict[str, Callable[[Life, int, int], Any]] = {
    "merge": Life.merge,
    "undo": Life.undo,
    "book": Life.later,
    "cancel": Life.cancel,
    "move": Life.move,
    "answer": Life.fill,
    "erase": Life.erase,
}


def live(staying: World, moving: World, steps: Sequence[Step], cards: MergedCards) -> tuple[Life, Life]:
    """The same history in both worlds: every step ends alike, every door shows the same after it, and once everything
    is undone every row is as if nothing had ever been merged.
    """
    lives = Life(staying), Life(moving)
    for life, reassign in zip(lives, (False, True), strict=True):
        life.begin(reassign=reassign, cards=cards)
    for step in steps:
        stayed, moved = (life.act(step) for life in lives)
        assert stayed == moved, step
        _compare(lives, step)
    for life in lives:
        life.undo_everything()
    _compare(lives, "everything undone")
    if not lives[0].erased:
        # The rows of a platform that moves nothing are those of one where nobody has ever merged.
        assert lives[1].rows() == lives[0].rows()
    return lives


def _compare(lives: tuple[Life, Life], step: Any) -> None:
    staying, moving = (life.seen() for life in lives)
    different = [f"\n  stays: {a}\n  moved: {b}" for a, b in zip(staying, moving, strict=True) if a != b]
    assert not different, f"after {step}:{''.join(different)}"
