"""Every write of a section that ships, done once in a small salon, and how it is seen to have been done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import evolve, frozen

from clientportal.operations.trusting import CheckedHost
from clientportal.sections.payments import SETTLE
from clientportal.testing.contracts.host_frame import NOW, Salon
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.section_frame import SectionFrame
from clientportal.values import HostAnswer, Money, RecordRef, SectionWrite
from clientportal.values.forms import FormState
from clientportal.values.pets import Pet, pet_texts

__all__ = ["SECTION_WRITES", "SectionWriting", "Trial"]

PAID = Money("30.25", "NZD")
SAID = "Can I come at ten?\n<b>Ana</b> & Rex 🦊"


@frozen
class Trial:
    """One write: of which section, by which action; what a client's action it belongs to is called; whether it is
    decided on an item that is there, in a version."""

    section: str
    action: str
    allowed_as: str
    on_item: bool


SECTION_WRITES: Mapping[str, Trial] = {
    "payment_methods.remove": Trial("payment_methods", "remove", "remove", True),
    "pets.create": Trial("pets", "save", "save", False),
    "pets.save": Trial("pets", "save", "save", True),
    "pets.delete": Trial("pets", "delete", "delete", True),
    "forms.save_draft": Trial("forms", "save_draft", "fill", True),
    "forms.submit": Trial("forms", "submit", "fill", True),
    "messages.send": Trial("messages", "send", "send", False),
    "preferences.set": Trial("preferences", "set", "set", False),
    "payments.settle": Trial("payments", SETTLE, "pay", True),
}
"""The writes of the sections that ship, by name."""

_FIELDS: Mapping[str, Callable[[Any], dict[str, str]]] = {
    "payment_methods.remove": lambda _key: {},
    "pets.create": lambda _key: pet_texts(Pet(id="new", ref=RecordRef.client("x"), name="Rua", species="dog")),
    "pets.save": lambda _key: {"name": "Rex the Great", "breed": "Huntaway"},
    "pets.delete": lambda _key: {},
    "forms.save_draft": lambda _key: {"name": "Ana"},
    "forms.submit": lambda _key: {"name": "Ana Kingi"},
    "messages.send": lambda _key: {"text": SAID, "at": NOW.isoformat()},
    "preferences.set": lambda _key: {"category": "marketing", "channel": "sms", "on": "no"},
    "payments.settle": lambda key: {"payment": f"pay-{key}", "provider_ref": f"pi-{key}", "at": NOW.isoformat()},
}


class SectionWriting(SectionFrame):
    """Does any write of a section, of those that ship and of the platform's own."""

    def trial(self, ground: HostGround, write: str) -> Trial:
        """That write, where the platform has it."""
        if write == "own":
            return self._own_trial(ground)
        trial = SECTION_WRITES[write]
        self.needs_section(ground, trial.section)
        if trial.allowed_as not in self.ask(ground, lambda host: self._actions(host, trial.section)):
            self.not_declared(f"the action {trial.section}.{trial.allowed_as}")
        return trial

    def _own_trial(self, ground: HostGround) -> Trial:
        for named in sorted(ground.acts):
            section, _, action = named.partition(".")
            self.needs_section(ground, section)
            assert action in self.ask(ground, partial(self._actions, name=section)), f"{named} is an action"
            return Trial(section, action, action, True)
        return self.not_declared("actions of sections of the platform's own")

    async def _actions(self, host: CheckedHost, name: str) -> tuple[str, ...]:
        return (await self.section(host, name)).actions

    def stocked(self, ground: HostGround, trial: Trial) -> tuple[Salon, str]:
        """A salon with an item for each of two clients; the id of the first one's."""
        salon = self.salon(ground)
        mine = self.add_example(ground, trial.section, "mine", salon.ana, 2)
        self.add_example(ground, trial.section, "bens", salon.ben, 1)
        return salon, mine

    def asking(self, ground: HostGround, write: str, trial: Trial, salon: Salon, key: str) -> SectionWrite:
        """What the portal would ask for, but for the item that it is about."""
        fields = ground.acts[f"{trial.section}.{trial.action}"] if write == "own" else _FIELDS[write](key)
        return SectionWrite(
            section=trial.section, action=trial.action, ref=salon.ana, refs=(salon.ana, salon.ben), fields=fields,
            amount=PAID if trial.action == SETTLE else None,
        )  # fmt: skip

    def wanted(self, ground: HostGround, write: str, trial: Trial, salon: Salon, id: str, key: str) -> SectionWrite:
        """The same, decided on the item as it is now."""
        asked = self.asking(ground, write, trial, salon, key)
        if not trial.on_item:
            return asked
        item = self.found(ground, trial.section, id)
        assert item is not None, f"{trial.section}.one({id!r}) is there"
        return evolve(asked, item=id, version=item.version)

    async def do_section(self, host: CheckedHost, change: SectionWrite, key: str) -> HostAnswer:
        """Ask for it."""
        return await host.write_section(change, key)

    # --- what can be seen afterwards

    def check(self, ground: HostGround, write: str, salon: Salon, id: str, before: Any, answer: HostAnswer) -> None:
        """Hold what is there now against what the write was for."""
        look = getattr(self, f"_after_{write.replace('.', '_')}", None)
        if look is not None:
            look(ground, salon, id, before, answer)

    def _after_payment_methods_remove(self, ground: HostGround, salon: Salon, id: str, *_: Any) -> None:
        assert self.found(ground, "payment_methods", id) is None
        assert self.ids(ground, "payment_methods", [salon.ana]) == []

    def _after_pets_create(self, ground: HostGround, salon: Salon, _id: str, _: Any, answer: HostAnswer) -> None:
        assert answer.item, "the answer names the new pet"
        made = self.found(ground, "pets", answer.item)
        assert made is not None, "the new pet is there under the id of the answer"
        assert (made.ref, made.name, made.species) == (salon.ana, "Rua", "dog")
        assert set(self.ids(ground, "pets", [salon.ana])) > {answer.item}

    def _after_pets_save(self, ground: HostGround, salon: Salon, id: str, before: Any, _: HostAnswer) -> None:
        after = self.found(ground, "pets", id)
        assert (after.ref, after.name, after.breed) == (salon.ana, "Rex the Great", "Huntaway")
        assert after.version != before.version, "a change changes the version"

    def _after_pets_delete(self, ground: HostGround, salon: Salon, id: str, *_: Any) -> None:
        assert self.found(ground, "pets", id) is None
        assert self.ids(ground, "pets", [salon.ana]) == []

    def _after_forms_save_draft(self, ground: HostGround, _s: Salon, id: str, before: Any, _: HostAnswer) -> None:
        self._filled(self.found(ground, "forms", id), before, FormState.DRAFT, "Ana")

    def _after_forms_submit(self, ground: HostGround, _s: Salon, id: str, before: Any, _: HostAnswer) -> None:
        self._filled(self.found(ground, "forms", id), before, FormState.DONE, "Ana Kingi")

    def _filled(self, after: Any, before: Any, state: FormState, name: str) -> None:
        assert (after.state, dict(after.answers)) == (state, {"name": name})
        assert (after.ref, after.questions, after.title) == (before.ref, before.questions, before.title)
        assert after.version != before.version, "a change changes the version"

    def _after_messages_send(self, ground: HostGround, salon: Salon, _id: str, _: Any, answer: HostAnswer) -> None:
        first = self.items(ground, "messages", [salon.ana])[0]
        assert (first.text, first.at, first.written_by.value) == (SAID, NOW, "client")
        assert answer.item == first.id, "the answer names the message"

    def _after_preferences_set(self, ground: HostGround, salon: Salon, *_: Any) -> None:
        told = self.asks(ground, "preferences", "chosen", [salon.ana, salon.ben])
        cells = {(one.ref, one.category.value, one.channel.value): one.on for one in told}
        assert len(cells) == len(told), "one choice for each record, category and channel"
        changed = {(ref, "marketing", "sms"): False for ref in (salon.ana, salon.ben)}
        # What stood there before stays: transactional SMS are on for one, marketing email for the other.
        assert changed.items() <= cells.items()
        assert len(cells) == len(changed) + 2

    def _after_payments_settle(self, ground: HostGround, salon: Salon, id: str, before: Any, _: HostAnswer) -> None:
        after = self.found(ground, "payments", id)
        left = before.due + Money(-PAID.amount, PAID.currency)
        assert (after.due, after.total, after.status.value) == (left, before.total, "open")
        assert after.version != before.version, "a change changes the version"
        assert list(self.asks(ground, "payments", "due", [salon.ana])) == [left]
        moved = self.asks(ground, "payments", "transactions", [salon.ana], None, 9).items
        if not moved:
            self.untried("money that has moved (Payments.transactions)")
            return
        assert [(one.amount, one.ref) for one in moved] == [(PAID, salon.ana)]
