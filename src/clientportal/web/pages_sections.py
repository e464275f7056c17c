"""Pages of the sections that a platform has of its own: a list, an item, and what may be done, without writing one.

A page of your own takes their place: name a ``Route`` with that section and a ``menu`` text. A template does for one
section alone: ``section_<name>.html`` before ``section.html``, and so for an item and for what is asked before an
action.
"""

from __future__ import annotations

import json
from typing import Any

from clientportal.errors import InvalidAnswers, Refused
from clientportal.outcomes import SectionEntry
from clientportal.sections import SECTIONS, STANDING
from clientportal.web.forms import Form
from clientportal.web.messages import Response
from clientportal.web.pages_held import more_of
from clientportal.web.pages_papers import answers_of, chosen_of, said_of
from clientportal.web.refusals import NOT_ON_THE_PAGE, status_of
from clientportal.web.routing import Route, path_of
from clientportal.web.shown_items import as_words, shown_item
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "action_name", "section_name"]

_SHIPPED = frozenset({"section.html", "section_item.html", "section_action.html"})


def section_name(visit: Visit, name: str) -> str:
    """What a section is called: by the host's text ``section.<name>``, else by its name."""
    return visit.words.or_else(f"section.{name}", as_words(name))


def action_name(visit: Visit, section: str, action: str) -> str:
    """What is on the button of an action: the host's text ``section.<name>.do.<action>``, else its name."""
    return visit.words.or_else(f"section.{section}.do.{action}", as_words(action))


def _templates(section: str, kind: str = "") -> tuple[str, ...]:
    own, shipped = f"section_{section}{kind}.html", f"section{kind}.html"
    return (shipped,) if own in _SHIPPED else (own, shipped)


async def _entry(visit: Visit, name: str) -> SectionEntry | None:
    """The open section of that name; none of the shipped ones, which have pages of their own."""
    if name in SECTIONS or name in STANDING:
        return None
    found = next((one for one in visit.sections if one.name == name), None)
    if found is None:
        # The door says why not: closed and unheard of are one answer, and something else may have to come first.
        await visit.client.section(name, limit=1)
    return found


def _no_page(visit: Visit) -> Response:
    return visit.render("error.html", 404, title=visit.words("error.title"), text=visit.words("error.no_page"))


def _buttons(visit: Visit, entry: SectionEntry, item: str) -> list[tuple[str, str]]:
    """(text, address) of what may be done: with one item, or without any."""
    wanted = [one for one in entry.actions if (one in entry.begins) == (item == "")]
    return [
        (action_name(visit, entry.name, one), visit.url(path_of("sections", entry.name, item, one))) for one in wanted
    ]


# --- looking --------------------------------------------------------------------------------------------------------


async def section(visit: Visit) -> Response:
    """What a section lists."""
    name = visit.arguments["name"]
    entry = await _entry(visit, name)
    if entry is None:
        return _no_page(visit)
    page = await visit.client.section(name, after=visit.get("after"))
    zone = visit.business.zone
    return visit.render(
        _templates(name),
        entry=entry,
        title=section_name(visit, name),
        items=[(one, shown_item(one, name, visit.words, zone)) for one in page.items],
        buttons=_buttons(visit, entry, ""),
        more=more_of(visit, path_of("sections", name), page.next),
    )


async def item(visit: Visit) -> Response:
    """One item, and what may be done with it."""
    name, id = visit.arguments["name"], visit.arguments["id"]
    entry = await _entry(visit, name)
    if entry is None:
        return _no_page(visit)
    found = await visit.client.section_item(name, id)
    return visit.render(
        _templates(name, "_item"),
        entry=entry,
        title=section_name(visit, name),
        item=found,
        shown=shown_item(found, name, visit.words, visit.business.zone),
        buttons=_buttons(visit, entry, id),
    )


# --- doing ----------------------------------------------------------------------------------------------------------


async def action_first(visit: Visit) -> Response:
    """What is about to be done, with what is asked before; nothing happens yet."""
    return await _action(visit, Form())


async def _action(visit: Visit, typed: Form, status: int = 200) -> Response:
    name, id, action = (visit.arguments[one] for one in ("name", "id", "action"))
    entry = await _entry(visit, name)
    if entry is None or action not in entry.actions or (action in entry.begins) != (id == ""):
        return _no_page(visit)
    about = None
    if id:
        about = shown_item(await visit.client.section_item(name, id), name, visit.words, visit.business.zone)
    questions = entry.asks.get(action, ())
    return visit.render(
        _templates(name, "_action"),
        status,
        form=typed,
        title=section_name(visit, name),
        button=action_name(visit, name, action),
        shown=about,
        questions=questions,
        labels={one.name: one.label for one in questions},
        chosen=chosen_of(visit, questions, {}),
        here=visit.url(path_of("sections", name, id, action)),
        back=visit.url(path_of("sections", name, id) if id else path_of("sections", name)),
    )


async def act(visit: Visit) -> Response:
    """Do it; with what is wrong at each question, or why not, on the same page."""
    name, id, action = (visit.arguments[one] for one in ("name", "id", "action"))
    entry = await _entry(visit, name)
    if entry is None or action not in entry.actions:
        return _no_page(visit)
    questions = entry.asks.get(action, ())
    answers = answers_of(visit, questions)
    try:
        done = await visit.client.act(name, action, item=id or None, fields=_texts(answers), key=visit.once)
    except InvalidAnswers as error:
        typed = visit.form
        for problem in error.problems:
            typed = typed.wrong(f"q_{problem.name}", said_of(visit, problem))
        return await _action(visit, typed, 422)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        typed = visit.form.alert(visit.says(error), error.reason)
        return visit.with_retry(await _action(visit, typed, status_of(error.reason)), error)
    notice = "sections.waits" if done.waits else "sections.done"
    return visit.redirect(path_of("sections", name), notice=notice)


def _texts(answers: dict[str, Any]) -> dict[str, str]:
    """Several answers to one question, as one text: a list as JSON, as forms keep it."""
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in answers.items()}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/sections/{name}", section),
    Route("GET", "/sections/{name}/{id}", item),
    Route("GET", "/sections/{name}/{id}/{action}", action_first),
    Route("POST", "/sections/{name}/{id}/{action}", act),
)
"""Every address of a platform's own sections; an action that is about no item has ``~`` in the place of its id."""
