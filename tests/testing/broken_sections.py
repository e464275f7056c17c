"""Sections with one defect each, such as adapters have: those of the in-memory host with one method done wrong.

As in ``broken_adapters``: the name is the defect, the docstring says what is wrong, the line above what catches it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports import AnswerKind
from clientportal.stores.memory import MemoryHost
from clientportal.stores.memory.host_held import MemoryMemberships, MemoryPaymentMethods
from clientportal.stores.memory.host_messages import MemoryMessages
from clientportal.stores.memory.host_own import MemoryPets, MemoryPreferences, MemoryReferrals
from clientportal.stores.memory.host_papers import MemoryDocuments, MemoryForms
from clientportal.stores.memory.host_payments import MemoryPayments
from clientportal.stores.memory.host_rows import owned_rows
from clientportal.stores.memory.kept_items import items_table
from clientportal.testing.contracts import HostGround
from clientportal.values import (
    ClientPage,
    HostAnswer,
    ItemPage,
    Money,
    RecordKind,
    RecordRef,
    SectionItem,
    SectionWrite,
)
from clientportal.values.invoices import InvoiceStatus, sums
from testing.broken_adapters import Broken, NoTenant, caught_by, numbered

__all__ = ["broken_section"]

Made = TypeVar("Made", bound=type[Any])


def broken_section(test: str, *arguments: Any, elsewhere: bool = False) -> Callable[[Made], Made]:
    """The class below takes the place of its section in a host of its own, which that test catches."""

    def note(section: Made) -> Made:
        others = tuple(one for one in MemoryHost.sections if one.name != section.name)
        attributes = {"sections": (*others, section), "__doc__": section.__doc__}
        caught_by(test, *arguments, elsewhere=elsewhere)(type(section.__name__, (Broken,), attributes))
        return section

    return note


def whole(section: Any, refs: Sequence[RecordRef]) -> list[Any]:
    """The whole list as it should be."""
    above = cast("Any", super)(type(section), section)
    return list(above.page(refs, None, 100_000).items)


# --- tenants


class _EverybodysMemberships(MemoryMemberships):
    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        here = super().page(refs, after, limit)
        other = next(one for one in HostGround.businesses if one != self.host.tenant)
        with self.host.everybody.transaction(other) as tx:
            there = MemoryMemberships(MemoryHost(tx, other)).page(refs, after, limit)
        return ItemPage((*here.items, *(one for one in there.items if one.id not in {x.id for x in here.items})))


@caught_by("test_tenants", "section")
class NoTenantInASection(NoTenant):
    """The page of memberships forgets the tenant."""

    sections = (*(one for one in MemoryHost.sections if one.name != "memberships"), _EverybodysMemberships)


# --- which there are


@caught_by("test_sections")
class AnySection(Broken):
    """section() answers with the first section for a name that it does not know."""

    def section(self, name: str) -> Any:
        return super().section(name) or MemoryMemberships(self)


@broken_section("test_sections")
class ActiveByNumber(MemoryMemberships):
    """active() answers with the number in the column."""

    def active(self) -> Any:
        return 1


# --- pages


@broken_section("test_section_pages")
class OldestFirst(MemoryMemberships):
    """page() lists the oldest first."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        return ItemPage(*numbered(whole(self, refs)[::-1], after, limit))


@broken_section("test_section_pages")
class ClientByClient(MemoryMemberships):
    """page() lists one record after the other, not their union."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        every = [one for ref in dict.fromkeys(refs) for one in whole(self, [ref])]
        return ItemPage(*numbered(every, after, limit))


@broken_section("test_section_pages")
class FirstRefAlone(MemoryMemberships):
    """page() looks the first record up."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        return super().page(refs[:1], after, limit)


@broken_section("test_section_pages")
class OneTooMany(MemoryMemberships):
    """page() hands out the row that was read to see whether there are more."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        page = super().page(refs, after, limit)
        return ItemPage(super().page(refs, after, limit + 1).items, page.next)


@broken_section("test_section_ties")
class CursorOfTheTimeAlone(MemoryMemberships):
    """The cursor of page() is the moment of buying: what was bought at the same moment is skipped."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        later = [one for one in whole(self, refs) if after is None or one.listed_by < after]
        return ItemPage(tuple(later[:limit]), later[limit - 1].listed_by if len(later) > limit else None)


@broken_section("test_section_inserts")
class OffsetAndLimit(MemoryMemberships):
    """page() is paged by OFFSET."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        return ItemPage(*numbered(whole(self, refs), after, limit))


@broken_section("test_section_refs")
class FirstThousandRefs(MemoryMemberships):
    """page() has room for a thousand refs."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        return super().page(refs[:1000], after, limit)


@broken_section("test_section_after_deleting")
class JoinedToTheClient(MemoryMemberships):
    """page() joins the client's row, and lists nothing once that is gone."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        there = {one.ref for one in self.host.clients(list(refs)[:100])}
        return super().page([ref for ref in refs if ref in there], after, limit)


@broken_section("test_guest_items")
class ClientsAlone(MemoryMemberships):
    """page() knows clients and no bookings."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        return super().page([ref for ref in refs if ref.kind is RecordKind.CLIENT], after, limit)


@broken_section("test_section_branches")
class FiltersAfterwards(MemoryMemberships):
    """page() leaves other businesses' items out of a page that is cut already."""

    def shown(self, tx: Any) -> Any:
        for _, row in owned_rows(tx, items_table(self.name), SectionItem):
            yield row

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        page = super().page(refs, after, limit)
        return evolve(page, items=tuple(one for one in page.items if self.host.shown_here(one.business, self.name)))


# --- one by one


@broken_section("test_section_one")
class FindsNone(MemoryMemberships):
    """one() is not written, though memberships have details."""

    def one(self, id: str) -> Any:
        return None


@broken_section("test_section_one")
class FindsWithoutCase(MemoryMemberships):
    """one() compares ids without regard to case and blanks."""

    def one(self, id: str) -> Any:
        found = super().one(id.strip().lower()) if id.isprintable() else None
        return None if found is None else evolve(found, id=id)


@broken_section("test_section_one")
class RaisesForOddText(MemoryMemberships):
    """one() raises where an id is no number."""

    def one(self, id: str) -> Any:
        id.encode("ascii")
        return super().one(id)


@broken_section("test_section_amounts")
class DaysAlone(MemoryMemberships):
    """The days of buying are kept without their time."""

    def page(self, refs: Sequence[RecordRef], after: str | None, limit: int) -> ItemPage[Any]:
        page = super().page(refs, after, limit)
        return evolve(page, items=tuple(evolve(one, bought_at=one.bought_at.replace(hour=0)) for one in page.items))


# --- what some say besides


@broken_section("test_documents_chunks")
class WholePieces(MemoryDocuments):
    """chunk() answers with whole kilobytes."""

    def chunk(self, document: Any, offset: int, size: int) -> bytes:
        begin = offset // 1024 * 1024
        return super().chunk(document, begin, offset - begin + size)


@broken_section("test_documents_newer")
class NewerOrEqual(MemoryDocuments):
    """newer() counts what was shared at that very moment."""

    def newer(self, refs: Sequence[RecordRef], since: Any) -> int:
        return sum(since is None or one.shared_at >= since for one in self.every(refs))


@broken_section("test_due")
class OwedByAnyInvoice(MemoryPayments):
    """due() sums what invoices were made out for, void ones as well."""

    def due(self, refs: Sequence[RecordRef]) -> Sequence[Money]:
        return sums(one.total for one in self.every(refs) if one.status is not InvoiceStatus.PAID)


@broken_section("test_due")
class SumsInFloats(MemoryPayments):
    """due() lets the database sum floats, and cuts off the cents' tail."""

    def due(self, refs: Sequence[RecordRef]) -> Sequence[Money]:
        found: dict[str, float] = {}
        for one in self.every(refs):
            found[one.due.currency] = found.get(one.due.currency, 0.0) + float(one.due.amount)
        return [Money(repr(total), currency) for currency, total in found.items() if total]


@broken_section("test_credits")
class CreditsOfOne(MemoryReferrals):
    """credits() looks the first record up."""

    def credits(self, refs: Sequence[RecordRef]) -> Any:
        return super().credits(refs[:1])


# --- a whole client


@caught_by("test_sections_erased")
class ForgetsPets(Broken):
    """erase_client() leaves the pets where they are."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        with self.rows() as tx:
            pets = [(id, row) for id, row in owned_rows(tx, items_table("pets"), SectionItem) if row.ref in refs]
        answer = super().erase_client(refs, key)
        with self.rows() as tx:
            for id, row in pets:
                tx.put(items_table("pets"), id, row)
        return answer


@caught_by("test_sections_reassigned")
class MovesCards(Broken):
    """reassign() moves saved cards, too: whoever merges two records could pay with the other's."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        answer = super().reassign(refs, to, key)
        with self.rows() as tx:
            for id, row in list(owned_rows(tx, items_table("payment_methods"), SectionItem)):
                if row.ref in refs:
                    tx.put(items_table("payment_methods"), id, evolve(row, ref=to, moved_from=row.ref))
        return answer


@caught_by("test_demo_client")
class DemoByName(Broken):
    """client_list() sorts the demo client among the others."""

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        every = [*super().client_list(search, None, 1000).items]
        every.sort(key=lambda one: (one.last_name or "", one.ref.id))
        return ClientPage(*numbered(every, after, limit))


# --- writes


@broken_section("test_section_write", "pets.save")
class SavesEverybody(MemoryPets):
    """save() forgets the id in its condition."""

    def save(self, pet: Any, key: str) -> HostAnswer:
        answer = super().save(pet, key)
        with self.host.rows() as tx:
            for id, row in list(owned_rows(tx, items_table("pets"), SectionItem)):
                tx.put(items_table("pets"), id, evolve(row, thing=evolve(cast("Any", row.thing), name=pet.name)))
        return answer


@broken_section("test_section_write", "pets.create")
class CreatesWithoutTelling(MemoryPets):
    """create() does not say which id the new pet has."""

    def create(self, pet: Any, key: str) -> HostAnswer:
        super().create(pet, key)
        return HostAnswer()


@broken_section("test_section_write", "messages.send")
class EscapesMessages(MemoryMessages):
    """send() files markup instead of what was written."""

    def send(self, ref: RecordRef, text: str, at: Any, key: str) -> HostAnswer:
        return super().send(ref, text.replace("<", "&lt;"), at, key)


@broken_section("test_section_write", "preferences.set")
class ChoosesForOne(MemoryPreferences):
    """choose() writes the first record's choice alone."""

    def choose(self, refs: Sequence[RecordRef], category: Any, channel: Any, on: bool, key: str) -> HostAnswer:
        return super().choose(refs[:1], category, channel, on, key)


@broken_section("test_section_write", "payments.settle")
class PaidAtOnce(MemoryPayments):
    """settle() closes the invoice whatever was paid of it."""

    def settle(self, payment: Any, key: str) -> HostAnswer:
        invoice: Any = self.one(payment.invoice)
        return super().settle(evolve(payment, amount=invoice.due), key)


@broken_section("test_section_write", "forms.submit")
class NeverDone(MemoryForms):
    """submit() saves the answers and leaves the form a draft."""

    def submit(self, form_id: str, version: str, answers: Any, key: str) -> HostAnswer:
        return super().save_draft(form_id, version, answers, key)


@broken_section("test_section_write", "payment_methods.remove")
class SaysRemoved(MemoryPaymentMethods):
    """remove() says that it is done, and does nothing."""

    def remove(self, change: SectionWrite, key: str) -> HostAnswer:
        return HostAnswer()


@broken_section("test_section_write", "forms.save_draft")
class DeclinesTooLate(MemoryForms):
    """save_draft() declines after it has written."""

    def save_draft(self, form_id: str, version: str, answers: Any, key: str) -> HostAnswer:
        super().save_draft(form_id, version, answers, key)
        return HostAnswer(AnswerKind.DECLINED)


@broken_section("test_section_write_rolls_back", "forms.save_draft")
class DraftsOfTheirOwn(MemoryForms):
    """save_draft() commits on a connection of its own."""

    def save_draft(self, form_id: str, version: str, answers: Any, key: str) -> HostAnswer:
        host: Any = self.host
        with host.everybody.transaction(host.tenant) as own:
            return MemoryForms(MemoryHost(own, host.tenant)).save_draft(form_id, version, answers, key)


@broken_section("test_section_write_same_key", "messages.send", elsewhere=True)
class FilesTwice(MemoryMessages):
    """send() forgets keys: a message whose answer was lost is filed again."""

    def send(self, ref: RecordRef, text: str, at: Any, key: str) -> HostAnswer:
        return super().send(ref, text, at, f"{key}-{len(self.every([ref]))}")


@broken_section("test_section_write_stale", "pets.save")
class LastOneWins(MemoryPets):
    """save() does not look at the version."""

    def save(self, pet: Any, key: str) -> HostAnswer:
        now = self.one(pet.id)
        return super().save(evolve(pet, version=pet.version if now is None else now.version), key)


@broken_section("test_section_write_race", "forms.submit")
class ReadsThenWrites(MemoryForms):
    """submit() compares the version in Python, and writes whatever is there by then."""

    def submit(self, form_id: str, version: str, answers: Any, key: str) -> HostAnswer:
        now: Any = self.one(form_id)
        return super().submit(form_id, now.version, answers, key)


@broken_section("test_section_write_absent", "payment_methods.remove")
class RemovesNothing(MemoryPaymentMethods):
    """remove() says that it is done where there is no such card."""

    def remove(self, change: SectionWrite, key: str) -> HostAnswer:
        try:
            return super().remove(change, key)
        except Conflict:
            return HostAnswer()


@broken_section("test_section_unknown_action")
class AnyActionRemoves(MemoryPaymentMethods):
    """write() takes whatever it is asked for as a removal."""

    def write(self, change: SectionWrite, key: str) -> HostAnswer:
        return self.remove(change, key)


@broken_section("test_settle_too_much")
class TakesTooMuch(MemoryPayments):
    """settle() takes more than is owed, and forgets the rest."""

    def settle(self, payment: Any, key: str) -> HostAnswer:
        invoice: Any = self.one(payment.invoice)
        least = min(payment.amount.amount, invoice.due.amount)
        return super().settle(evolve(payment, amount=Money(least, payment.amount.currency)), key)
