"""A business's policy: what no setting, and no combination of settings and a platform's own word, may bring about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen
from hypothesis import strategies as st

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.messages.texts import Catalogue
from clientportal.outcomes import Cancelled, Moved, Terms
from clientportal.policy import Edge, Late, Policy, policy_from_toml, policy_to_toml
from clientportal.rules.evidence import Alike, folded_alike
from clientportal.rules.surviving import SurvivorshipRule, choose_fields, rules_today
from clientportal.rules.who_may_change import Change, cancel, deadline, move, terms
from clientportal.testing.laws.policy_examples import (
    ChangeQuestion,
    OfferOf,
    as_seen,
    change_questions,
    tell_change,
    windows_of,
)
from clientportal.testing.laws.policy_matching import check_matching_of, entered_twice, tell_matching
from clientportal.testing.laws.searching import SILENT, Breaks, Search, look
from clientportal.testing.laws.statements import Checked
from clientportal.testing.laws.survivorship import check_merge_rule
from clientportal.values import Appointment, ChangeKind, Money, Offer, Slot

__all__ = ["OfferOf", "check_policy"]


def _no_word(_appointment: Appointment, _change: ChangeKind, _at: datetime) -> Offer:
    return Offer()


def check_policy(
    policy: Policy | Callable[[str], Policy],
    *,
    offer: OfferOf = _no_word,
    texts: Catalogue | None = None,
    names_alike: Alike = folded_alike,
    survivorship: Mapping[str, SurvivorshipRule] | None = None,
    businesses: Sequence[str] = ("salon", "studio"),
    allow_weaker: Collection[str] = (),
    examples: int = 200,
) -> Checked:
    """Check a business's policy, or your function from business to policy.

    ``offer`` is your platform's own word on a change, where it has one; ``texts``, ``names_alike`` and ``survivorship``
    are what you hand to the portal under these names; where ``policy`` is a function, it is asked for ``businesses``.

    * 1 to 6: its survivorship is a lawful rule for every field;
    * 2, 12: who is a duplicate does not depend on the order of the records, and nobody is who was told apart;
    * 10: the policy of one business does not depend on whom was asked about before;
    * 11: a number weaker than its standard is one that ``allow_weaker`` names here as well;
    * 14: what the terms say is what the change then gets, for the price that was shown;
    * 17: moving the clock on opens nothing and makes nothing cheaper, and a later appointment is not late sooner;
    * 18: every refusal has words for the client and for staff;
    * 19: written as TOML and read again, it is the same;
    * 20: a client who was entered twice, word for word, is a duplicate;
    * 21: of all windows and the platform's word, the strictest holds.

    ::

        from clientportal import presets
        from clientportal.testing.laws import check_policy

        print(check_policy(presets.timely(region="NZ"), examples=20))
    """
    if isinstance(policy, Policy):
        one = policy
        checked = Checked("the policy")
    else:
        checked = _same_for_each(policy, businesses)
        one = policy(businesses[0])
    asked = _Asked(one, offer, texts or Catalogue())
    itself: tuple[Search[Policy], ...] = (
        Search(st.just(one), {11: _weaker(allow_weaker)}, _tell_weaker),
        Search(st.just(one), {19: _written, 18: asked.all_words}, _tell),
        Search(st.just(one), {20: lambda policy: entered_twice(policy, names_alike)}, tell_matching),
    )
    for search in itself:
        checked += look("the policy", search, 1)
    changes = {21: asked.the_stricter, 17: asked.time_only_closes, 14: asked.as_shown, 18: asked.in_words}
    checked += look("the policy", Search(change_questions(one), changes, tell_change), examples)
    checked += check_matching_of(one, names_alike, examples)
    own = dict(survivorship or {})
    rules = rules_today(one, own)
    few = max(1, examples // 4)
    values = check_merge_rule(lambda records: choose_fields(records, rules, {}, own=own), examples=few)
    return checked + Checked("the policy", values.examples)


# --- the policy itself -----------------------------------------------------------------------------------------------


def _tell(policy: Policy) -> list[str]:
    try:
        return policy_to_toml(policy).splitlines()
    except Exception as error:
        return [f"a policy that cannot be written down: {error}"]


def _tell_weaker(policy: Policy) -> list[str]:
    return [f"allow_weaker = [{', '.join(sorted(policy.allow_weaker))}]"]


def _same_for_each(policy_of: Callable[[str], Policy], businesses: Sequence[str]) -> Checked:
    def steady(order: tuple[str, ...]) -> str | None:
        first = {business: policy_of(business) for business in businesses}
        for business in order:
            if policy_of(business) != first[business]:
                return f"Asked for {', '.join(order)} one after the other, the policy of {business} is another."
        return None

    def tell(order: tuple[str, ...]) -> list[str]:
        return [f"the policy is asked for, for {business}" for business in order]

    orders = st.lists(st.sampled_from(list(businesses)), min_size=1, max_size=4).map(tuple)
    return look("the policy", Search(orders, {10: steady}, tell), 20)


def _weaker(allowed: Collection[str]) -> Breaks[Policy]:
    def breaks(policy: Policy) -> str | None:
        more = sorted(policy.allow_weaker - frozenset(allowed))
        return f"It allows itself to be weaker than the standard: {', '.join(more)}." if more else None

    return breaks


def _written(policy: Policy) -> str | None:
    again = policy_from_toml(policy_to_toml(policy))
    if again == policy:
        return None
    groups = (name for name in Policy.__annotations__ if getattr(policy, name) != getattr(again, name))
    return f"Written as TOML and read again, it differs in {', '.join(groups) or 'its type'}."


# --- what it lets clients do -----------------------------------------------------------------------------------------


@frozen
class _Asked:
    """The laws over changes, each asked of one policy, with the platform's own word."""

    policy: Policy
    offer: OfferOf
    texts: Catalogue

    def _terms(self, question: ChangeQuestion, appointment: Appointment, at: datetime) -> Terms:
        offered = self.offer(appointment, question.change, at)
        return terms(as_seen(question, appointment, offered), question.change, self.policy, at)

    def the_stricter(self, question: ChangeQuestion) -> str | None:
        one, at = question.appointment, question.first
        shown = self._terms(question, one, at)
        offered = self.offer(one, question.change, at)
        if shown.refusal is not None:
            return SILENT
        if not offered.allowed:
            return f"The platform forbids the change at {at}, and the terms allow it."
        if shown.until is None:
            return None  # a pending request may be withdrawn whatever the window (X1)
        if offered.until is not None and (at > offered.until or shown.until > offered.until):
            return f"The platform says until {offered.until}, and at {at} the terms say until {shown.until}."
        due = [offered.fee] if offered.fee is not None else []
        for window in windows_of(self.policy, question.change, one):
            end = deadline(one.start, window, question.zone)
            if shown.until > end:
                return f"The window {window} ends at {end}, and the terms say {shown.until}."
            if at > end or (at == end and window.edge is Edge.LATE):
                if window.late is Late.REFUSED:
                    return f"At {at} it is too late by the window {window}, and the terms allow it."
                fee = None if window.fee is None else window.fee.of(one.price)
                due.extend([fee] if fee is not None else [])
        for fee in due:
            if not _at_least(shown.fee, fee):
                return f"At {at} a fee of {fee} is due by one of the settings, and the terms say {shown.fee or 'none'}."
        return None

    def time_only_closes(self, question: ChangeQuestion) -> str | None:
        one = question.appointment
        before, after = (self._terms(question, one, at) for at in (question.first, question.then))
        if after.refusal is None:
            if before.refusal is not None:
                return f"At {question.first} it is refused ({before.refusal.reason.value}), and at {question.then} not."
            if before.fee is not None and not _at_least(after.fee, before.fee):
                return f"At {question.first} it costs {before.fee}, and at {question.then} {after.fee or 'nothing'}."
        sooner = self._terms(question, question.later, question.first)
        if before.refusal is None and sooner.refusal is not None and sooner.refusal.reason is Reason.TOO_LATE:
            return f"At {question.first} it is too late for the later appointment, and not for the earlier one."
        if before.until is not None and sooner.until is not None and sooner.until < before.until:
            return f"The earlier appointment may be changed until {before.until}, the later one until {sooner.until}."
        return None

    def as_shown(self, question: ChangeQuestion) -> str | None:
        one, at = question.appointment, question.first
        shown = self._terms(question, one, at)
        seen = as_seen(question, one, self.offer(one, question.change, at))
        result: Decision[Cancelled] | Decision[Moved]
        if question.change is ChangeKind.CANCEL:
            asked = Change(one.id, accept_fee=_price(shown.fee, shown.forfeits))
            result = cancel(seen, asked, self.policy, at)
        else:
            start = max(one.start, at) + timedelta(days=7)
            slot = Slot("slot", one.service_id, start, start + (one.end - one.start), one.zone, one.staff_id)
            result = move(evolve(seen, slot=slot), Change(one.id, slot.id, shown.fee), self.policy, at)
        got = result.outcome.reason if isinstance(result.outcome, Refusal) else None
        meant = None if shown.refusal is None else shown.refusal.reason
        if got == meant:
            return None
        answer = "the terms say " + (meant.value if meant else "yes")
        return f"At {at} {answer}; whoever then asks for it gets {got.value if got else 'it'}."

    def in_words(self, question: ChangeQuestion) -> str | None:
        refusals = [self._terms(question, question.appointment, at).refusal for at in (question.first, question.then)]
        given = [refusal for refusal in refusals if refusal is not None]
        return next(filter(None, self._wordless(given)), None) if given else SILENT

    def all_words(self, policy: Policy) -> str | None:
        because = Because("policies.check_policy")
        return next(filter(None, self._wordless(Refusal(reason, because) for reason in Reason)), None)

    def _wordless(self, refusals: Iterable[Refusal]) -> Iterable[str | None]:
        clients = self.policy.clients
        for refusal in refusals:
            for whom, text_of in (("the client", self.texts.for_client), ("staff", self.texts.for_staff)):
                text = text_of(refusal, noun=clients.noun, nouns=clients.nouns)
                if not text.strip():
                    yield f"A refusal for {refusal.reason.value} says nothing to {whom}."


def _at_least(fee: Money | None, due: Money) -> bool:
    if not due.amount:
        return True
    return fee is not None and fee.currency == due.currency and fee.amount >= due.amount


def _price(fee: Money | None, forfeits: Money | None) -> Money | None:
    """What the client is asked to accept: both together, where they can be added up."""
    if fee and forfeits and fee.currency == forfeits.currency:
        return fee + forfeits
    return fee or forfeits
