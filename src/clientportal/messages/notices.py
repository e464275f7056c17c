"""What a notice says: the platform's own words, or the catalogue's with the facts in them."""

from __future__ import annotations

from collections.abc import Mapping

from clientportal.messages.texts import Catalogue, clean
from clientportal.records import Notice
from clientportal.values.messages import readable

__all__ = ["worded"]


def worded(texts: Catalogue, notice: Notice, words: Mapping[str, str]) -> dict[str, str]:
    """Its ``title`` and ``text`` as they may be shown or mailed: plain text, the title one line.

    ``words`` are those that any text may use: ``business``, ``noun``, ``nouns``.
    """
    facts = {**words, **{name: clean(value) for name, value in notice.facts.items()}}
    name = f"notice.{notice.kind.value}"
    title = notice.title or texts.fill(f"{name}.title", facts)
    # A platform that wrote the title itself has said what there is to say.
    text = notice.text or ("" if notice.title else texts.fill(f"{name}.text", facts))
    return {"title": clean(title), "text": readable(text).strip()}
