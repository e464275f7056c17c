"""A pump that sends a message while its provider reports on it already: interleaved at every port call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Channel, DeliveryReceipt, presets
from clientportal.outcomes import Delivered
from clientportal.records import MessageState, OutboxMessage
from clientportal.testing.stepping import interleavings
from steps.dumps import broken
from steps.stages import Ground, Scene, Stage

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]
MOBILE, EMAIL = "+64211234567", "ana@example.com"


def _asked(scene: Scene) -> None:
    """Ana has asked for a code by email; it will go to her mobile."""
    world = scene.world
    world.use(presets.vcita(region="NZ"))
    world.add_client("ana", "Ana Kingi", email=EMAIL, mobile="021 123 4567")
    world.visitor().request_code(EMAIL)
    (message,) = world.all_stored(OutboxMessage, "due", "queued")
    scene["message"] = message.id


def _reported(state: str) -> Callable[[Scene], Any]:
    def report(scene: Scene) -> Any:
        receipt = DeliveryReceipt(message_id=scene["message"], state=state, provider_id="SM1")
        return scene.portal.delivery_receipt(scene.world.tenant, receipt)

    return report


def _promised(state: str) -> Callable[[Scene, Any, Any], None]:
    """One SMS; a failure that was noted leads to one mail, and one that came too early to none."""

    def check(scene: Scene, pumped: Any, noted: Any) -> None:
        assert isinstance(pumped, Delivered), pumped
        assert isinstance(noted, bool), noted
        scene.world.deliver()
        scene.world.clock.advance(timedelta(minutes=1))
        scene.world.deliver()
        (message,) = scene.held().of(OutboxMessage)
        ways = [one.channel for one in scene.world.box.messages]
        falls_back = state == "failed" and noted
        assert ways == [Channel.SMS, Channel.EMAIL][: 1 + falls_back]
        arrived = state == "delivered" and noted
        assert message.state is (MessageState.DELIVERED if arrived else MessageState.SENT)
        assert message.sent_to == (EMAIL if falls_back else MOBILE)
        assert broken(scene.held()) == []

    return check


@pytest.mark.parametrize("state", ["taken", "delivered", "failed"])
@pytest.mark.parametrize("name", ["memory", "sqlite", "postgres"])
def test_a_report_that_comes_while_the_pump_sends(name: str, state: str, grounds: Grounds, counted: Counted) -> None:
    """Before it is taken, between sending and marking, after that: nothing is sent twice, and nothing is lost."""
    threads = name != "memory"
    stage = Stage(grounds(name), _asked, awaited=not threads)
    limit = 6 if threads else 200
    report = interleavings(stage.scene, Scene.pump, _reported(state), _promised(state), threads=threads, limit=limit)
    counted(f"pump and {state}", name, report)
