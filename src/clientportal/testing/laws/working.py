"""Living through a history: what staff do, and one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from clientportal.decisions import Reason
from clientportal.doors.staff import StaffDoor
from clientportal.rules.who_may_manage import Permission
from clientportal.testing.laws.histories import Doing, Step
from clientportal.testing.laws.living import Lived, MadeMerge
from clientportal.values import RecordRef

__all__ = ["Life"]


class Life(Lived):
    """Two businesses in which anything can happen."""

    # --- what happens

    def do(self, step: Step) -> None:
        """One step, and a look at everything that it may have touched. A step about nobody is nothing."""
        business = list(self.models)[step.business % len(self.models)]
        ways: dict[Doing, Callable[[str, Step], bool]] = {
            Doing.ADD: self._add_another,
            Doing.BOOK: self._book,
            Doing.GIVE: self._give,
            Doing.CHANGE_CONTACT: self._change_contact,
            Doing.LOG_IN: self._log_in,
            Doing.NOT_ME: self._not_me,
            Doing.MERGE: self._merge,
            Doing.MERGE_AT_ONCE: self._merge_at_once,
            Doing.MERGE_AND_UNDO: self._merge_and_undo,
            Doing.UNDO: self._undo,
            Doing.DISMISS: self._dismiss,
            Doing.RESTORE_PAIR: self._restore_pair,
            Doing.DELETE: self._delete,
        }
        if ways[step.doing](business, step):
            self.eyes.look(business)

    def finish(self) -> None:
        """A last look at every business: what happened in one has left the others alone."""
        for business in self.models:
            self.eyes.look(business)

    # --- staff

    def _staff(self, business: str) -> StaffDoor:
        return self.platform.portal.staff(business, actor="mia", permissions=frozenset(Permission), reason="laws")

    def _merge(self, business: str, step: Step) -> bool:
        survivor, absorbed = self._pair(business, step)
        model, staff = self.models[business], self._staff(business)
        no, again = model.refuses_merge(survivor, absorbed), model.are_one(survivor, absorbed)
        self.told.append(f"{business}: staff merge {absorbed} into {survivor}")
        planned = self._answer(lambda: staff.plan_merge(survivor, absorbed))
        merged = self._answer(lambda: staff.merge(survivor, absorbed))
        self.eyes.same(12, _reason(merged), no, f"Merging {absorbed} into {survivor}")
        self.eyes.same(14, _reason(planned), no, f"The preview of merging {absorbed} into {survivor}")
        if isinstance(merged, Reason) or isinstance(planned, Reason):
            return True
        if again:
            return True
        self.eyes.counts(business, planned)
        self._merged(business, survivor, absorbed, merged.merges[0])
        self.eyes.changes_no_row(business, planned)
        self.eyes.shows_the_plan(business, planned)
        twice = staff.merge(survivor, absorbed)
        self.eyes.same(1, twice.merges, merged.merges, "The same merge, made once more,")
        return True

    def _merged(self, business: str, survivor: RecordRef, absorbed: RecordRef, id: str) -> None:
        self.models[business].into[absorbed] = survivor
        self.merges.append(MadeMerge(business, id, survivor, absorbed))

    def _merge_and_undo(self, business: str, step: Step) -> bool:
        survivor, absorbed = self._pair(business, step)
        model, staff = self.models[business], self._staff(business)
        if model.refuses_merge(survivor, absorbed) is not None or model.are_one(survivor, absorbed):
            return False
        before = self.eyes.everything(business)
        merged = staff.merge(survivor, absorbed)
        self.told.append(f"{business}: staff merge {absorbed} into {survivor}, and undo it at once")
        staff.undo(merged.merges[0])
        self.eyes.same(8, self.eyes.everything(business), before, "What is there after the undo")
        return True

    def _merge_at_once(self, business: str, step: Step) -> bool:
        one, other = self._pair(business, step)
        model = self.models[business]
        if model.refuses_merge(one, other) is not None or model.are_one(one, other):
            return False
        self.told.append(f"{business}: two of staff merge {one} and {other} at once, the two ways round")
        pairs = ((one, other), (other, one))
        with ThreadPoolExecutor(2) as both:
            calls = [both.submit(self._answer, lambda pair=pair: self._staff(business).merge(*pair)) for pair in pairs]
            answers = [call.result() for call in calls]
        made = [(pair, answer) for pair, answer in zip(pairs, answers, strict=True) if not isinstance(answer, Reason)]
        self.eyes.same(13, len(made), 1, "How many of the two merges were made")
        (survivor, absorbed), merged = made[0]
        self._merged(business, survivor, absorbed, merged.merges[0])
        return True

    def _undo(self, business: str, step: Step) -> bool:
        mine = [one for one in self.merges if one.business == business]
        if not mine:
            return False
        made, model = mine[step.first % len(mine)], self.models[business]
        no = Reason.UNDONE_ALREADY if made.id in model.undone else model.refuses_undo(made.survivor, made.absorbed)
        undone = self._answer(lambda: self._staff(business).undo(made.id))
        self.told.append(f"{business}: staff undo the merge of {made.absorbed} into {made.survivor}")
        self.eyes.same(8, _reason(undone), no, f"Undoing the merge of {made.absorbed} into {made.survivor}")
        if no is None:
            del model.into[made.absorbed]
            model.undone.add(made.id)
            again = self._answer(lambda: self._staff(business).plan_merge(made.survivor, made.absorbed))
            if not isinstance(again, Reason):
                self.eyes.counts(business, again)
        return True

    def _dismiss(self, business: str, step: Step) -> bool:
        pair = self._pair(business, step)
        model = self.models[business]
        no = model.refuses_dismissal(*pair)
        answer = self._answer(lambda: self._staff(business).dismiss(*pair))
        self.told.append(f"{business}: staff say that {pair[0]} and {pair[1]} are no duplicates")
        self.eyes.same(12, answer, no or frozenset(pair) not in model.dismissed, "Saying so")
        if no is None:
            model.dismissed.add(frozenset(pair))
            back = self._staff(business).dismiss(pair[1], pair[0])
            self.eyes.same(12, back, False, "Saying so the other way round")
        return True

    def _restore_pair(self, business: str, step: Step) -> bool:
        pair = self._pair(business, step)
        known = frozenset(pair) in self.models[business].dismissed
        self.eyes.same(
            12, self._staff(business).restore_pair(*pair), known, f"Taking back that {pair[0]} and {pair[1]}"
        )
        self.models[business].dismissed.discard(frozenset(pair))
        self.told.append(f"{business}: staff take it back that {pair[0]} and {pair[1]} are no duplicates")
        return True

    def _delete(self, business: str, step: Step) -> bool:
        ref = self._any(business, step.first)
        model = self.models[business]
        no = model.refuses_deletion(ref)
        answer = self._answer(lambda: self._staff(business).delete_client(ref))
        self.told.append(f"{business}: staff delete {ref}")
        self.eyes.same(9, _reason(answer), no, f"Deleting {ref}")
        if no is None:
            gone = model.person(ref)
            self.eyes.sessions = [
                one for one in self.eyes.sessions if one.business != business or one.entry not in gone
            ]
            model.forget(ref)
        return True


def _reason(answer: object) -> Reason | None:
    return answer if isinstance(answer, Reason) else None
