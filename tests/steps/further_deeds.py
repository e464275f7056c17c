"""What has no place in a house, for it needs a moment of its own: an app that is confirmed, a purge, a gate that is
full."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from attrs import evolve, frozen
from pyotp import TOTP

from clientportal import Channel
from clientportal.passwords import BlockingGate, HashingBusy
from clientportal.values.receipts import DeliveryReceipt, DeliveryState
from mails import PASSWORD, link_in
from steps.assigning_scenes import ASSIGNING
from steps.claiming_scenes import CLAIMING
from steps.client_list_scenes import front_desk
from steps.house import Deed, by_account, by_code
from steps.scenes import CASES, Case
from steps.stages import Scene, answered

__all__ = ["ELSEWHERE", "FURTHER", "Further"]

_MINUTE = timedelta(minutes=1)


@frozen
class Further:
    """A deed, and what it begins with."""

    prepare: Callable[[Scene], None]
    deed: Deed


def _app(scene: Scene) -> None:
    """Ana has the secret of an app before her, and has not typed its first code."""
    by_account(scene)
    begun = scene.world.portal.client(scene["session"]).begin_second_factor()
    scene["first"] = TOTP(begun.secret.reveal()).at(scene.world.clock())


def _with_app(scene: Scene) -> None:
    """And she has typed it."""
    _app(scene)
    codes = scene.world.portal.client(scene["session"]).confirm_second_factor(scene["first"])
    scene["session"] = codes.signed_in.token
    scene.world.clock.advance(_MINUTE)


def _claiming(scene: Scene) -> None:
    """Ana has asked for a link to an email that another record has."""
    by_account(scene)
    scene.world.clock.advance(timedelta(minutes=2))
    scene.world.portal.client(scene["session"]).request_claim_link("ben@example.com")
    scene["claim"] = link_in(scene.world, "ben@example.com", "claim")


def _recycled(scene: Scene) -> None:
    """Somebody has a number that was somebody's who has not come for long: the email has to be proved as well."""
    world = scene.world
    world.change_policy("login", recycled_after=timedelta(days=182))
    ana = world.add_client(
        "ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com", created="2024-01-05 09:00"
    )
    world.book("a1", ana, "2024-12-24 09:00", made="2024-11-01 09:00")
    scene["session"] = world.sign_in("021 123 4567").token
    world.clock.advance(_MINUTE)


def _long_ago(scene: Scene) -> None:
    """Everything of a house has expired."""
    by_code(scene)
    scene.world.clock.advance(timedelta(days=4000))


class _FullGate(BlockingGate):
    """Has a place, and no memory to hash in."""

    @asynccontextmanager
    async def place(self, policy: Any) -> Any:
        """A place of no use."""
        async with super().place(policy):
            yield _Full()


class _Full:
    async def check(self, _stored: object, _password: object) -> object:
        raise HashingBusy("no memory")


def _log_in_when_full(scene: Scene) -> Any:
    scene.portal._setup = evolve(scene.portal._setup, gate=_FullGate())
    return answered(lambda: scene.visitor().log_in("ana@example.com", PASSWORD))


def _changed(scene: Scene) -> None:
    """A thief has changed the number, and the old one was told how to put it back."""
    by_code(scene)
    world = scene.world
    world.portal.client(scene["fresh"]).confirm_contact_change(scene["new contact"], scene["typed"])
    world.deliver()
    texts = [mail.text for mail in world.box.messages if "/contact/" in mail.text]
    scene["back"] = texts[-1].partition("/contact/")[2].split()[0]


def _sent(scene: Scene) -> None:
    """A code has left by SMS."""
    by_code(scene)
    scene.world.clock.advance(timedelta(minutes=20))
    scene.world.deliver()
    scene["message"] = next(one.id for one in reversed(scene.world.box.messages) if one.channel is Channel.SMS)


def _undelivered(scene: Scene) -> Any:
    receipt = DeliveryReceipt(message_id=scene["message"], state=DeliveryState.FAILED)
    return scene.portal.delivery_receipt(scene.world.tenant, receipt)


def _old(scene: Scene) -> None:
    """The audit of long ago is sealed."""
    by_code(scene)
    scene.world.portal.seal_audit(scene.world.tenant)
    scene.world.clock.advance(timedelta(days=4000))


def _wrong(scene: Scene) -> Any:
    return answered(lambda: scene.visitor().log_in("ana@example.com", "tui in the kowhai tree"))


def _known(case: Case, again: str = "same") -> Further:
    return Further(case.prepare, Deed(case.act, again))


def _door(scene: Scene) -> Any:
    return scene.client()


FURTHER: dict[str, Further] = {
    "confirm_second_factor": Further(_app, Deed(lambda on: _door(on).confirm_second_factor(on["first"]))),
    "new_recovery_codes": Further(_with_app, Deed(lambda on: _door(on).new_recovery_codes(), "another")),
    "remove_second_factor": Further(_with_app, Deed(lambda on: _door(on).remove_second_factor(), "told")),
    "claim_by_link": Further(_claiming, Deed(lambda on: _door(on).claim_by_link(on["claim"]))),
    "request_second_proof": Further(_recycled, Deed(lambda on: _door(on).request_second_proof("ana@example.com"))),
    "purge": Further(_long_ago, Deed(lambda on: on.portal.purge(on.world.tenant), "steps")),
    "accept_audit": Further(by_code, Deed(lambda on: on.portal.seal_audit(on.world.tenant, accept=True), "another")),
    "export_page": Further(by_code, Deed(lambda on: list(on.staff().export_clients()), "told")),
    "prune_audit": Further(
        _old,
        Deed(lambda on: on.portal.purge(on.world.tenant, audit_older_than=timedelta(days=3000)), "steps"),
    ),
    "uncharge_try": Further(by_account, Deed(_log_in_when_full, "steps")),
    "password_failed": Further(by_account, Deed(_wrong, "steps")),
    "revert_contact_change": Further(_changed, Deed(lambda on: on.visitor().revert_contact_change(on["back"]))),
    "delivery_receipt": Further(_sent, Deed(_undelivered, "told")),
    "switch": _known(CASES["switch"]),
    "finish_claim": _known(CLAIMING["finish claim"]),
    "client_booked": _known(ASSIGNING["client booked"], "told"),
    "assign_all": _known(ASSIGNING["assign all"], "told"),
}

ELSEWHERE: dict[str, Further] = {
    "cancel_for_deletion": Further(front_desk, Deed(lambda on: on.staff().delete_client(on["ana"], key="k"), "steps")),
}
"""What there is with a platform elsewhere alone."""
