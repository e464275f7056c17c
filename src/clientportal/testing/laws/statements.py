"""The laws in words, the report of a check, and what is told where a law is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from clientportal.values import ClientRecord

__all__ = ["LAWS", "LAWS_OF_RULES", "Checked", "LawBroken", "law_in_words"]

LAWS: Mapping[int, str] = {
    1: "merging what is merged already changes nothing",
    2: "the order of the records does not matter; who survives is a separate, explicit choice",
    3: "it does not matter which records were merged first: any tree of merges gives the same client",
    4: "every value comes from one of the records and names it; what matched a part matches the whole",
    5: "ties are always broken, and always the same way",
    6: "a record whose field was never set has no say in it, and one whose field was cleared on purpose has",
    7: "appointments and belongings are neither lost nor doubled, or the plan says what is not taken over",
    8: "a merge that is undone leaves the host's rows and what the doors show as if it had never been made",
    9: "old ids lead to the client for ever, and never in a circle",
    10: "nothing crosses a tenant",
    11: "safety is monotone: more proof never opens less, what is not proved opens nothing, access is never joined",
    12: '"not a duplicate" and "not me" hold both ways and for whole groups: no third record joins the two',
    13: "merges of one group that are made at once come one after the other",
    14: "the preview is the result, on the same versions",
    15: "the whole report is the sum of its pages, and of its parts",
    16: "normalising what is normal changes nothing, and no spelling of a contact finds somebody else",
}
"""Number -> the law in words: what every merge keeps."""

LAWS_OF_RULES: Mapping[int, str] = {
    17: "time only closes: what is too late stays so, no fee falls, and a later appointment is not late sooner",
    18: "every no has words, for the client and for staff",
    19: "a policy that is written down and read again is the same policy",
    20: "likeness is a measure: from 0 to 1, the same both ways, and whole between a thing and itself",
    21: "the stricter word holds: no answer is looser than one of the settings it rests on",
}
"""The same for what surrounds merging: a business's policy, and a host's own comparisons."""


def law_in_words(law: int) -> str:
    """One law of :data:`LAWS` or :data:`LAWS_OF_RULES`.

    >>> law_in_words(10)
    'nothing crosses a tenant'
    """
    return LAWS[law] if law in LAWS else LAWS_OF_RULES[law]


class LawBroken(AssertionError):
    """A rule, a policy or a portal breaks a law. The text tells the smallest world found that shows it.

    ``law`` is its number; ``world`` the lines that tell the example: who there is, with which contacts, who was merged
    into whom, what was asked; ``found`` what was answered, against what the law demands. ``records`` are the client
    records of the example, where it consists of nothing else.
    """

    def __init__(self, law: int, world: Sequence[str], found: str, records: Sequence[ClientRecord] = ()) -> None:
        head = f"Law {law} is broken: {law_in_words(law)}. The smallest example found:"
        super().__init__("\n".join([head, *(f"  {line}" for line in world), found]))
        self.law = law
        self.world = tuple(world)
        self.found = found
        self.records = tuple(records)


@frozen
class Checked:
    """What a check went through without finding a law broken: for each law, on how many examples it was asked.

    An example that a law says nothing about (one record, where two are put in order) is not counted. Print it where
    pytest shows it (``pytest -s``); add several up to one.

    >>> print(Checked("our rule", {2: 200, 5: 180}) + Checked("our rule", {2: 100}))
    our rule:
      law 2: 300 examples (the order of the records does not matter; who survives is a separate, explicit choice)
      law 5: 180 examples (ties are always broken, and always the same way)
    """

    subject: str
    examples: Mapping[int, int] = field(factory=dict[int, int])

    def __add__(self, other: Checked) -> Checked:
        laws = sorted({*self.examples, *other.examples})
        subject = self.subject if self.subject == other.subject else f"{self.subject}, {other.subject}"
        return Checked(subject, {law: self.examples.get(law, 0) + other.examples.get(law, 0) for law in laws})

    def __str__(self) -> str:
        counts = {law: f"{count} example{'s' if count != 1 else ''}" for law, count in sorted(self.examples.items())}
        lines = (
            f"  law {law}: {told if self.examples[law] else 'not asked, for want of examples'} ({law_in_words(law)})"
            for law, told in counts.items()
        )
        return "\n".join([f"{self.subject}:", *lines])
