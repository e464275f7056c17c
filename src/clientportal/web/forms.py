"""What was typed into a form, and what is wrong with it: for showing the form again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, field, frozen

from clientportal.decisions import Reason

__all__ = ["Form"]

_LONGEST = 10_000


@frozen
class Form:
    """The texts by field, the errors by field, and an alert that is about the whole.

    Nothing secret is shown again: a password field of a template never takes a value from here.
    """

    typed: Mapping[str, str] = field(factory=dict[str, str], repr=False)
    errors: Mapping[str, str] = field(factory=dict[str, str])
    about_all: str = ""
    reason: Reason | None = None

    def __getitem__(self, name: str) -> str:
        return self.typed.get(name, "")

    def text(self, name: str) -> str:
        """What was typed, without space around it; ``""`` where nothing was."""
        return self.typed.get(name, "").strip()[:_LONGEST]

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return name in self.typed

    def wrong(self, name: str, text: str) -> Form:
        """With one more field that is wrong, and why."""
        return evolve(self, errors={**self.errors, name: text})

    def alert(self, text: str, reason: Reason | None = None) -> Form:
        """With something that is about the whole form."""
        return evolve(self, about_all=text, reason=reason)

    def filled(self, values: Mapping[str, str | None]) -> Form:
        """With what the fields start with where nothing was typed yet."""
        return evolve(self, typed={**{name: text for name, text in values.items() if text}, **self.typed})

    def required(self, names: Iterable[str], text: str) -> Form:
        """With an error at each of these that is empty."""
        missing = {name: text for name in names if not self.text(name)}
        return evolve(self, errors={**self.errors, **missing})

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.errors and not self.about_all
