"""What is refused when a portal is built, rather than at three in the morning."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from clientportal.errors import InvalidInput, MissingCapability, PolicyError
from clientportal.operations.observing import Observing
from clientportal.policy import Delivery, NameComparison, Policy, UnknownIdentity
from clientportal.policy.merging import MERGED_FIELDS, is_merged_field
from clientportal.policy.portal import DASHBOARD
from clientportal.ports import AsyncSender, Capabilities, Channel, HostAdapter, Sender
from clientportal.ports.budgets import AsyncBudgets, Budgets
from clientportal.ports.observing import Observer
from clientportal.ports.section import Section
from clientportal.rules.evidence import Alike
from clientportal.rules.surviving import SurvivorshipRule
from clientportal.sections import SECTIONS, STANDING
from clientportal.similar_names import similar_names
from clientportal.values import SectionItem
from clientportal.values.sections import SECTION_NAME

__all__ = [
    "check_base_url",
    "check_budgets",
    "check_cap",
    "check_names_alike",
    "check_observers",
    "check_policy",
    "check_sections",
    "check_senders",
    "check_survivorship",
    "check_tenant",
    "checked_policies",
    "is_tenant",
]


def check_tenant(tenant: str) -> str:
    """A business is named by 1 to 200 characters without NUL and lone surrogates."""
    if not isinstance(cast("object", tenant), str) or not is_tenant(tenant):
        raise InvalidInput("a business is named by text of 1 to 200 characters, without NUL and lone surrogates")
    return tenant


def is_tenant(text: str) -> bool:
    """Whether a business can be named like that: text that every database takes."""
    return 0 < len(text) <= 200 and not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


def check_base_url(url: str) -> str:
    """Links are made from this address and from nothing in a request (V3.7.2)."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or not (parts.scheme == "https" or here) or not url.isprintable() or " " in url:
        raise InvalidInput("base_url begins with https:// (or http://localhost for trying things out)")
    if not url.endswith(("/", "=", "#")):
        raise InvalidInput("base_url ends with '/' (or '=', or '#'): the link is appended to it as it stands")
    return url


def check_senders(senders: Mapping[Channel, Sender | AsyncSender], *, loop: bool) -> None:
    """An async sender needs AsyncPortal; nothing would run it here."""
    for channel, sender in senders.items():
        if not loop and inspect.iscoroutinefunction(sender.send):
            raise InvalidInput(f"the sender for {channel.value} is async: use AsyncPortal, or a plain sender")


def check_budgets(budgets: Budgets | AsyncBudgets | None, *, loop: bool) -> Budgets | AsyncBudgets | None:
    """Of the portal's colour: a plain one would hold the event loop up, an async one has none here."""
    spend = getattr(budgets, "spend", None)
    if budgets is not None and not callable(spend):
        raise InvalidInput("budgets is where sending is counted, such as RedisBudgets(client); None is the store")
    if budgets is not None and inspect.iscoroutinefunction(spend) is not loop:
        said = "awaited: AsyncRedisBudgets(client)" if loop else "plain: RedisBudgets(client)"
        raise InvalidInput(f"the budgets of this portal are {said}")
    return budgets


def check_cap(at_most: int | None) -> int | None:
    """A cap that lets nothing through would be found at the first login."""
    if at_most is not None and (not isinstance(cast("object", at_most), int) or at_most < 1):
        raise InvalidInput("sends_per_hour is a whole number from 1, or None for no cap over all businesses")
    return at_most


def check_survivorship(given: Mapping[str, SurvivorshipRule] | None) -> dict[str, SurvivorshipRule]:
    """A platform's own rules: each for a field that there is, a plain function, with a name that the journal can keep:
    a group that was merged under it is decided by it for as long as it has that name.
    """
    if not isinstance(cast("object", given), Mapping | None):
        raise InvalidInput("survivorship is a mapping from field to your rule: {'last_name': longest_name}")
    rules = dict(given or {})
    for name, rule in rules.items():
        if not isinstance(cast("object", name), str) or not is_merged_field(name):
            raise InvalidInput(
                f"survivorship: there is no field {name!r}; choose from {', '.join(MERGED_FIELDS)}, custom.<field>"
            )
        if not callable(cast("object", rule)) or inspect.iscoroutinefunction(rule):
            raise InvalidInput(f"survivorship[{name!r}] is a plain function of (field, records); it reads nothing")
        if not str(getattr(rule, "__name__", "")).isidentifier():
            raise InvalidInput(
                f"survivorship[{name!r}] has no name, and the journal of a merge keeps it: write it with def"
            )
    return rules


def check_names_alike(own: Alike | None) -> Alike | None:
    """A host's own comparison of names is asked inside a rule, many times over: it can wait for nothing."""
    if own is not None and (not callable(cast("object", own)) or inspect.iscoroutinefunction(own)):
        raise InvalidInput("names_alike is a plain function of two names that says how alike they are, from 0 to 1")
    return own


def check_sections(host: HostAdapter) -> Mapping[str, tuple[str, ...]]:
    """A host's sections, by name, with what can be done in them: each once, each a word that policy, menu and address
    can use.
    """
    names: dict[str, tuple[str, ...]] = {}
    for kind in cast("tuple[type[Section[Any]], ...]", getattr(host, "sections", ())):
        name = getattr(kind, "name", None)
        if not isinstance(name, str) or not SECTION_NAME.fullmatch(name):
            raise InvalidInput(
                f"{kind.__name__}.name is a word of a-z and _, of at most 40 characters; this is {name!r}"
            )
        if name in names or name in STANDING or name == DASHBOARD:
            raise InvalidInput(f"{kind.__name__}: there is a section {name!r} already")
        item = getattr(kind, "item", None)
        if not isinstance(item, type) or not issubclass(item, SectionItem):
            raise InvalidInput(f"{kind.__name__}.item is a subclass of SectionItem")
        for action in kind.actions:
            if not isinstance(cast("object", action), str) or not SECTION_NAME.fullmatch(action):
                raise InvalidInput(f"{kind.__name__}.actions are words of a-z and _; this is {action!r}")
        strangers = sorted({*kind.begins, *kind.asks} - {*kind.actions})
        if strangers:
            raise InvalidInput(f"{kind.__name__}.begins and .asks name actions of its own; {strangers[0]!r} is none")
        names[name] = tuple(kind.actions)
    return names


def check_policy(
    policy: Policy,
    capabilities: Capabilities,
    senders: Mapping[Channel, Sender | AsyncSender],
    base_url: str,
    own_names: bool = False,
    own_sections: Mapping[str, tuple[str, ...]] | None = None,
    languages: Collection[str] = ("en",),
) -> Policy:
    """Refuse a policy that this host, these senders or this version cannot carry out; the message names both sides."""

    def need(has: bool, capability: str, setting: str) -> None:
        if not has:
            raise MissingCapability(
                f"{setting} needs the host capability {capability!r}, which the host does not declare: implement it "
                "and declare it in Capabilities, or change the setting",
                (setting.partition(" ")[0],),
                capability,
            )

    if policy.matching.names is NameComparison.SIMILAR and not own_names:
        similar_names()
    if policy.portal.notices_by_email and Channel.EMAIL not in senders:
        raise PolicyError(
            "portal.notices_by_email = true needs a sender for email: pass senders={Channel.EMAIL: …}",
            ("portal.notices_by_email", "senders.email"),
        )
    if policy.registration.accounts and Channel.EMAIL not in senders:
        raise PolicyError(
            "registration.accounts = true needs a sender for email, which proves addresses and resets passwords: pass "
            "senders={Channel.EMAIL: …}",
            ("registration.accounts", "senders.email"),
        )
    if policy.registration.accounts and not base_url:
        raise PolicyError(
            "registration.accounts = true mails links, which need an address to begin with: pass "
            "base_url='https://…/', where your pages for them are",
            ("registration.accounts", "base_url"),
        )
    _check_portal(policy, own_sections or {}, languages)
    if policy.login.unknown is UnknownIdentity.CREATE_EMPTY:
        need(capabilities.create_client, "create_client", "login.unknown = 'create_empty'")
    if policy.changes.enabled:
        # One of the two will do: the other is then refused as not changeable, with the platform's "no" for staff.
        moves = capabilities.move and capabilities.slots
        need(capabilities.cancel or moves, "cancel, or move and slots", "changes.enabled = true")
    if policy.changes.rebooking:
        need(capabilities.book and capabilities.slots, "book and slots", "changes.rebooking = true")
    if policy.merging.reassign:
        need(capabilities.reassign, "reassign", "merging.reassign = true")
    if policy.login.recycled_after is not None and Channel.EMAIL not in senders:
        raise PolicyError(
            "login.recycled_after asks for second proofs, which go by email as well: pass senders={Channel.EMAIL: …}",
            ("login.recycled_after", "senders.email"),
        )
    ways = {
        Delivery.NONE: (),
        Delivery.SMS: (Channel.SMS,),
        Delivery.EMAIL: (Channel.EMAIL,),
        Delivery.SMS_ELSE_EMAIL: (Channel.SMS, Channel.EMAIL),
    }
    for channel in ways[policy.login.delivery]:
        if channel not in senders:
            raise PolicyError(
                f"login.delivery = '{policy.login.delivery.value}' needs a sender for {channel.value}: pass "
                f"senders={{Channel.{channel.name}: …}}",
                ("login.delivery", f"senders.{channel.value}"),
            )
    return policy


def _check_portal(policy: Policy, own_sections: Mapping[str, tuple[str, ...]], languages: Collection[str]) -> None:
    """Names that nobody knows are mistakes. A shipped section that this host has no class for is only absent."""
    shipped = {name: kind.actions for name, kind in SECTIONS.items()}
    # A host's subclass may do less than the port that it implements; naming what it cannot do is no mistake.
    known = {name: {*own_sections.get(name, ()), *shipped.get(name, ())} for name in {*own_sections, *shipped}}
    known |= {name: set(can) for name, can in STANDING.items()}
    named = {
        "visibility.sections": policy.visibility.sections,
        "portal.menu": tuple(name for name in policy.portal.menu if name != DASHBOARD),
        "franchise.shares": sorted(policy.franchise.shares),
        "portal.calls_to_action": tuple(one.section for one in policy.portal.calls_to_action if one.section),
    }
    for setting, sections in named.items():
        for section in sections:
            if section not in known:
                raise PolicyError(
                    f"{setting}: there is no section {section!r}; there are {', '.join(sorted(known))}", (setting,)
                )
    calls = [one.action for one in policy.portal.calls_to_action if one.action is not None and "." in one.action]
    for setting, actions in (("portal.actions", policy.portal.actions or ()), ("portal.calls_to_action", calls)):
        for name in sorted(actions):
            section, _, action = name.partition(".")
            if action not in known.get(section, ()):
                there = sorted(f"{one}.{can}" for one, all_of_it in known.items() for can in all_of_it)
                raise PolicyError(f"{setting}: there is no action {name!r}; there are {', '.join(there)}", (setting,))
    for language in policy.portal.offered:
        if language not in languages:
            setting = "portal.language" if language == policy.portal.language else "portal.languages"
            raise PolicyError(
                f"{setting}: there are no texts in {language!r}; there are {', '.join(sorted(languages))}: pass "
                "texts=Catalogue(languages={…}) with your own",
                (setting, "texts"),
            )


def checked_policies(
    policy: Policy | Callable[[str], Policy],
    capabilities: Capabilities,
    senders: Mapping[Channel, Sender | AsyncSender],
    base_url: str,
    own_names: bool = False,
    own_sections: Mapping[str, tuple[str, ...]] | None = None,
    languages: Collection[str] = ("en",),
) -> Callable[[str], Policy]:
    """The policy of each business: one for all, checked now; or looked up, each checked when it is first seen."""
    if isinstance(policy, Policy):
        check_policy(policy, capabilities, senders, base_url, own_names, own_sections, languages)
        return lambda _tenant: policy
    look_up = policy
    seen: dict[str, Policy] = {}

    def policy_of(tenant: str) -> Policy:
        found = look_up(tenant)
        if seen.get(tenant) is not found:
            seen[tenant] = check_policy(found, capabilities, senders, base_url, own_names, own_sections, languages)
        return found

    return policy_of


def check_observers(given: Observer | Sequence[Observer] | None) -> Observing:
    """None, one, or several: each a subclass of :class:`~clientportal.ports.observing.Observer`."""
    several = isinstance(given, Sequence) and not isinstance(cast("object", given), str)
    observers = () if given is None else tuple(cast("Sequence[Observer]", given)) if several else (given,)
    for one in observers:
        if not isinstance(cast("object", one), Observer):
            raise InvalidInput("observer is an Observer, such as LoggingObserver(), or several of them")
    return Observing(cast("tuple[Observer, ...]", observers))
