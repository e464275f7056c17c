"""The words of a message, at the moment in which it leaves: what is secret in it is derived now, and stored nowhere."""

from __future__ import annotations

from attrs import frozen

from clientportal.messages.notices import worded
from clientportal.messages.texts import clean
from clientportal.operations.setting import Setup
from clientportal.ports import Channel
from clientportal.records import Challenge, MailedLink, MessageKind, Notice, OutboxMessage
from clientportal.rules.links import APPOINTMENT_LINK
from clientportal.rules.mailed_links import MAILED_LINK, life_of, mailed_claims
from clientportal.rules.own_details import CONTACT_LINK
from clientportal.rules.whom_to_tell import Tell

__all__ = ["Taken", "texts_of"]


@frozen
class Taken:
    """A message on its way out, or why it is not."""

    message: OutboxMessage
    tell: Tell | None
    business: str
    challenge: Challenge | None
    link: MailedLink | None = None
    notice: Notice | None = None


def texts_of(setup: Setup, tenant: str, taken: Taken, channel: Channel) -> tuple[str, str] | None:
    """Subject and text, with what is derived at this moment: the code, the link. ``None`` where the key is gone."""
    message, policy = taken.message, setup.policy_here(tenant)
    texts = setup.texts_for(policy, message.language)
    facts = {"business": clean(taken.business)}
    if taken.challenge is not None:
        challenge = taken.challenge
        code = setup.keys.code(
            challenge.key_id,
            tenant,
            challenge.purpose.value,
            challenge.identity,
            challenge.id,
            message.send_number,
            policy.login.code_digits,
        )
        if code is None:
            return None
        facts["code"] = code.reveal()
        facts["minutes"] = str(int(policy.login.code_life.total_seconds() // 60))
    if taken.link is not None:
        mailed = taken.link
        if not setup.keys.knows(mailed.key_id):
            return None
        text = setup.keys.sign(MAILED_LINK, tenant, mailed_claims(mailed), mailed.key_id)
        # The purpose stands in the address so that a host can route by it; what counts is the signed one.
        facts["link"] = f"{setup.address_of(tenant)}{mailed.purpose.value}/{text.reveal()}"
        facts["minutes"] = str(int(life_of(mailed.purpose, policy).total_seconds() // 60))
    if message.kind is MessageKind.APPOINTMENT_LINK:
        claims: dict[str, str | int] = {name: message.facts[name] for name in ("a", "v", "c", "i")}
        claims["e"] = int(message.facts["e"])
        if not setup.keys.knows(message.facts["key"]):
            return None
        link = setup.keys.sign(APPOINTMENT_LINK, tenant, claims, message.facts["key"])
        facts["link"] = f"{setup.address_of(tenant)}{link.reveal()}"
    if message.kind is MessageKind.CONTACT_CHANGED:
        if not setup.keys.knows(message.facts["key"]):
            return None
        told: dict[str, str | int] = {"i": message.facts["change"], "e": int(message.facts["until"])}
        back = setup.keys.sign(CONTACT_LINK, tenant, told, message.facts["key"])
        facts["link"] = f"{setup.address_of(tenant)}contact/{back.reveal()}"
    if taken.notice is not None:
        facts |= worded(texts, taken.notice, facts)
    kind = message.kind if taken.tell is None or taken.tell.instead is None else taken.tell.instead
    name = f"message.{kind.value}.{channel.value}"
    subject = texts.fill(f"{name}.subject", facts) if channel is Channel.EMAIL else ""
    return subject, texts.fill(f"{name}.text", facts)
