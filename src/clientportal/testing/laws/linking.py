"""Which records an account may see: laws 2, 4, 5, 10, 11 and 12, for the rule that a platform puts in the place of
``decide_link``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from attrs import evolve, frozen

from clientportal.policy import Policy, SeveralRecords, presets
from clientportal.rules.claiming import Asserter, Link, LinkFacts, LinkRule, LinkVerdict
from clientportal.rules.whose_contact import Candidate
from clientportal.testing.laws.link_examples import LinkQuestion, link_questions, tell_question
from clientportal.testing.laws.searching import SILENT, Search, look
from clientportal.testing.laws.statements import Checked
from clientportal.values import ClientRecord, RecordRef

__all__ = ["check_link_rule"]


def check_link_rule(rule: LinkRule, *, policies: Sequence[Policy] | None = None, examples: int = 200) -> Checked:
    """Check a rule that you hand to ``Portal(decide_link=…)`` (laws 2, 4, 5, 10, 11 and 12).

    Asked of generated accounts, proofs and people, some merged, some sharing a contact, under ``policies``: by default
    one for every answer to "several people have this contact", with and without recycled numbers.

    * 2, 5: the order of the people does not matter, and the same question has the same answer;
    * 4: a contact of a merged record counts as the person's own;
    * 10: nothing is linked that was not asked about;
    * 11: for a client, only people of whom a contact was proved; a further proof takes nothing away; a name, a contact
      that was not proved, a record that was imported as "verified" give nothing; and where people share a contact,
      nobody is opened by it whom the policy does not open;
    * 12: who was taken off an account before ("this is not me") stays off, with everybody merged into them.

    ::

        from clientportal.rules.claiming import decide_link
        from clientportal.testing.laws import check_link_rule

        def ours(facts, candidates, policy):
            return decide_link(facts, candidates, policy)

        print(check_link_rule(ours, examples=20))
    """
    asked = _Asked(rule)
    laws = {
        10: asked.nothing_strange,
        2: asked.in_any_order,
        5: asked.asked_again,
        12: asked.not_me,
        4: asked.of_the_whole,
        11: asked.safely,
    }
    search = Search(link_questions(tuple(policies or _POLICIES)), laws, tell_question)
    return look(getattr(rule, "__name__", None) or type(rule).__name__, search, examples)


def _policies() -> list[Policy]:
    timely = presets.timely(region="NZ")
    ages = (None, timely.merging.undo_for)
    return [
        evolve(timely, login=evolve(timely.login, several=several, recycled_after=age))
        for several in SeveralRecords
        for age in ages
    ]


_POLICIES = _policies()


def _linked(verdict: LinkVerdict) -> frozenset[RecordRef]:
    return frozenset(verdict.refs) if isinstance(verdict, Link) else frozenset()


def _named(verdict: LinkVerdict) -> str:
    refs = ", ".join(sorted(map(str, getattr(verdict, "refs", ())))) or "nothing"
    return f"{type(verdict).__name__}({refs})"


@frozen
class _Asked:
    """The laws, each asked of one rule."""

    rule: LinkRule

    def _ask(self, question: LinkQuestion, facts: LinkFacts | None = None) -> LinkVerdict:
        return self.rule(facts or question.facts, question.people, question.policy)

    def nothing_strange(self, question: LinkQuestion) -> str | None:
        verdict = self._ask(question)
        named = (*getattr(verdict, "refs", ()), *getattr(verdict, "further", ()))
        strange = sorted(set(named) - {one.ref for one in question.people})
        return f"The rule answered {_named(verdict)}: it was not asked about {strange[0]}." if strange else None

    def in_any_order(self, question: LinkQuestion) -> str | None:
        if len(question.people) < 2:
            return SILENT
        first = self._ask(question)
        for people in permutations(question.people):
            again = self.rule(question.facts, people, question.policy)
            if _named(again) != _named(first):
                order = ", ".join(str(one.ref) for one in people)
                return f"The rule answered {_named(first)}; with the people in the order {order} {_named(again)}."
        return None

    def asked_again(self, question: LinkQuestion) -> str | None:
        first, again = self._ask(question), self._ask(question)
        same = _named(first) == _named(again)
        return None if same else f"The rule answered {_named(first)}; asked the same again, {_named(again)}."

    def not_me(self, question: LinkQuestion) -> str | None:
        if question.facts.asserted_by is not Asserter.CLIENT or not question.facts.revoked:
            return SILENT
        verdict = self._ask(question)
        for one in question.people:
            if one.ref in _linked(verdict) and question.facts.was_revoked(one):
                return (
                    f"The rule answered {_named(verdict)}, though {one.ref} or a record merged into it was taken off "
                    f"this account before."
                )
        return None

    def of_the_whole(self, question: LinkQuestion) -> str | None:
        """What was found on a merged record is as good as found on the one that speaks."""
        speaker = {member.ref: one.ref for one in question.people for member in one.members}
        holders = {
            key: frozenset(speaker.get(ref, ref) for ref in refs) for key, refs in question.facts.holders.items()
        }
        if holders == question.facts.holders:
            return SILENT
        first, moved = self._ask(question), self._ask(question, evolve(question.facts, holders=holders))
        if _linked(first) == _linked(moved):
            return None
        return (
            f"The rule answered {_named(first)}; were the contacts of merged records those of the records that speak, "
            f"{_named(moved)}."
        )

    def safely(self, question: LinkQuestion) -> str | None:
        if question.facts.asserted_by is not Asserter.CLIENT:
            return SILENT
        verdict = self._ask(question)
        for breaks in (self._unproved, self._others, self._told_more, self._proved_more):
            if text := breaks(question, verdict):
                return text
        return None

    def _unproved(self, question: LinkQuestion, verdict: LinkVerdict) -> str | None:
        for one in question.people:
            if one.ref in _linked(verdict) and not question.facts.proves(one):
                return f"The rule answered {_named(verdict)}, and no contact of {one.ref} was proved."
        return None

    def _others(self, question: LinkQuestion, verdict: LinkVerdict) -> str | None:
        """A shared contact opens those whom the policy says: all, one, nobody. One's own contact opens oneself."""
        several = question.policy.login.several
        if several is SeveralRecords.CHOOSE:
            return None
        proofs = {one.ref: question.facts.proves(one) for one in question.people if one.speaker.usable}
        by_sharing = [
            ref
            for ref in sorted(_linked(verdict) & proofs.keys())
            if not proofs[ref] - {key for other, keys in proofs.items() if other != ref for key in keys}
        ]
        most = len(question.facts.proved) if several is SeveralRecords.NEWEST_BOOKING else 0
        if len(by_sharing) <= most:
            return None
        which = ", ".join(map(str, by_sharing))
        allowed = f"at most {most}, the newest of those who share each" if most else "nobody"
        return (
            f"The rule answered {_named(verdict)}. Of {which} only contacts were proved that others have as well; with "
            f"login.several = {several.value} such a contact opens {allowed}."
        )

    def _told_more(self, question: LinkQuestion, verdict: LinkVerdict) -> str | None:
        """Nothing that anybody can type, and nothing that was merely imported, opens anything."""
        for how, told in _told(question):
            gained = sorted(_linked(self._ask(told)) - _linked(verdict))
            if gained:
                return (
                    f"The rule answered {_named(verdict)}; {how} it links {gained[0]} as well, and nothing was proved."
                )
        return None

    def _proved_more(self, question: LinkQuestion, verdict: LinkVerdict) -> str | None:
        for key, when in question.unproved.items():
            facts = evolve(question.facts, proved={**question.facts.proved, key: when})
            again = self._ask(question, facts)
            lost = sorted(_linked(verdict) - _linked(again))
            if lost:
                return (
                    f"The rule answered {_named(verdict)}; once {key} is proved as well, {lost[0]} is lost: "
                    f"{_named(again)}."
                )
        return None


def _told(question: LinkQuestion) -> list[tuple[str, LinkQuestion]]:
    """The same question with something added that proves nothing, and how to say what."""
    found: list[tuple[str, LinkQuestion]] = []
    for one in question.people:
        name = one.speaker.first_name
        if name:
            facts = evolve(question.facts, first_name=name)
            found.append((f"with the account's name typed as {name!r}", evolve(question, facts=facts)))
        typed = {key: question.facts.holders.get(key, frozenset()) | {one.ref} for key in question.unproved}
        facts = evolve(question.facts, holders={**question.facts.holders, **typed})
        found.append((f"with contacts that nobody proved added to {one.ref}", evolve(question, facts=facts)))
    verified = tuple(_as_verified(one) for one in question.people)
    found.append(("with every record imported as verified", evolve(question, people=verified)))
    return found


def _as_verified(one: Candidate) -> Candidate:
    """The same person, each of their records imported with what its old system called a proof."""

    def marked(record: ClientRecord) -> ClientRecord:
        return evolve(record, custom={**record.custom, "verified": "true", "email_verified": "true"})

    return Candidate(marked(one.speaker), tuple(map(marked, one.members)))
