"""Which messages does a client want, and may this one be sent? (M11)

The attacks and the accidents:

* Somebody who has an open browser turns everything off, so that the owner hears of nothing that follows. So whatever
  guards the account is sent always, and no preference is asked: codes, resets, security notices.
* Somebody forwards a mailing, or a scanner opens every link in it. So looking at the link changes nothing, the link
  can only turn off what it came with, and shows nobody's name.
* A merge joins a record that wants no advertising with one that does, and the client gets what they had refused. So the
  strictest answer of all records holds (law 11); a record that was never asked has no say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clientportal.records import MessageKind
from clientportal.values import RecordRef
from clientportal.values.channels import Channel
from clientportal.values.preferences import Category, Preference, Preferences

__all__ = ["ALWAYS", "CHOSEN", "UNSUBSCRIBE", "may_send", "put_together", "read_unsubscribe"]

UNSUBSCRIBE = "unsubscribe"
"""What a link in a mailing is signed for."""

CHOSEN: Mapping[MessageKind, Category] = {MessageKind.NOTICE: Category.TRANSACTIONAL}
"""The portal's own messages that a client can turn off, each with its category."""

ALWAYS = frozenset(MessageKind) - frozenset(CHOSEN)
"""Those that are always sent: codes, links that were asked for, resets, security notices. An appointment's link is one:
staff send it to whoever has just asked for it."""


def may_send(message: MessageKind | Category, channel: Channel, preferences: Preferences) -> bool:
    """May this message go by this channel?

    ``message`` is one of the portal's own kinds, or the category of a platform's own message. A kind that is not named
    among those that a client can turn off is sent: a notice too many is a nuisance, a reset too few locks somebody out.
    """
    category = message if isinstance(message, Category) else CHOSEN.get(message)
    return category is None or preferences.allows(category, channel)


def put_together(chosen: Iterable[Preference]) -> Preferences:
    """What holds for one person, from everything that their records have chosen: one "off" is "off", whoever said "on"
    later.
    """
    said: dict[str, bool] = {}
    for one in chosen:
        name = f"{one.category.value}_{one.channel.value}"
        said[name] = one.on and said.get(name, True)
    return Preferences(**said)


def read_unsubscribe(claims: Mapping[str, str | int] | None, tenant: str) -> tuple[RecordRef, Category, Channel] | None:
    """Whose messages a signed link turns off, which, and by which channel; ``None`` for what is no link of this
    business. It has no end: a mailing lies in a mailbox for years, and what it turns off is only ever off.
    """
    if claims is None or claims.get("t") != tenant:
        return None
    return RecordRef.parse(str(claims["r"])), Category(str(claims["c"])), Channel(str(claims["h"]))
