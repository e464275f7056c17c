"""Forms that a business sends to a client, the questions in them, and what was answered (T3, T8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import as_member, day_or_none, one_of, text
from clientportal.values.holdings import HoldingKind
from clientportal.values.instants import as_utc, as_utc_or_none, sortable
from clientportal.values.sections import Counted, SectionItem

__all__ = [
    "LONGEST",
    "MOST_QUESTIONS",
    "LONGEST_LINE",
    "Answered",
    "AnswerProblem",
    "Condition",
    "FormRequest",
    "FormState",
    "Question",
    "QuestionKind",
]

LONGEST = 20_000
"""No answer is longer, in characters, and no draft of one."""
LONGEST_LINE = 300
"""How long the answer to a one-line question may be where the question does not say."""
MOST_QUESTIONS = 500
_MOST_NAME = 100

Answered = str | bool | Decimal | date | tuple[str, ...]
"""An answer as what it means: see :meth:`Question.meaning`."""


class QuestionKind(StrEnum):
    """What is asked for, and so what an answer has to be."""

    TEXT = "text"
    """One line."""
    LONG_TEXT = "long_text"
    """Several lines."""
    YES_NO = "yes_no"
    CHOICE = "choice"
    """One of ``options``."""
    SEVERAL = "several"
    """Any of ``options``."""
    NUMBER = "number"
    """Exact, with at most ``decimals`` digits after the point."""
    DATE = "date"
    EMAIL = "email"
    PHONE = "phone"
    SIGNATURE = "signature"
    """The client's name, typed by themselves."""
    CONSENT = "consent"
    """Agreement to one edition of a text: the answer is the edition (``edition``) that was shown."""


class FormState(StrEnum):
    """Where a form stands."""

    OPEN = "open"
    DRAFT = "draft"
    """Begun, and not sent in yet."""
    DONE = "done"
    WITHDRAWN = "withdrawn"
    """The business does not want it any more."""


_WITH_OPTIONS = (QuestionKind.CHOICE, QuestionKind.SEVERAL)


@frozen
class Condition:
    """A question is asked only where an earlier one (``name``) is answered with ``answer``: ``"yes"``, ``"no"``, or an
    option.
    """

    name: str = field(validator=text)
    answer: str = field(validator=text)


def _kind(value: QuestionKind | str) -> QuestionKind:
    return as_member(QuestionKind, value, "kind of question")


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise InvalidInput("Question.options are several texts, not one")
    return tuple(value)


def _name(instance: object, attribute: Any, value: Any) -> None:
    text(instance, attribute, value)
    if not 0 < len(value) <= _MOST_NAME:
        raise InvalidInput(f"Question.name is text of 1 to {_MOST_NAME} characters")


@frozen(kw_only=True)
class Question:
    """One question of a form.

    * ``name``: what answers are filed under; nobody reads it. ``label`` is the question, ``help`` what stands by it.
    * ``max_length``: of a text, in characters.
    * ``options``: of a choice, each said once; what is shown is what is answered.
    * ``decimals``, ``least``, ``most``: of a number. ``first_day``, ``last_day``: of a date. All inclusive.
    * ``edition``: of a consent, which wording is agreed to.
    * ``when``: it is asked only then; otherwise it is neither required nor kept.
    """

    name: str = field(validator=_name)
    label: str = field(validator=text)
    kind: QuestionKind = field(converter=_kind)
    required: bool = False
    help: str = field(default="", validator=text)
    max_length: int | None = field(default=None, validator=one_of(int, type(None)))
    options: tuple[str, ...] = field(default=(), converter=_texts)
    decimals: int = 0
    least: Decimal | None = field(default=None, validator=one_of(Decimal, type(None)))
    most: Decimal | None = field(default=None, validator=one_of(Decimal, type(None)))
    first_day: date | None = field(default=None, validator=day_or_none)
    last_day: date | None = field(default=None, validator=day_or_none)
    edition: str = field(default="", validator=text)
    when: Condition | None = field(default=None, validator=one_of(Condition, type(None)))

    def __attrs_post_init__(self) -> None:
        if (self.kind in _WITH_OPTIONS) != bool(self.options) or len(set(self.options)) != len(self.options):
            raise self._wrong("a choice has options, each once, and nothing else has any")
        if any(not option or option.startswith("[") for option in self.options):
            raise self._wrong("an option is not empty and does not begin with '[': that is how several are written")
        if (self.kind is QuestionKind.CONSENT) != bool(self.edition):
            raise self._wrong("a consent names the edition of what is agreed to, and nothing else does")
        if self.max_length is not None and not 0 < self.max_length <= LONGEST:
            raise self._wrong(f"max_length is 1 to {LONGEST}")
        if not 0 <= self.decimals <= 20:
            raise self._wrong("decimals is 0 to 20")

    def _wrong(self, why: str) -> InvalidInput:
        return InvalidInput(f"question {self.name!r}: {why}")

    @property
    def longest(self) -> int:
        """How many characters an answer may have."""
        if self.max_length is not None:
            return self.max_length
        one_line = (QuestionKind.TEXT, QuestionKind.SIGNATURE)
        return LONGEST_LINE if self.kind in one_line else LONGEST

    def meaning(self, answer: str) -> Answered:
        """What a stored answer means: a number is a ``Decimal``, a date a ``date``, several are a tuple of options."""
        match self.kind:
            case QuestionKind.YES_NO:
                return answer == "yes"
            case QuestionKind.NUMBER:
                return Decimal(answer)
            case QuestionKind.DATE:
                return date.fromisoformat(answer)
            case QuestionKind.SEVERAL:
                return tuple(json.loads(answer))
            case _:
                return answer


@frozen
class AnswerProblem:
    """What is wrong with one answer. ``code`` is one stable word, ``message`` says what would be right.

    Codes: ``missing``, ``unknown``, ``not_text``, ``not_storable``, ``too_long``, ``one_line``, ``not_yes_or_no``,
    ``not_an_option``, ``not_a_number``, ``too_many_decimals``, ``too_small``, ``too_large``, ``not_a_day``,
    ``too_early``, ``too_late``, ``not_an_email``, ``not_a_phone``, ``not_a_name``, ``another_edition``.
    """

    name: str
    code: str
    message: str


def _state(value: FormState | str) -> FormState:
    return as_member(FormState, value, "state of a form")


def _check_questions(_instance: object, _attribute: object, value: tuple[Question, ...]) -> None:
    if len(value) > MOST_QUESTIONS:
        raise InvalidInput(f"a form has at most {MOST_QUESTIONS} questions; this has {len(value)}")
    asked: dict[str, Question] = {}
    for one in value:
        if one.name in asked:
            raise InvalidInput(f"question {one.name!r} stands in the form twice")
        if one.when is not None:
            before = asked.get(one.when.name)
            known = _answers_of(before) if before is not None else ()
            if one.when.answer not in known:
                raise InvalidInput(
                    f"question {one.name!r} depends on an earlier yes/no question or choice and one of its answers; "
                    f"{one.when.name!r} = {one.when.answer!r} is none"
                )
        asked[one.name] = one


def _answers_of(question: Question) -> tuple[str, ...]:
    return ("yes", "no") if question.kind is QuestionKind.YES_NO else question.options


@frozen(kw_only=True)
class FormRequest(SectionItem):
    """One form, sent to one client: ``ref`` is the record that it was sent to, and that its answers are saved to.

    ``answers`` are by the names of the questions: of a draft as they were typed, once it is done as they are meant
    (:meth:`Question.meaning`). ``due`` is when the business would like to have it: it can be sent in later as well,
    until it is withdrawn.
    """

    title: str = field(validator=text)
    sent_at: datetime = field(converter=as_utc)
    due: datetime | None = field(default=None, converter=as_utc_or_none)
    state: FormState = field(default=FormState.OPEN, converter=_state)
    intro: str = field(default="", validator=text)
    questions: tuple[Question, ...] = field(default=(), converter=tuple[Question, ...], validator=_check_questions)
    answers: Mapping[str, str] = field(factory=dict[str, str], repr=False, hash=False)
    saved_at: datetime | None = field(default=None, converter=as_utc_or_none)

    @property
    def listed_by(self) -> str:
        """Latest sent first."""
        return sortable(self.sent_at)

    @property
    def counted_as(self) -> Counted:
        """A form."""
        return Counted(HoldingKind.FORM)

    @property
    def meanings(self) -> Mapping[str, Answered]:
        """The answers of a form that is done, as what they mean."""
        asked = {one.name: one for one in self.questions}
        return {name: asked[name].meaning(answer) for name, answer in self.answers.items() if name in asked}
