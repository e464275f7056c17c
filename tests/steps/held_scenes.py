"""Clients with saved cards and what else they hold, about to do something with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import evolve

from clientportal.policy import CardRemoval
from clientportal.values.cards import Prepayment
from held import card, gift_card, membership, package, points, shows
from steps.pairs import Pair
from steps.scenes import Case, logged_in
from steps.stages import Scene
from world import AUCKLAND, at

__all__ = ["CARDS", "CARD_PAIRS", "holding"]


def cards(scene: Scene) -> None:
    """Ana is logged in, on two devices, with a card that has paid for nothing, and her twin with another."""
    logged_in(scene)
    world = scene.world
    shows(world)
    world.change_policy("clients", card_removal=CardRemoval.UNLESS_PREPAID_FUTURE)
    world.change_policy("merging", reassign=True)
    scene["twin"] = world.add_client("twin", "Ana Kingi", mobile="021 123 4567")
    paid = Prepayment(appointment="a1", start=at("2026-11-30 09:00"), zone=AUCKLAND)
    ana = scene["ana"]
    world.seed("add_items", [card("c1", ana), card("c2", scene["twin"]), card("c3", ana, prepaid=(paid,))])
    # That the session was used is noted now, so that no list that is read notes it in a commit of its own.
    world.portal.client(scene["session"]).profile()


def _remove(scene: Scene) -> Any:
    return scene.client().remove_card("c1", key="k")


def _remove_again(scene: Scene) -> Any:
    return scene.client().remove_card("c1")


def _remove_prepaid(scene: Scene) -> Any:
    return scene.client().remove_card("c3")


def _cancel(scene: Scene) -> Any:
    return scene.client().cancel("a1")


def _merge(scene: Scene) -> Any:
    return scene.staff().merge(scene["ana"], scene["twin"])


CARDS = {case.name: case for case in (Case("remove_card", cards, _remove),)}
CARD_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("remove and remove", cards, _remove, _remove_again),
        Pair("remove and remove, one key", cards, _remove, _remove),
        Pair("remove and merge", cards, _remove, _merge),
        Pair("remove and cancel", cards, _remove_prepaid, _cancel),
    )
}


def holding(count: int) -> Callable[[Scene], None]:
    """Ana holds that many of everything, and is logged in."""

    def prepare(scene: Scene) -> None:
        logged_in(scene)
        world, ana = scene.world, scene["ana"]
        shows(world, "memberships", "packages", "gift_cards", "rewards", "payment_methods")
        world.change_policy("clients", card_removal=CardRemoval.UNLESS_PREPAID_FUTURE)
        begins = at("2020-01-01 09:00")
        paid = tuple(
            Prepayment(appointment=f"p{number}", start=begins, zone=AUCKLAND) for number in range(min(count, 200))
        )
        items: list[Any] = []
        for number in range(count):
            bought = begins + timedelta(hours=number)
            items += [
                membership(f"m{number}", ana, f"{bought:%Y-%m-%d %H:%M}"),
                package(f"p{number}", ana, bought=f"{bought:%Y-%m-%d %H:%M}"),
                gift_card(f"g{number}", ana, bought_at=bought),
                points(f"r{number}", ana, number),
                card(f"c{number}", ana, saved_at=bought),
            ]
        world.seed("add_items", items)
        world.seed("add_items", [evolve(card("mine", ana), prepaid=paid)])
        world.portal.client(scene["session"]).profile()

    return prepare
