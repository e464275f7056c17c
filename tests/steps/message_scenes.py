"""Clients about to write to the business, and a business about to tell them something."""

from __future__ import annotations

from typing import Any

from clientportal.policy import VisibilityPolicy
from steps.pairs import Pair
from steps.scenes import Case, logged_in
from steps.stages import Scene

__all__ = ["MESSAGES", "MESSAGE_PAIRS"]

_TEXT = "Could I come at ten instead?"


def conversation(scene: Scene) -> None:
    """Ana is logged in, may write twice a day, has a notice that she has not read, and is mailed what is new."""
    logged_in(scene)
    world = scene.world
    world.change_policy("visibility", sections=(*VisibilityPolicy().sections, "messages", "notifications"))
    world.change_policy("portal", messages_per_day=2, notices_by_email=True)
    scene["twin"] = world.add_client("twin", "Ana Kingi", mobile="021 123 4567")
    scene["notice"] = world.portal.notify(world.tenant, scene["ana"], "form_sent", section="forms").id
    # That the session was used is noted now: a list that is read notes it in a commit of its own.
    world.portal.client(scene["session"]).profile()


def _send(scene: Scene) -> Any:
    return scene.client().send_message(_TEXT, key="k")


def _send_another(scene: Scene) -> Any:
    return scene.client().send_message("And could Ben come along?")


def _notify(scene: Scene) -> Any:
    return scene.staff().notify(scene["ana"], "invoice_due", section="payments", key="n")


def _read(scene: Scene) -> Any:
    return scene.client().mark_read(scene["notice"])


def _read_all(scene: Scene) -> Any:
    return scene.client().mark_read()


def _merge(scene: Scene) -> Any:
    return scene.staff().merge(scene["twin"], scene["ana"])


MESSAGES = {
    case.name: case
    for case in (
        Case("send_message", conversation, _send),
        Case("notify", conversation, _notify),
    )
}
MESSAGE_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("send and send", conversation, _send, _send_another),
        Pair("send and send, one key", conversation, _send, _send),
        Pair("notify and notify, one key", conversation, _notify, _notify),
        Pair("notify and read all", conversation, _notify, _read_all),
        Pair("read and read all", conversation, _read, _read_all),
        Pair("notify and merge", conversation, _notify, _merge),
        Pair("send and merge", conversation, _send, _merge),
    )
}
