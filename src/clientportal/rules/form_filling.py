"""Can these answers be taken, and if not, what is wrong with which?

Every question is looked at, so that a client corrects a form once and not five times. What is taken is stored as one
text for each answer that means one thing (``Question.meaning``), and given back it is taken again, unchanged. A draft
keeps what was typed as it is, right or not: nothing that somebody has written is lost (T3, T8).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from attrs import frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.errors import InvalidContact
from clientportal.values import parse_email, parse_phone
from clientportal.values.forms import LONGEST, AnswerProblem, Condition, FormRequest, FormState, Question, QuestionKind

__all__ = ["MOST_TOGETHER", "Filled", "fill", "judge_filling", "keep_draft"]

MOST_TOGETHER = 200_000
"""All answers of a form together, in characters: what one row of any platform holds."""


@frozen
class Filled:
    """What was answered, as it is stored, and what is wrong with the rest."""

    answers: Mapping[str, str]
    problems: tuple[AnswerProblem, ...] = ()


def judge_filling(form: FormRequest) -> Because | Refusal:
    """May this form still be filled in? A due day that has passed does not close it: the business withdraws it."""
    because = Because("form_filling.judge_filling", (("form", form.id), ("state", form.state.value)))
    if form.state is FormState.DONE:
        return Refusal(Reason.FORM_DONE, because, facts={"form": form.title})
    if form.state is FormState.WITHDRAWN:
        return Refusal(Reason.FORM_WITHDRAWN, because, facts={"form": form.title})
    return because


def keep_draft(questions: Sequence[Question], given: Mapping[str, Any]) -> Filled:
    """What was typed so far, as it is; wrong is only what can be kept nowhere, or belongs to no question."""
    answers: dict[str, str] = {}
    problems = _unknown(questions, given)
    for one in questions:
        text = _as_text(one, given.get(one.name))
        if isinstance(text, AnswerProblem):
            problems.append(text)
        elif len(text) > LONGEST:
            problems.append(_too_long(one, LONGEST))
        elif text:
            answers[one.name] = text
    return _within_bounds(answers, problems)


def fill(questions: Sequence[Question], given: Mapping[str, Any], region: str) -> Filled:
    """The answers of a form that is sent in, checked one by one.

    What is answered to a question that is not asked (``Question.when``) is left out: the client has taken back what it
    depends on.
    """
    answers: dict[str, str] = {}
    problems = _unknown(questions, given)
    for one in questions:
        if one.when is not None and not _holds(one.when, answers):
            continue
        text = _as_text(one, given.get(one.name))
        taken = text if isinstance(text, AnswerProblem) else _taken(one, text.strip(), region)
        if isinstance(taken, AnswerProblem):
            problems.append(taken)
        elif taken:
            answers[one.name] = taken
    return _within_bounds(answers, problems)


def _unknown(questions: Sequence[Question], given: Mapping[str, Any]) -> list[AnswerProblem]:
    names = {one.name for one in questions}
    return [
        AnswerProblem(str(name)[:100], "unknown", "this form has no such question")
        for name in given
        if name not in names
    ]


def _within_bounds(answers: Mapping[str, str], problems: Sequence[AnswerProblem]) -> Filled:
    if sum(map(len, answers.values())) <= MOST_TOGETHER:
        return Filled(answers, tuple(problems))
    whole = AnswerProblem("", "too_long", f"all answers together have at most {MOST_TOGETHER} characters")
    return Filled(answers, (*problems, whole))


def _holds(condition: Condition, answers: Mapping[str, str]) -> bool:
    answer = answers.get(condition.name, "")
    # No option begins with a bracket, so that this is a list.
    return condition.answer in json.loads(answer) if answer.startswith("[") else condition.answer == answer


# --- as text ---------------------------------------------------------------------------------------------------------


def _as_text(question: Question, value: object) -> str | AnswerProblem:
    """What was handed in, as the text that a form on paper would have; nothing at all is the empty text."""
    match value:
        case None:
            return ""
        case str():
            return _storable(question, value.replace("\r\n", "\n").replace("\r", "\n"))
        case bool() if question.kind is QuestionKind.YES_NO:
            return "yes" if value else "no"
        case Decimal() | int() if question.kind is QuestionKind.NUMBER and not isinstance(value, bool):
            return _number_as_text(value)
        case date() if question.kind is QuestionKind.DATE and not isinstance(value, datetime):
            return value.isoformat()
        case list() | tuple() | set() | frozenset() if question.kind is QuestionKind.SEVERAL:
            return _several_as_text(question, cast("Collection[object]", value))
        case _:
            kind = type(value).__name__
            return AnswerProblem(question.name, "not_text", f"an answer to this is text; this is {kind}")


def _number_as_text(value: Decimal | int) -> str:
    exact = Decimal(value)
    # Beyond any number that a form takes; spelt out it could fill the memory.
    return format(exact, "f") if exact.is_finite() and -100 < exact.adjusted() < 100 else "beyond"


def _several_as_text(question: Question, chosen: Collection[object]) -> str | AnswerProblem:
    texts: list[str] = []
    for one in chosen:
        text = _storable(question, one) if isinstance(one, str) else _not_an_option(question)
        if isinstance(text, AnswerProblem):
            return text
        texts.append(text)
    return json.dumps(texts, separators=(",", ":")) if texts else ""


def _storable(question: Question, text: str) -> str | AnswerProblem:
    """Line breaks and tabs are the only controls that anybody means; PostgreSQL knows no NUL, UTF-8 no surrogate."""
    if any(unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t" for one in text):
        return AnswerProblem(question.name, "not_storable", "plain characters: this has one that nobody can type")
    return text


# --- one answer ------------------------------------------------------------------------------------------------------


def _taken(question: Question, text: str, region: str) -> str | AnswerProblem:
    """The answer as it is stored, nothing where nothing was answered, or what is wrong with it."""
    if not text:
        missing = AnswerProblem(question.name, "missing", "this has to be answered")
        return missing if question.required else ""
    if len(text) > question.longest:
        return _too_long(question, question.longest)
    if question.kind is not QuestionKind.LONG_TEXT and "\n" in text:
        return AnswerProblem(question.name, "one_line", "one line, without line breaks")
    match question.kind:
        case QuestionKind.TEXT | QuestionKind.LONG_TEXT:
            return text
        case QuestionKind.YES_NO:
            return text if text in ("yes", "no") else _problem(question, "not_yes_or_no", "'yes' or 'no'")
        case QuestionKind.CHOICE:
            return text if text in question.options else _not_an_option(question)
        case QuestionKind.SEVERAL:
            return _several(question, text)
        case QuestionKind.NUMBER:
            return _number(question, text)
        case QuestionKind.DATE:
            return _day(question, text)
        case QuestionKind.EMAIL | QuestionKind.PHONE:
            return _contact(question, text, region)
        case QuestionKind.SIGNATURE:
            named = any(one.isalpha() for one in text)
            return text if named else _problem(question, "not_a_name", "your name, in letters")
        case _:  # a consent, to one edition
            shown = f"the edition that was shown: '{question.edition}'"
            return text if text == question.edition else _problem(question, "another_edition", shown)


def _problem(question: Question, code: str, right: str) -> AnswerProblem:
    return AnswerProblem(question.name, code, f"please answer with {right}")


def _too_long(question: Question, most: int) -> AnswerProblem:
    return AnswerProblem(question.name, "too_long", f"at most {most} characters")


def _not_an_option(question: Question) -> AnswerProblem:
    return AnswerProblem(question.name, "not_an_option", "please choose from: " + ", ".join(question.options))


def _several(question: Question, text: str) -> str | AnswerProblem:
    """A list as JSON, or one option by itself, as a page sends it; stored in the order of the options, each once."""
    chosen: object = [text]
    if text.startswith("["):
        try:
            chosen = json.loads(text)
        except (ValueError, RecursionError):
            return _not_an_option(question)
    named = cast("list[object]", chosen) if isinstance(chosen, list) else []
    if not named or any(one not in question.options for one in named):
        return _not_an_option(question)
    return json.dumps([one for one in question.options if one in named], separators=(",", ":"))


_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:[.,][0-9]{1,40})?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def _number(question: Question, text: str) -> str | AnswerProblem:
    """Exact. A comma is a decimal point too, unless it may stand for thousands: 1,500 is fifteen hundred to some."""
    if not _NUMBER.fullmatch(text) or _THOUSANDS.fullmatch(text):
        return _problem(question, "not_a_number", "a number such as 1500 or 12.5")
    value = Decimal(text.replace(",", "."))
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > question.decimals:
        at_most = "a whole number" if not question.decimals else f"at most {question.decimals} digits after the point"
        return _problem(question, "too_many_decimals", at_most)
    if question.least is not None and value < question.least:
        return _problem(question, "too_small", f"{question.least} or more")
    if question.most is not None and value > question.most:
        return _problem(question, "too_large", f"{question.most} or less")
    return format(value if value else abs(value), "f")


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(question: Question, text: str) -> str | AnswerProblem:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        return _problem(question, "not_a_day", "a day of the calendar such as 2026-11-23")
    if question.first_day is not None and day < question.first_day:
        return _problem(question, "too_early", f"{question.first_day.isoformat()} or later")
    if question.last_day is not None and day > question.last_day:
        return _problem(question, "too_late", f"{question.last_day.isoformat()} or earlier")
    return day.isoformat()


def _contact(question: Question, text: str, region: str) -> str | AnswerProblem:
    try:
        if question.kind is QuestionKind.EMAIL:
            return parse_email(text).address
        return parse_phone(text, region=region).e164
    except InvalidContact:
        if question.kind is QuestionKind.EMAIL:
            return _problem(question, "not_an_email", "an email address such as ana@example.com")
        return _problem(question, "not_a_phone", "a phone number, with its country where it is another")
