"""Looking at a portal through its doors, and holding what they show against the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import cast

from attrs import frozen

from clientportal.decisions import Reason
from clientportal.doors.staff import StaffDoor
from clientportal.errors import Refused
from clientportal.outcomes import DuplicateGroup, FieldChoice, HoldingSum, MergePlan
from clientportal.policy import MergedCards
from clientportal.rules.who_may_manage import Permission
from clientportal.testing.laws.histories import NUMBERS
from clientportal.testing.laws.model import Model
from clientportal.testing.laws.platforms import Ground, Platform
from clientportal.testing.laws.telling import said
from clientportal.values import CLIENT_FIELDS, ClientRecord, HeldThing, Holding, HoldingKind, RecordRef, Secret, When

__all__ = ["Broke", "Eyes", "Seen"]


class Broke(Exception):
    """A law was found broken, in the middle of a history."""

    def __init__(self, law: int, found: str) -> None:
        super().__init__(found)
        self.law = law
        self.found = found


@frozen
class Seen:
    """An open session: for which record it was opened, and by which number."""

    business: str
    token: Secret
    entry: RecordRef
    key: str
    number: str


class Eyes:
    """Everything that doors show of the businesses, compared with what should be shown."""

    def __init__(self, platform: Platform, ground: Ground, models: Mapping[str, Model]) -> None:
        self.platform = platform
        self.ground = ground
        self.models = models
        self.sessions: list[Seen] = []
        self.asked: Counter[int] = Counter()

    def same(self, law: int, found: object, meant: object, what: str) -> None:
        """Ask one law of one thing that was shown."""
        self.asked[law] += 1
        if found != meant:
            raise Broke(law, f"{what}: found {_words(found)}, and it should be {_words(meant)}.")

    def look(self, business: str) -> None:
        """At every record that there ever was, every number, the report, and every session of one business."""
        for ref, row in self.models[business].rows.items():
            self.same(10, _as_stored(self.platform.client(business, ref)), _as_stored(row), f"The row of {ref}")
        for ref in self.models[business].refs:
            self._record(business, ref)
        for spellings in NUMBERS:
            self._number(business, spellings)
        self._report(business)
        for session in self.sessions:
            if session.business == business:
                self._session(session)

    def _staff(self, business: str) -> StaffDoor:
        return self.platform.portal.staff(business, actor="mia", permissions=frozenset(Permission), reason="laws")

    # --- one thing after the other

    def _record(self, business: str, ref: RecordRef) -> None:
        model = self.models[business]
        root = model.root(ref)
        try:
            shown = self._staff(business).client(ref)
        except Refused as refused:
            self.same(9, refused.reason, None if root in model.rows else Reason.NOT_FOUND, f"Where {ref} leads")
            return
        self.same(9, shown.root, root if root in model.rows else None, f"Where {ref} leads")
        self.same(9, set(shown.members), set(model.person(ref)), f"Who is behind {ref}")
        booked = [one.appointment.id for page in (shown.upcoming, shown.past) for one in page.items]
        self.same(7, sorted(booked), sorted(model.appointments(ref)), f"The appointments of {ref}")
        for choice in shown.fields:
            self._value(model, ref, choice)

    def _value(self, model: Model, ref: RecordRef, choice: FieldChoice) -> None:
        """What is shown is what a record of this person says; where nothing is, nobody says anything newer."""
        what = f"The {choice.field.replace('_', ' ')} of {ref}"
        if choice.source is None:
            saying = [one for one in model.person(ref) if one in model.rows and said(model.rows[one], choice.field)]
            self.same(6, saying, [], f"{what} is shown as empty. Who has one")
            return
        self.same(
            4, choice.source in model.person(ref), True, f"Whether {choice.source}, which {what} is from, is theirs"
        )
        self.same(4, choice.value or None, said(model.rows[choice.source], choice.field), what)

    def _number(self, business: str, spellings: tuple[str, ...]) -> None:
        region = self.ground.policy.contacts.region
        found = [self._staff(business).explain_contact(spelling).record for spelling in spellings[:2]]
        meant = self.models[business].found_by(spellings[0], region)
        self.same(4, found[0], meant, f"Whom {spellings[0]} finds")
        self.same(16, found[1], found[0], f"Whom {spellings[1]} finds")

    def _report(self, business: str) -> None:
        model = self.models[business]
        whole = self._pages(business, 200)
        for group in whole:
            for ref in group.refs:
                self.same(9, model.root(ref), ref, f"Whom the report calls {ref}")
            for place, first in enumerate(group.refs):
                for second in group.refs[place + 1 :]:
                    apart = model.are_dismissed(first, second)
                    self.same(12, apart, False, f"Whether {first} and {second}, together in the report, were dismissed")
        self.same(15, self._pages(business, 1), whole, "The report, one group a page,")
        groups = {ref: group for group in whole for ref in group.refs}
        for ref in model.refs:
            if ref in model.rows:
                meant, alone = groups.get(model.root(ref)), self._staff(business).duplicates_of(ref)
                self.same(15, alone, meant, f"The part of the report that {ref} has")

    def _pages(self, business: str, limit: int) -> tuple[DuplicateGroup, ...]:
        found: list[DuplicateGroup] = []
        after: str | None = None
        while True:
            page = self._staff(business).duplicates(after=after, limit=limit)
            found.extend(page.groups)
            after = page.next
            if after is None:
                return tuple(sorted(found, key=lambda group: group.refs))

    def _session(self, session: Seen) -> None:
        meant = sorted(self.models[session.business].appointments(session.entry))
        shown = self._appointments(session)
        self.same(7, shown, meant, f"What the session of {session.entry} shows")
        # The same ids are in every business: the token alone says in which one this is.
        profile = self.platform.portal.client(session.token).profile()
        fields = {one.field: one.value for one in self._staff(session.business).client(session.entry).fields}
        name = fields.get("first_name") or None
        self.same(10, profile.first_name, name, f"The first name that the session of {session.entry} shows")

    def _appointments(self, session: Seen) -> list[str]:
        door = self.platform.portal.client(session.token)
        return sorted(one.id for when in When for one in door.appointments(when, limit=100).items)

    # --- everything at once

    def everything(self, business: str) -> object:
        """The platform's rows, and whatever the doors show of one business: what an undo has to bring back."""
        staff, model = self._staff(business), self.models[business]
        rows = {ref: self.platform.client(business, ref) for ref in model.refs}
        shown: dict[RecordRef, object] = {}
        for ref in model.refs:
            try:
                profile = staff.client(ref)
            except Refused as refused:
                shown[ref] = refused.reason
            else:
                booked = [one.appointment.id for page in (profile.upcoming, profile.past) for one in page.items]
                shown[ref] = (profile.root, profile.members, profile.fields, profile.notes, profile.custom, booked)
        found = {number: staff.explain_contact(number).record for number, *_ in NUMBERS}
        sessions = [
            (session.entry, self._appointments(session)) for session in self.sessions if session.business == business
        ]
        return rows, shown, found, sessions, self._pages(business, 200)

    # --- merges

    def counts(self, business: str, plan: MergePlan) -> None:
        """To the cent and card by card, the plan has what the records hold, and sorts all of it (law 7).

        A card is a way to pay: it comes along where the policy says so, and never otherwise (law 11).
        """
        model, held = self.models[business], plan.holdings
        if held is None:
            return
        groups = [model.person(ref) for ref in (plan.survivor, *plan.absorbed)]
        for group in groups:
            mine = [one for one in held.each if one.ref in group]
            self.same(
                7,
                _sums(mine),
                _sums(model.holds(min(group))),
                f"What the plan counts of {', '.join(map(str, sorted(group)))}",
            )
        both = _sums([*held.together, *held.left])
        self.same(7, both, _sums(held.each), "What is taken over and what stays, together,")
        with_cards = [one for one in model.things if one.kind is HoldingKind.CARD and one.ref in groups[0] | groups[-1]]
        all_cards = self.ground.policy.merging.cards is MergedCards.ALL
        along = [one for one in with_cards if all_cards or one.ref == plan.survivor]
        cards = sum(one.count for one in held.together if one.kind is HoldingKind.CARD)
        self.same(11, cards, len(along), f"How many cards {plan.survivor} has afterwards")

    def changes_no_row(self, business: str, plan: MergePlan) -> None:
        """A merge is an arrow: where it wrote to the platform's client rows, no undo could know what was there."""
        rows = self.models[business].rows
        for ref in (plan.survivor, *plan.absorbed):
            found = _as_stored(self.platform.client(business, ref))
            self.same(8, found, _as_stored(rows[ref]), f"The row of {ref}, which the merge has to leave alone,")

    def shows_the_plan(self, business: str, plan: MergePlan) -> None:
        """What was promised is what is shown, and the strictest answer of all records holds."""
        shown = {one.field: (one.value, one.source) for one in self._staff(business).client(plan.survivor).fields}
        meant = {one.field: (one.value, one.source) for one in plan.fields if one.field in shown}
        self.same(14, {name: shown[name] for name in CLIENT_FIELDS if name in meant}, meant, "What is shown afterwards")
        model = self.models[business]
        rows = [model.rows[ref] for ref in model.person(plan.survivor) if ref in model.rows]
        for consent in plan.consents:
            answers = [row.consents[consent.name] for row in rows if consent.name in row.consents]
            self.same(11, consent.given, all(answers), f"The consent to {consent.name}")


def _as_stored(row: ClientRecord | None) -> object:
    """What only the platform itself changes in a row: a change that nobody has made in this business came from another,
    or from a merge, which changes no row.
    """
    return None if row is None else (row.first_name, row.last_name, row.mobile, row.email, row.created_at)


def _sums(things: Iterable[HeldThing | Holding | HoldingSum]) -> list[str]:
    """How many of each kind and currency, and what they come to, as it is told."""
    counts: dict[tuple[str, str], tuple[int, Decimal, int]] = {}
    for one in things:
        kind = (one.kind.value, "" if one.amount is None else one.amount.currency)
        count, amount, credits = counts.get(kind, (0, Decimal(), 0))
        worth = Decimal() if one.amount is None else one.amount.amount
        number = 1 if isinstance(one, HeldThing) else one.count
        counts[kind] = count + number, amount + worth, credits + (one.credits or 0)
    return [
        " ".join([str(count), *kind, str(amount), f"with {credits} left"])
        for kind, (count, amount, credits) in sorted(counts.items())
    ]


def _words(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(str, cast("set[object]", value)))) + "}"
    if isinstance(value, RecordRef):
        return str(value)
    return str(value) if isinstance(value, str) else repr(value)
