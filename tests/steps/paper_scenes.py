"""Clients with a form to fill in and documents to open, about to do so."""

from __future__ import annotations

from typing import Any

from papers import ANSWERS, holds_papers, send_form
from steps.pairs import Pair
from steps.scenes import Case, logged_in
from steps.stages import Scene

__all__ = ["PAPERS", "PAPER_PAIRS"]


def papers(scene: Scene) -> None:
    """Ana is logged in, with an intake form, its link, and a document that she has not seen."""
    logged_in(scene)
    world = scene.world
    holds_papers(world, scene["ana"], "plan")
    send_form(world, "intake", scene["ana"])
    # That the session was used is noted now: a list that is read notes it in a commit of its own.
    world.portal.client(scene["session"]).profile()
    scene["form_link"] = world.staff().form_link("intake").reveal()


def _submit(scene: Scene) -> Any:
    return scene.client().submit_form("intake", ANSWERS, key="k")


def _submit_other(scene: Scene) -> Any:
    return scene.client().submit_form("intake", {**ANSWERS, "name": "Anahera"})


def _submit_by_link(scene: Scene) -> Any:
    return scene.client().submit_form("intake", {**ANSWERS, "name": "Anahera"}, link=scene["form_link"])


def _draft(scene: Scene) -> Any:
    return scene.client().save_draft("intake", {"name": "Ana", "weight": "heavy"}, key="k")


def _open_list(scene: Scene) -> Any:
    return scene.client().documents()


PAPERS = {
    case.name: case
    for case in (
        Case("submit_form", papers, _submit),
        Case("save_draft", papers, _draft),
        Case("documents", papers, _open_list),
    )
}
PAPER_PAIRS = {
    pair.name: pair
    for pair in (
        Pair("submit and submit", papers, _submit, _submit_other),
        Pair("submit and submit, one key", papers, _submit, _submit),
        Pair("submit and submit by link", papers, _submit, _submit_by_link),
        Pair("submit and draft", papers, _submit, _draft),
        Pair("open and open", papers, _open_list, _open_list),
    )
}
