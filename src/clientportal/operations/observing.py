"""Telling observers: as little as one object an operation, and no observer breaks what it looks at."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.errors import HostError, InvalidInput, Refused, StoreError
from clientportal.ports.observing import Begun, Ended, Happened, Happening, Observer, Outcome

__all__ = ["Observing", "Watched"]

_log = logging.getLogger("clientportal.observing")
_FAULTS: Mapping[type[Exception], Happening] = {
    HostError: Happening.HOST_FAILED,
    StoreError: Happening.STORE_FAILED,
}


class _Caller(Protocol):
    @property
    def tenant(self) -> str: ...


@frozen(eq=False)
class Observing:
    """All the observers of one portal, behind one face that never raises."""

    observers: tuple[Observer, ...] = ()
    _silenced: set[str] = field(factory=set[str], repr=False)

    def operation(self, name: str, caller: _Caller, branch: str = "", *, preview: bool = False) -> Watched:
        """Watch one operation: ``with observing.operation(…) as watched``."""
        return Watched(self, name, caller, branch, preview)

    def refused(self, name: str, caller: _Caller, refusal: Refusal) -> None:
        """A "no" that was said between the steps of an operation."""
        with self.operation(name, caller) as watched:
            watched.decided(Decision(refusal, refusal.because))

    def happened(self, kind: Happening, business: str, /, **facts: str | int) -> None:
        """Something besides an operation."""
        if self.observers:
            self.tell("happened", Happened(kind, business, facts))

    def counted(self, kind: Happening, business: str, counts: Mapping[str, int]) -> None:
        """Something that is told by its numbers; where there are none but zeros, nothing is told."""
        if any(counts.values()):
            self.happened(kind, business, **counts)

    def tell(self, method: str, *told: object) -> tuple[object, ...]:
        """Tell every observer, whatever one of them raises."""
        return tuple(self._tell(one, method, told) for one in self.observers)

    def tell_each(self, method: str, told: object, tokens: tuple[object, ...]) -> None:
        """The same, each with the token that is its own."""
        for one, token in zip(self.observers, tokens, strict=True):
            self._tell(one, method, (told, token))

    def _tell(self, observer: Observer, method: str, told: tuple[object, ...]) -> object:
        try:
            return getattr(observer, method)(*told)
        except Exception as error:
            # Once, and by its class: an observer that is broken is asked thousands of times an hour.
            said = f"{type(observer).__name__}.{method} raised {type(error).__name__}"
            if said not in self._silenced:
                self._silenced.add(said)
                _log.error("%s; it is told of what follows, and this is not said again", said)
            return None


class Watched:
    """One operation while it runs."""

    __slots__ = ("_because", "_begun", "_observing", "_reason", "_since", "_tokens", "conflicts", "replayed", "tries")

    def __init__(self, observing: Observing, name: str, caller: _Caller, branch: str, preview: bool) -> None:
        self._observing = observing
        self._begun = Begun(name, type(caller).__name__.lower(), caller.tenant, branch, preview)
        self._tokens: tuple[object, ...] = ()
        self._since = 0.0
        self._reason: Reason | None = None
        self._because: Because | None = None
        self.tries = 0
        self.conflicts = 0
        self.replayed = False

    def decided(self, decision: Decision[Any]) -> None:
        """It has come to an answer, also where that is a "no" which is raised afterwards."""
        self._because = decision.because
        self._reason = decision.outcome.reason if isinstance(decision.outcome, Refusal) else None

    def __enter__(self) -> Watched:
        if self._observing.observers:
            self._tokens = self._observing.tell("began", self._begun)
            self._since = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._observing.observers:
            return
        seconds = time.perf_counter() - self._since
        reason = error.reason if isinstance(error, Refused) and self._reason is None else self._reason
        ended = Ended(
            begun=self._begun,
            outcome=_outcome(error, reason),
            seconds=seconds,
            reason=reason,
            rule="" if self._because is None else self._because.rule,
            error="" if error is None or isinstance(error, Refused) else type(error).__name__,
            tries=self.tries,
            conflicts=self.conflicts,
            replayed=self.replayed,
        )
        self._observing.tell_each("ended", ended, self._tokens)
        for broken, happening in _FAULTS.items():
            if isinstance(error, broken):
                self._observing.happened(happening, self._begun.business, error=ended.error, operation=self._begun.name)


def _outcome(error: BaseException | None, reason: Reason | None) -> Outcome:
    if reason is not None:
        return Outcome.REFUSED
    if error is None:
        return Outcome.DONE
    return Outcome.INVALID if isinstance(error, InvalidInput) else Outcome.FAILED
