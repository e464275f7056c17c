"""The breach check: its answer counts where there is one, and where there is none nobody is kept from registering."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import timedelta

import pytest

from clientportal.passwords import AwaitedGate, BlockingGate, BreachCheck, breaches, is_breached
from clientportal.ports import step
from clientportal.values import Secret

CANARY = Secret("canary-7f3a-9d21")


async def _awaited(password: Secret) -> bool:
    await asyncio.sleep(0)
    return password == CANARY


class _Service:
    """A service whose call is awaited, as an object."""

    async def __call__(self, password: Secret) -> bool:
        return await _awaited(password)


def _plain(password: Secret) -> bool:
    return password == CANARY


def test_the_plain_portal_asks_and_hears() -> None:
    """And without a check nothing is breached."""
    gate = BlockingGate()
    assert [step(is_breached(_plain, one, gate)) for one in (CANARY, Secret("another"))] == [True, False]
    assert step(is_breached(None, CANARY, gate)) is False


@pytest.mark.parametrize("check", [_plain, _awaited, _Service()])
def test_the_async_portal_takes_a_check_of_either_colour(check: BreachCheck) -> None:
    """A plain one, an awaited one, and an object."""
    gate = AwaitedGate()
    assert [asyncio.run(is_breached(check, one, gate)) for one in (CANARY, Secret("another"))] == [True, False]


def test_a_plain_check_holds_up_no_event_loop() -> None:
    """It runs in a thread of its own."""
    seen: list[threading.Thread] = []

    def check(password: Secret) -> bool:
        seen.append(threading.current_thread())
        return _plain(password)

    assert asyncio.run(is_breached(check, CANARY, AwaitedGate()))
    assert seen != [threading.current_thread()]


def test_the_plain_portal_says_so_where_a_check_waits_on_an_event_loop() -> None:
    """That is a mistake of the installation, and not an unavailable service."""
    with pytest.raises(TypeError, match="AsyncPortal"):
        step(is_breached(_awaited, CANARY, BlockingGate()))


def _down(password: Secret) -> bool:
    raise ConnectionError(f"no route to the service for {password.reveal()}")


async def _down_awaited(password: Secret) -> bool:
    raise ConnectionError(f"no route to the service for {password.reveal()}")


@pytest.mark.parametrize("check", [_down, _down_awaited])
def test_a_service_that_is_down_keeps_nobody_from_registering(
    check: BreachCheck, caplog: pytest.LogCaptureFixture
) -> None:
    """The password counts as not breached; a warning says so, with the kind of the failure and nothing else."""
    with caplog.at_level(logging.WARNING, "clientportal.passwords"):
        assert not asyncio.run(is_breached(check, CANARY, AwaitedGate()))
        assert not step(is_breached(check, CANARY, BlockingGate()))
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "ConnectionError" in caplog.text
    assert "canary" not in caplog.text


def test_a_service_that_hangs_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After three seconds (here a twentieth of one) it counts as down, in both colours."""
    monkeypatch.setattr(breaches, "LONGEST", timedelta(milliseconds=50))
    hung = threading.Event()

    def hangs(_password: Secret) -> bool:
        return hung.wait(30)

    async def hangs_awaited(_password: Secret) -> bool:
        await asyncio.sleep(30)
        return True

    assert not step(is_breached(hangs, CANARY, BlockingGate()))
    assert not asyncio.run(is_breached(hangs, CANARY, AwaitedGate()))
    assert not asyncio.run(is_breached(hangs_awaited, CANARY, AwaitedGate()))
    assert caplog.text.count("TimeoutError") == 3
    hung.set()
