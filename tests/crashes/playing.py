"""Scripts played without a crash, to know every state that may stand between two commits; and played under fire.

What is left by a worker that was killed is compared with those states, so nothing half done passes (I1); whoever had no
answer asks again under the same key, and in the end the same must be there as without any crash (I2).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from attrs import define, field, frozen

from clientportal import Reason, Refused
from clientportal.operations.delivery import _finish_intents
from clientportal.ports import step
from clientportal.records import Challenge, MessageState, OutboxMessage, Payment
from crashes.acts import Act
from crashes.outside import Lines
from crashes.salon import Salon
from crashes.worker import Told, fork, played
from steps.dumps import Contents, broken, contents, dump
from steps.stepped import Recording, but_seals

__all__ = ["Figures", "Lost", "Play", "State"]

State = tuple[str, ...]

MOST_DEATHS = 3
"""At one act, before it is let live: a message is tried five times."""

_LEASE = timedelta(seconds=13)


class Lost(AssertionError):
    """A promise was broken."""


@define
class Figures:
    """What was tried."""

    kills: int = 0
    scripts: int = 0
    acknowledged: Counter[str] = field(factory=Counter[str])
    refused: Counter[str] = field(factory=Counter[str])
    found: Counter[str] = field(factory=Counter[str])
    asked_again: int = 0
    sent_twice: int = 0

    def __str__(self) -> str:
        acts = ", ".join(f"{count} {name}" for name, count in sorted(self.acknowledged.items()))
        found = ", ".join(f"{count} {what}" for what, count in sorted(self.found.items()))
        no = ", ".join(f"{count} {name}" for name, count in sorted(self.refused.items()))
        return (
            f"{self.kills} kills in {self.scripts} plays; what was cut off was {found}; "
            f"{self.asked_again} asked again under their key; {self.sent_twice} messages arrived more than once, "
            f"each with the same id and text\n  acknowledged ({self.acknowledged.total()}): {acts}\n  refused: {no}"
        )


def state_of(salon: Salon, held: Contents | None = None) -> State:
    """What has changed since the business began, comparable between runs."""
    # With a host elsewhere whoever finishes what was begun stands in the audit: the one who asked, or the pump.
    audit = "done" if salon.world.host.shares_transaction else "none"
    return dump(held or contents(salon.world), salon.begun, audit=audit, times=False, shown=but_seals)


@frozen
class _Whole:
    """The script without a crash: what stood before each act, at each of its commits, and at the end; what was said."""

    passed: Sequence[Sequence[State]]
    said: Sequence[str]


class Play:
    """One script in one business."""

    def __init__(self, salon: Salon, acts: Sequence[Act], figures: Figures, acknowledged: Lines) -> None:
        self.salon = salon
        self.acts = acts
        self.figures = figures
        self._log = acknowledged
        self._seconds = 0.0
        self.whole = self._rehearsed()
        self._acknowledged_all = True
        self._chance = random.Random()

    def _rehearsed(self) -> _Whole:
        """Played in a process of its own as well: a parent that runs threads cannot fork safely."""
        salon = self.salon
        salon.back()
        salon.let_go()
        sound, salon.wrap = salon.wrap, lambda inner: inner
        hasty, salon.hasty = salon.hasty, False

        def work(tell: Any) -> None:
            last: list[State] = [state_of(salon)]
            tell({"state": last[0]})

            def note() -> None:
                state = state_of(salon)
                if state != last[0]:
                    last[0] = state
                    tell({"state": state})

            salon.wrap = lambda inner: Recording(inner, note)

            def told_and_noted(line: dict[str, Any]) -> None:
                note()
                tell(line)

            played(salon, self.acts, 0, told_and_noted)

        told = fork(work, kill_after=None)
        self._seconds = told.seconds
        salon.wrap, salon.hasty = sound, hasty
        return _whole(told, len(self.acts))

    # --- under fire

    def run(self, chance: random.Random) -> None:
        """Play it once, killed again and again, and look after each death.

        A worker lives a third of what the rehearsal took at most, so that the machine's other work changes little.
        """
        salon = self.salon
        salon.back()
        place, deaths = 0, 0
        self._chance = chance
        self._acknowledged_all = True
        while place < len(self.acts):
            salon.let_go()
            later = _LEASE * deaths if self.acts[place].pump else timedelta()
            since = place
            told = fork(
                lambda tell, since=since, later=later: played(salon, self.acts, since, tell, later=later),  # type: ignore[misc]
                kill_after=None if deaths >= MOST_DEATHS else chance.uniform(0, self._seconds / 3),
            )
            place, deaths = self._after(told, place, deaths)
        if self._acknowledged_all:
            self._end()

    def _after(self, told: Told, place: int, deaths: int) -> tuple[int, int]:
        """Where to go on: the act that was cut off, or the next one where it happened and is not asked for again."""
        open_at: int | None = None
        for line in told.lines:
            if "begun" in line:
                open_at = line["begun"]
            else:
                open_at = None
                self._acknowledge(line)
                place, deaths = line["done"] + 1, 0
        self._log.add_all([str(line).replace("'", '"') for line in told.lines if "done" in line])
        if told.killed:
            self.figures.kills += 1
        settled(self.salon)
        if open_at is not None and not self.salon.world.host.shares_transaction:
            self._finished_by_the_pump(open_at)
        if place == len(self.acts):
            return place, 0
        held = contents(self.salon.world)
        steps = self.whole.passed[place]
        before, after = steps[0], steps[-1]
        left = state_of(self.salon, held)
        self._keeps(held)
        if open_at is None:
            self.figures.found["between two acts"] += told.killed
            stood = steps if deaths else steps[:1]
            apart = deaths > 0 and self.acts[place].pump
            self._must(left in stood or apart, place, left, "what was acknowledged is not what is there")
            return place, deaths
        act = self.acts[place]
        # A message that was taken waits for its lease, so the next pump may send them in another order: each by itself.
        apart = act.pump and set(left) <= set(chain.from_iterable(steps))
        self._must(left in steps or apart, place, left, "something is half done")
        what = "absent" if left == before else "whole" if left == after else "between two of its own commits"
        if before == after:
            what = "without effect"
        self.figures.found[what] += 1
        if left == after and before != after and not act.keyed and not act.pump:
            # It has happened, and whoever sees that does not ask again. What it would have told them nobody knows.
            self._acknowledged_all = not act.tells
            return len(self.acts) if act.tells else place + 1, 0
        self.figures.asked_again += act.keyed
        return place, deaths + 1

    def _finished_by_the_pump(self, place: int) -> None:
        """A platform elsewhere: whoever asked goes away, and the pump finishes it; or they ask again first."""
        salon = self.salon
        if self.acts[place].keyed and self._chance.random() < 0.5:
            return
        salon.let_go()

        def work(_tell: Any) -> None:
            salon.at(place, timedelta(seconds=61))
            step(_finish_intents(salon.portal()._setup, salon.world.tenant, 100))

        fork(work, kill_after=None)
        salon.at(place)

    def _acknowledge(self, line: dict[str, Any]) -> None:
        place, said = line["done"], line["said"]
        act = self.acts[place]
        self.salon.known.update(line["learned"])
        if said == "done":
            self.figures.acknowledged[act.name] += 1
        elif said != "skipped":
            self.figures.refused[f"{act.name}: {said}"] += 1
        if act.keyed and said != self.whole.said[place] and not self.salon.hasty:
            raise Lost(f"{self._named(place)} was told {said!r}, without a crash {self.whole.said[place]!r}")
        if said == "done":
            for session in act.ends:
                if session in self.salon.known:
                    self.salon["ended"].append(self.salon[session])

    # --- what must hold

    def _must(self, holds: bool, place: int, left: State, what: str) -> None:
        if holds:
            return
        expected = self.whole.passed[min(place, len(self.acts) - 1)]
        there = Counter(left)
        nearest = min(map(Counter, expected), key=lambda one: (one - there).total() + (there - one).total())
        more = "".join(f"\n    + {line}" for line in (there - nearest).elements())
        less = "".join(f"\n    - {line}" for line in (nearest - there).elements())
        raise Lost(f"{what}\n  {self._named(place)}{more}{less}")

    def _named(self, place: int) -> str:
        names = [f"*{act.name}*" if at == place else act.name for at, act in enumerate(self.acts)]
        return f"{self.salon.name}: {', '.join(names)}"

    def _keeps(self, held: Contents, *, done: bool = False) -> None:
        """Every promise, and nobody reads anything with a session that has ended (I7)."""
        # Between a platform elsewhere and the portal the pump stands: there they are promised for the end.
        wrong = broken(held) if done or self.salon.world.host.shares_transaction else []
        guessed = [one.misses for one in held.of(Challenge) if one.misses > 5]
        if wrong or guessed:
            raise Lost(f"{wrong} {guessed}\n  {self._named(-1)}")
        for token in self.salon["ended"]:
            try:
                self.salon.portal().client(token or "gone").preview.profile()
            except Refused as refused:
                if refused.reason is Reason.SESSION_ENDED:
                    continue
            raise Lost("a session that was ended still reads")

    def _end(self) -> None:
        """The same as without a crash; every message arrived, as the same; what was charged is what the books say."""
        salon = self.salon
        held = contents(salon.world)
        last = len(self.acts) - 1
        left = state_of(salon, held)
        self._must(left == self.whole.passed[last][-1], last, left, "the end is another than without a crash")
        self._keeps(held, done=True)
        verdict = salon.portal().verify_audit(salon.world.tenant)
        if verdict.broken is not None:
            raise Lost(f"the audit does not verify: {verdict}\n  {self._named(-1)}")
        arrived: dict[str, list[str]] = {}
        for mail in salon.mailbox.messages:
            arrived.setdefault(mail.id, []).append(mail.text)
        for message in held.of(OutboxMessage):
            texts = arrived.get(message.id, [])
            if message.state is MessageState.SENT and (not texts or len(set(texts)) > 1):
                raise Lost(f"{message.kind} says that it was sent, and arrived as {len(set(texts))} texts")
            if len(texts) > MOST_DEATHS + 1:
                raise Lost(f"{message.kind} arrived {len(texts)} times")
            self.figures.sent_twice += len(texts) > 1
        charged = Counter(line["key"] for line in salon.provider.all())
        payments = {one.id for one in held.of(Payment)}
        if any(count > 1 for count in charged.values()) or not set(charged) <= payments:
            raise Lost(f"charged {charged}, known are {payments}")
        self.figures.scripts += 1


def settled(salon: Salon) -> None:
    """Wait until the server has noticed that its client is gone: a commit that had reached it is carried out."""
    for store in salon.stores:
        if store.engine.dialect.name != "postgresql":
            continue
        with store.engine.connect() as connection:
            connection.exec_driver_sql(
                "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
                "AND backend_type = 'client backend' AND pid <> pg_backend_pid()) LOOP "
                "PERFORM pg_sleep(0.001); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
            )


def _whole(told: Told, count: int) -> _Whole:
    passed: list[list[State]] = [[] for _ in range(count)]
    said = ["" for _ in range(count)]
    at = 0
    for line in told.lines:
        if "state" in line:
            passed[at].append(tuple(line["state"]))
        elif "done" in line:
            at = line["done"] + 1
            said[at - 1] = line["said"]
            if at < count:
                passed[at].append(passed[at - 1][-1])
    return _Whole(passed, said)
