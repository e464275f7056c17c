"""Two businesses to be killed in: one whose clients log in by code, one whose clients have accounts.

Each is prepared once on a database and put back to its beginning for every script that is played in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from accounts_ground import a_session, an_account
from clientportal import Money, Portal
from clientportal.policy import OnDelete, VisibilityPolicy
from clientportal.values.invoices import Invoice
from crashes.outside import Mailbox, Provider
from held import card
from mails import PASSWORD, timetap
from steps.dumps import Contents, contents
from steps.stages import SteppedWorld, _way_back

__all__ = ["BUSINESSES", "DUE", "Salon"]

EARLY = "2026-11-01 09:00"
DUE = Money("65.00", "NZD")
BETWEEN = timedelta(seconds=45)
"""From one act of a script to the next: longer than three leases of a message. A whole script is shorter than the life
of a code."""


class Salon:
    """A business with what its people know: tokens, handles, links. ``wrap`` puts a faulty store in between, and
    whoever is ``hasty`` says "done" before it is.
    """

    def __init__(self, name: str, store: Any, host: Any, folder: Path) -> None:
        self.name = name
        self.known: dict[str, Any] = {}
        self.wrap: Callable[[Any], Any] = lambda inner: inner
        self.mailbox = Mailbox(folder / f"{name}-mailbox")
        self.provider = Provider(folder / f"{name}-provider")
        self.sender: Any = self.mailbox
        self.hasty = False
        self.world = SteppedWorld(store, host)
        # Whoever prepares reads the mails there as well.
        self.world.box = self.mailbox  # type: ignore[assignment]
        self.world.portal = self.world.make_portal(payments=self.provider)
        BUSINESSES[name](self)
        self.world.change_policy("messages", send_timeout=timedelta(seconds=2))
        self._clock = self.world.clock()
        self._beginning = dict(self.known)
        self._sent, self._charged = len(self.mailbox.all()), len(self.provider.all())
        self.begun: Contents = contents(self.world)
        homes = {id(one): one for one in (store, getattr(host, "home", None)) if one is not None}
        self.stores = list(homes.values())
        self._back = [_way_back(one, self.world.tenant) for one in self.stores]

    def back(self) -> None:
        """To the beginning."""
        for back in self._back:
            back()
        self.mailbox.cut(self._sent)
        self.provider.cut(self._charged)
        self.known = {**self._beginning, "ended": []}
        self.at(0)

    def at(self, place: int, later: timedelta = timedelta()) -> None:
        """The moment of the act at that place of a script."""
        self.world.clock.set(self._clock + BETWEEN * place + later)

    def let_go(self) -> None:
        """Close every connection: a process that is forked must not share one."""
        for store in self.stores:
            store.engine.dispose()

    def portal(self) -> Any:
        """A portal over this business as the next process would make it."""
        world = self.world
        made: Portal = world.make_portal(
            payments=self.provider,
            store=self.wrap(world.store),
            senders=dict.fromkeys(world.portal._setup.senders, self.sender),
        )
        return made

    def __getitem__(self, name: str) -> Any:
        return self.known[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.known[name] = value


def _signed_in(salon: Salon, number: str) -> str:
    return str(salon.world.sign_in(number).token.reveal())


def by_code(salon: Salon) -> None:
    """Ana and her twin, Ben, two of one family who were merged, Zoë, who is to go; appointments, an invoice, a card."""
    world = salon.world
    sections = (*VisibilityPolicy().sections, "messages", "notifications", "payments", "payment_methods")
    if not world.host.shares_transaction:
        sections = VisibilityPolicy().sections
    else:
        world.change_policy("bookings", payments=True)
    world.change_policy("visibility", sections=sections, editable=VisibilityPolicy().fields)
    world.change_policy("clients", on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    world.add_client("anna", "Anna Kingi", mobile="021 999 8888", email="ana@example.com")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    hana = world.add_client("hana", "Hana Moana", mobile="021 555 0142")
    hanna = world.add_client("hanna", "Hanna Moana", email="hanna@example.com")
    zoe = world.add_client("zoe", "Zoë Hart", mobile="021 555 0199")
    for hour, (name, ref) in enumerate(
        {"a1": ana, "a2": ana, "a3": ana, "b1": ben, "b2": ben, "h1": hanna, "z1": zoe}.items()
    ):
        world.book(name, ref, f"2026-11-30 {8 + hour:02}:00", made=EARLY)
    slots = world.add_slots(*(f"2026-12-0{day} 10:00" for day in range(1, 7)))
    salon["slots"] = slots
    salon["merge"] = world.staff().merge(hana, hanna).merges[0]
    if world.host.shares_transaction:
        owed = Invoice(id="i1", ref=ana, name="Invoice 118", issued_at=world.clock(), total=DUE, due=DUE)
        world.seed("add_items", [owed, card("c1", ben)])
    salon["ana"] = _signed_in(salon, "021 123 4567")
    salon["ben"] = _signed_in(salon, "021 765 4321")
    salon["ben again"] = _signed_in(salon, "021 765 4321")
    salon["link"] = world.staff().appointment_link("a3").reveal()
    salon["link2"] = world.staff().appointment_link("b2").reveal()
    world.deliver()
    world.clock.advance(timedelta(minutes=11))


def by_account(salon: Salon) -> None:
    """Ana has an account with a password, two sessions and a record; Ben is a client who has been invited nowhere."""
    world = salon.world
    timetap(world)
    world.change_policy("accounts", sign_in_links=True)
    ana = world.add_client("ana", "Ana Kingi", email="ana@example.com")
    world.add_client("ben", "Ben Ngata", email="ben@example.com")
    world.add_client("mere", "Mere Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-12-01 09:00", made=EARLY)
    world.book("m1", ana, "2026-12-02 09:00", made=EARLY)
    salon["slots"] = world.add_slots(*(f"2026-12-0{day} 10:00" for day in range(3, 7)))
    salon["account"] = an_account(world, "ana@example.com", EARLY, proved=EARLY, password=PASSWORD)
    for name in ("ana", "ana again"):
        salon[name] = a_session(world, salon["account"], entry=ana, own=[ana]).reveal()
    world.clock.advance(timedelta(minutes=11))


BUSINESSES: dict[str, Callable[[Salon], None]] = {"by code": by_code, "by account": by_account}
