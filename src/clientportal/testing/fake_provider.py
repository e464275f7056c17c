"""A payment provider that charges nobody and can fail in every way: for the tests of a host, and for trying things out.

Say what it does with each charge, in order; once the list is used up, everything is paid::

    provider = FakeProvider(Behaviour.CHARGES_AND_RAISES, Behaviour.REDIRECTS)
    portal = Portal(..., payments=provider)

    provider.complete(payment.id)       # the client has paid on the provider's page
    provider.away = True                # nobody can be asked just now
    provider.charged                    # key -> money that was really taken: what your books are compared with

It keeps the promise of the port: one key is one charge, whatever else goes wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from enum import StrEnum
from typing import cast

from clientportal.values import Money
from clientportal.values.charging import Charge, ChargeAnswer, ChargeState

__all__ = ["AsyncFakeProvider", "Behaviour", "FakeProvider"]


class Behaviour(StrEnum):
    """What the provider does with one charge."""

    PAYS = "pays"
    DECLINES = "declines"
    REDIRECTS = "redirects"
    """It sends the client to its own page; ``complete`` and ``fail`` say what comes of that."""
    PENDS = "pends"
    """It needs time; ``complete`` and ``fail`` as well. An answer that comes late."""
    RAISES = "raises"
    """It fails before it has charged, and knows nothing of the key afterwards."""
    CHARGES_AND_RAISES = "charges_and_raises"
    """The money is taken, and the answer is lost."""
    HANGS = "hangs"
    """It does not come back in time, and has not charged."""
    CHARGES_AND_HANGS = "charges_and_hangs"
    """It does not come back in time, and has charged."""
    FORGETS = "forgets"
    """It charges, the answer is lost, and twice it denies having heard of the key: whoever answers has not read it."""
    WRONG_AMOUNT = "wrong_amount"
    """It charges one unit more than it was asked to."""
    WRONG_CURRENCY = "wrong_currency"
    """It charges the right figure in another currency."""
    CHARGES_AND_SAYS_NO = "charges_and_says_no"
    """It answers "declined", and "paid" whenever it is asked again."""
    SAYS_YES_THEN_NO = "says_yes_then_no"
    """It charges and says so, and says "declined" whenever it is asked again."""
    TALKS_NONSENSE = "talks_nonsense"
    """It charges, and answers with something that is no answer."""


class FakeProvider:
    """The plain colour; behind ``AsyncPortal`` it works as well."""

    def __init__(self, *script: Behaviour) -> None:
        self.script: list[Behaviour] = list(script)
        self.charged: dict[str, Money] = {}
        self.begun: list[Charge] = []
        self.asked: list[str] = []
        self.away = False
        self._said: dict[str, ChargeAnswer] = {}
        self._denials: dict[str, int] = {}
        self._lock = threading.RLock()

    def begin(self, charge: Charge) -> ChargeAnswer:
        """Do what the script says; for a key that is known, say again what became of it."""
        with self._lock:
            self.begun.append(charge)
            if self.away:
                raise ConnectionError("the provider is away")
            if charge.key in self._said:
                return self._said[charge.key]
            return self._do(self.script.pop(0) if self.script else Behaviour.PAYS, charge)

    def outcome(self, key: str) -> ChargeAnswer | None:
        """What became of it."""
        with self._lock:
            self.asked.append(key)
            if self.away:
                raise ConnectionError("the provider is away")
            if self._denials.get(key, 0) > 0:
                self._denials[key] -= 1
                return None
            return self._said.get(key)

    def complete(self, key: str) -> None:
        """What was waiting is paid: the client has come to the end of the page, the bank has said yes."""
        with self._lock:
            self._take(key, self._waiting(key).amount)

    def fail(self, key: str) -> None:
        """What was waiting is declined."""
        with self._lock:
            self._waiting(key)
            self._said[key] = ChargeAnswer.declined("the client went away", ref=_ref(key))

    def total(self, currency: str) -> Money:
        """Everything that was really taken in that currency."""
        return _sum((one for one in self.charged.values() if one.currency == currency), currency)

    # --- what it does

    def _do(self, behaviour: Behaviour, charge: Charge) -> ChargeAnswer:
        key, asked = charge.key, charge.amount
        match behaviour:
            case Behaviour.PAYS:
                return self._take(key, asked)
            case Behaviour.DECLINES:
                return self._say(key, ChargeAnswer.declined("insufficient_funds", ref=_ref(key)))
            case Behaviour.REDIRECTS:
                return self._say(key, ChargeAnswer.redirect(f"https://pay.example/checkout/{key}", ref=_ref(key)))
            case Behaviour.PENDS:
                return self._say(key, ChargeAnswer.pending(ref=_ref(key)))
            case Behaviour.RAISES:
                raise ConnectionError("the connection broke on the way there")
            case Behaviour.HANGS:
                raise TimeoutError("no answer in time")
            case Behaviour.WRONG_AMOUNT:
                return self._take(key, asked + Money(1, asked.currency))
            case Behaviour.WRONG_CURRENCY:
                return self._take(key, Money(asked.amount, "XTS"))
            case Behaviour.SAYS_YES_THEN_NO:
                answer = self._take(key, asked)
                self._said[key] = ChargeAnswer.declined("there was no such charge", ref=_ref(key))
                return answer
            case _:
                return self._take_and_fail(behaviour, charge)

    def _take_and_fail(self, behaviour: Behaviour, charge: Charge) -> ChargeAnswer:
        self._take(charge.key, charge.amount)
        match behaviour:
            case Behaviour.CHARGES_AND_SAYS_NO:
                return ChargeAnswer.declined("try another card", ref=_ref(charge.key))
            case Behaviour.TALKS_NONSENSE:
                return cast("ChargeAnswer", "OK")
            case Behaviour.CHARGES_AND_HANGS:
                raise TimeoutError("no answer in time")
            case Behaviour.FORGETS:
                self._denials[charge.key] = 2
                raise ConnectionError("the connection broke on the way back")
            case _:
                raise ConnectionError("the connection broke on the way back")

    def _take(self, key: str, amount: Money | None) -> ChargeAnswer:
        assert amount is not None
        self.charged[key] = amount
        return self._say(key, ChargeAnswer.paid(amount, ref=_ref(key)))

    def _say(self, key: str, answer: ChargeAnswer) -> ChargeAnswer:
        self._said[key] = answer
        return answer

    def _waiting(self, key: str) -> Charge:
        said = self._said.get(key)
        if said is None or said.state not in (ChargeState.REDIRECT, ChargeState.PENDING):
            raise LookupError(f"no charge is waiting under {key!r}: it is {'unknown' if said is None else said.state}")
        return next(charge for charge in self.begun if charge.key == key)


class AsyncFakeProvider(FakeProvider):
    """The same, awaited: for ``AsyncPortal`` alone."""

    async def begin(self, charge: Charge) -> ChargeAnswer:  # type: ignore[override]
        return super().begin(charge)

    async def outcome(self, key: str) -> ChargeAnswer | None:  # type: ignore[override]
        return super().outcome(key)


def _ref(key: str) -> str:
    return f"ch_{key[:12]}"


def _sum(amounts: Iterable[Money], currency: str) -> Money:
    total = Money(0, currency)
    for one in amounts:
        total = total + one
    return total
