"""Pages of documents and forms (V9, T3, T8): what is shared is downloaded, what was sent is filled in, once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clientportal.doors.base import stepped
from clientportal.errors import InvalidAnswers, Refused
from clientportal.values.forms import AnswerProblem, FormRequest, FormState, Question, QuestionKind
from clientportal.web.forms import Form
from clientportal.web.messages import Response
from clientportal.web.pages_held import more_of
from clientportal.web.refusals import NOT_ON_THE_PAGE, status_of
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "answers_of", "chosen_of", "said_of"]

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")
_ASKED = "q_"


# --- documents ------------------------------------------------------------------------------------------------------


async def documents(visit: Visit) -> Response:
    """What is shared with this client; opening the list is seeing what is new in it."""
    # Whoever asks for the headers alone has seen nothing of it.
    door = visit.client.preview if visit.request.method == "HEAD" else visit.client
    page = await door.documents(after=visit.get("after"))
    return visit.render("documents.html", page=page, more=more_of(visit, "/documents", page.next))


async def download(visit: Visit) -> Response:
    """One of them, piece by piece: session and share are checked before each."""
    id = visit.arguments["id"]
    asked = _RANGE.fullmatch(visit.request.headers.get("range", "").strip())
    offset = int(asked[1]) if asked else 0
    length = int(asked[2]) - offset + 1 if asked and asked[2] else None
    whole = await visit.client.download(id)
    if asked is None:
        found = whole
    elif offset >= whole.size or (length is not None and length < 1):
        return Response(status=416, headers={"content-range": f"bytes */{whole.size}"})
    else:
        most = whole.size - offset
        found = await visit.client.download(id, offset=offset, length=most if length is None else min(length, most))
    # A plain portal waits for its disk: its pieces are fetched where waiting harms nobody.
    pieces = stepped(found.chunks) if visit.site.plain else found.chunks
    return Response(status=206 if found.partial else 200, headers=found.headers, body=pieces)


# --- forms ----------------------------------------------------------------------------------------------------------


async def forms(visit: Visit) -> Response:
    """The forms that were sent to this client, in any state."""
    page = await visit.client.forms(after=visit.get("after"))
    return visit.render("forms.html", page=page, more=more_of(visit, "/forms", page.next))


async def by_link(visit: Visit) -> Response:
    """The link of a form's message: it leads to the form, and opens nothing without a login (T2, T3)."""
    link = visit.arguments["link"]
    seen = await visit.visitor.look_at_form_link(link)
    return visit.redirect(path_of("forms", seen.form_id), link=link)


async def form(visit: Visit) -> Response:
    """One form, with what was typed so far."""
    return _form(visit, await visit.client.form(visit.arguments["id"], link=visit.get("link")), Form())


def _form(visit: Visit, asked: FormRequest, typed: Form, status: int = 200) -> Response:
    shown = typed.filled({f"{_ASKED}{name}": answer for name, answer in asked.answers.items()})
    open_still = asked.state in (FormState.OPEN, FormState.DRAFT)
    chosen = chosen_of(visit, asked.questions, asked.answers)
    link = visit.get("link") or visit.request.form.get("link") or None
    labels = {one.name: one.label for one in asked.questions}
    return visit.render(
        "form.html", status, asked=asked, form=shown, open=open_still, chosen=chosen, link=link, labels=labels
    )


def chosen_of(
    visit: Visit, questions: tuple[Question, ...], answers: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    """Of each question with several answers, those that are ticked."""
    found: dict[str, tuple[str, ...]] = {}
    for one in questions:
        if one.kind is not QuestionKind.SEVERAL:
            continue
        if visit.request.method == "POST":
            found[one.name] = visit.request.fields.get(f"{_ASKED}{one.name}", ())
        elif one.name in answers:
            kept = one.meaning(answers[one.name])
            found[one.name] = kept if isinstance(kept, tuple) else ()
    return found


def answers_of(visit: Visit, questions: tuple[Question, ...]) -> dict[str, Any]:
    """What was typed, by the names of the questions; what was left empty is left out."""
    found: dict[str, Any] = {}
    for one in questions:
        given = visit.request.fields.get(f"{_ASKED}{one.name}", ())
        if one.kind is QuestionKind.SEVERAL:
            if given:
                found[one.name] = list(given)
        elif given and given[-1].strip():
            found[one.name] = given[-1]
    return found


async def fill(visit: Visit) -> Response:
    """Send it in, or keep it for later; with what is wrong at each question, and nothing typed is lost."""
    id = visit.arguments["id"]
    link = visit.request.form.get("link") or None
    asked = await visit.client.form(id, link=link)
    answers = answers_of(visit, asked.questions)
    draft = visit.request.form.get("act") == "draft"
    try:
        if draft:
            await visit.client.save_draft(id, answers, link=link, key=visit.once)
        else:
            await visit.client.submit_form(id, answers, link=link, key=visit.once)
    except InvalidAnswers as error:
        typed = visit.form
        for problem in error.problems:
            typed = typed.wrong(f"{_ASKED}{problem.name}", said_of(visit, problem))
        return _form(visit, asked, typed, 422)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        return _form(visit, asked, visit.form.alert(visit.says(error), error.reason), status_of(error.reason))
    return visit.redirect(path_of("forms", id), notice="forms.kept" if draft else "forms.sent", link=link)


def said_of(visit: Visit, problem: AnswerProblem) -> str:
    """What is wrong with an answer, in the visit's language."""
    return visit.words.or_else(f"answer.{problem.code}", problem.message)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/documents", documents, section="documents", menu="menu.documents"),
    Route("GET", "/documents/{id}", download, section="documents"),
    Route("GET", "/forms", forms, section="forms", menu="menu.forms"),
    Route("GET", "/forms/{id}", form, section="forms"),
    Route("POST", "/forms/{id}", fill, section="forms"),
    Route("GET", "/form/{link}", by_link, Needs.NOTHING),
)
"""Every address of documents and forms."""
