"""One normalised thing that two records may share: what the search for duplicates proposes pairs by."""

from __future__ import annotations

from attrs import field, frozen

from clientportal.values.contacts import ContactKey, ContactKind

__all__ = ["MatchKey"]

_ESCAPED = str.maketrans({"%": "%25", ":": "%3A"})


@frozen(order=True)
class MatchKey:
    """A contact, a birthday or a custom field in its normal form: ``kind`` is the fact that it stands for
    (``mobile``, ``phone``, ``email``, ``birthday``, ``custom.<field>``).

    Its text reads as a :class:`ContactKey`'s does, and is the same for a contact, so that one index holds both.
    """

    kind: str
    value: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind.translate(_ESCAPED)}:{self.value}"

    @property
    def contact(self) -> ContactKey | None:
        """The contact that it is, ``None`` for a birthday or a custom field."""
        return ContactKey(ContactKind(self.kind), self.value) if self.kind in tuple(ContactKind) else None

    @classmethod
    def of(cls, contact: ContactKey) -> MatchKey:
        """The key of a contact."""
        return cls(contact.kind.value, contact.value)

    @classmethod
    def parse(cls, text: str) -> MatchKey:
        """Read back what ``str`` wrote: of this key, or of a contact's."""
        kind, _, value = text.partition(":")
        return cls(kind.replace("%3A", ":").replace("%25", "%"), value)
