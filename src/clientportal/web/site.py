"""What all visits share: the routes, the templates, the addresses that are ours."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined

from clientportal.errors import InvalidInput
from clientportal.keyring import tenant_of
from clientportal.messages.terms import words_of
from clientportal.operations.setting import address_at
from clientportal.policy import Policy
from clientportal.rules.who_may_manage import Permission
from clientportal.values import Business, Secret
from clientportal.web.cookies import Jar
from clientportal.web.forms import Form
from clientportal.web.languages import Words, catalogue_of, zone_name
from clientportal.web.messages import Request, Response
from clientportal.web.protection import check_origins, origin_of, page_headers
from clientportal.web.routing import Kind, Needs, Table, path_of
from clientportal.web.words import CATALOGUES

if TYPE_CHECKING:
    from clientportal.operations.setting import Setup
    from clientportal.web.visits import Visit

__all__ = ["WIDGET", "Site", "Templates", "bearer_of"]

WIDGET = "/widget"
_LONGEST_NEXT = 500
_OWN_SECTION = re.compile(r"section(\.[a-z][a-z0-9_]*){1,4}")
"""The texts of a platform's own section: its name, its fields, their values, its actions."""
_STATIC = Path(__file__).parent / "static"

Templates = str | Path | Sequence[str | Path]
"""A folder of templates, or several: the first that has a template is asked for it."""


class Site:
    """One installation of the pages."""

    def __init__(
        self,
        setup: Setup,
        table: Table,
        *,
        base_url: str,
        templates: Templates | None,
        widget_origins: tuple[str, ...],
        plain: bool = False,
        documents: Mapping[str, str] | None = None,
        words: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        if not base_url:
            raise InvalidInput(
                "the pages need an address of their own: pass base_url='https://…/' to the portal, or here"
            )
        self.setup = setup
        self.plain = plain
        self.table = table
        self._base_url = base_url
        self.https = base_url.startswith("https://")
        self.widget_origins = check_origins(widget_origins)
        if self.widget_origins and not self.https:
            raise InvalidInput("widget_origins needs base_url to be https: a cookie inside a frame must be Secure")
        self.documents = _addresses(documents or {})
        self.words = _known_texts(words or {})
        self._templates = _environment(templates)
        self.css = (_STATIC / "portal.css").read_bytes()
        self.css_version = hashlib.sha256(self.css).hexdigest()[:12]

    # --- addresses

    def origin(self, tenant: str, branch: str = "") -> str:
        """Where a business's pages are: scheme, host and port."""
        return origin_of(address_at(self._base_url, tenant, branch))

    def entry_of(self, request: Request) -> str:
        """By which of the two entries a request comes (M1)."""
        return WIDGET if request.path == WIDGET or request.path.startswith(f"{WIDGET}/") else ""

    def path_below(self, request: Request) -> str:
        """The path below the mount and the entry: the same pages answer in both."""
        return request.path.removeprefix(self.entry_of(request)) or "/"

    def jar_of(self, request: Request, tenant: str, branch: str = "") -> Jar:
        """The cookies of a business, through the entry that a request comes by."""
        framed = bool(self.widget_origins) and self.entry_of(request) == WIDGET
        return Jar(tenant, self.https, framed=framed, branch=branch)

    def own_page(self, address: str | None) -> str | None:
        """The same address, where it is one of our own pages for clients; ``None`` for everything else.

        The attack: ``?next=//evil.example`` after a login that looks right (an open redirect). So what is not exactly a
        path that the routes know, with a plain query, leads nowhere: no second slash, no backslash, no scheme, nothing
        that some browser reads in another way than we do.
        """
        if not address or len(address) > _LONGEST_NEXT or not address.isascii() or not address.isprintable():
            return None
        if not address.startswith("/") or address.startswith("//") or any(c in address for c in "\\ #@\"'<>"):
            return None
        path, _, query = address.partition("?")
        if unquote(path) != path or ":" in path:
            return None
        found = self.table.find("GET", path)
        if found is None or found.route.needs is not Needs.SESSION or found.route.kind is not Kind.PAGE:
            return None
        return f"{path}?{query}" if query else path

    def token_of(self, request: Request, kind: Kind, jar: Jar) -> Secret | None:
        """The session's token: from the cookie; for JSON, from ``Authorization: Bearer`` where there is one."""
        bearer = bearer_of(request) if kind is Kind.JSON else None
        if bearer is None:
            return jar.token(request)
        # As with cookies: one that names another business is none here, whatever it opens there.
        return bearer if tenant_of(bearer.reveal()) == jar.business else None

    # --- pages

    def headers(self, visit: Visit | None, entry: str = "") -> Mapping[str, str]:
        """The protecting headers of a page."""
        return page_headers(
            https=self.https,
            framed_by=self.widget_origins if entry == WIDGET else (),
            images=() if visit is None else visit.theme.images,
        )

    def render(
        self, visit: Visit, template: str | tuple[str, ...], status: int, values: Mapping[str, object]
    ) -> Response:
        """A template with what every one of them has at hand (see docs/howto/web.md), and the page's own values; of
        several the first that there is.
        """
        names = [template] if isinstance(template, str) else list(template)
        words = visit.words
        notice = visit.jar.read(visit.request, "notice")
        if notice is not None:
            visit.set_cookie(visit.jar.drop("notice"))
        shared: dict[str, Any] = {
            "t": words,
            "url": visit.url,
            "path_of": path_of,
            "moment": words.moment,
            "day": words.day,
            "time": words.time,
            "zone_name": zone_name,
            "money": words.money,
            "business": visit.business,
            "theme": visit.theme,
            "language": words.language,
            "languages": self.languages_of(visit),
            "menu": visit.menu,
            "signed_in": visit.signed_in,
            "may_payments": visit.identity is not None and Permission.PAYMENTS in visit.identity.permissions,
            "staff_name": None if visit.identity is None else visit.identity.actor,
            "notice": words(notice) if notice is not None and words.has(notice) else None,
            "form": visit.form if visit.request.method == "POST" else Form(),
            "form_token": lambda: visit.form_token,
            "once": lambda: secrets.token_urlsafe(18),
            "stylesheet": visit.url(f"/static/portal-{self.css_version}.css"),
            "theme_sheet": visit.url(f"/static/theme-{visit.theme.version}.css"),
            "icon": visit.url(f"/static/icon-{visit.theme.version}.svg"),
            "here": self.own_page(visit.here),
        }
        text = self._templates.select_template(names).render({**shared, **values})
        return Response(status=status, headers={"content-type": "text/html; charset=utf-8"}, body=text.encode())

    def languages_of(self, visit: Visit) -> tuple[str, ...]:
        """The languages that the business offers and that the pages have texts for, its own first."""
        return self.offered(visit.policy)

    def offered(self, policy: Policy) -> tuple[str, ...]:
        """The same for a policy; English where there are texts for none of its languages."""
        known = (one for one in policy.portal.offered if one in self.words or catalogue_of(one) is not None)
        return tuple(known) or ("en",)

    def words_for(self, language: str, business: Business, policy: Policy) -> Words:
        """The texts of a language, in a business's terms."""
        terms = words_of(policy, language)
        texts = (
            self.setup.texts.speaking(language, terms) if language in self.setup.texts.languages else self.setup.texts
        )
        facts = {**terms, "business": business.name}
        own = self.words.get(language, {})
        spoken = Words(language, texts, facts, own)
        # One appointment of a client's own is a "booking" in these texts, unless the business has a word for it.
        for name, term in (("booking", "appointment"), ("bookings", "appointments")):
            facts[name] = policy.portal.word(term, language) or spoken(f"term.{name}")
        return spoken


def bearer_of(request: Request) -> Secret | None:
    """The token of an ``Authorization`` header. No browser sends one by itself, so no other site can."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Secret(token.strip()) if scheme.lower() == "bearer" and token.strip() else None


def _addresses(documents: Mapping[str, str]) -> dict[str, str]:
    for name, address in documents.items():
        if not address.startswith(("https://", "http://localhost", "/")) or address.startswith("//"):
            raise InvalidInput(f"documents[{name!r}] is an address, which begins with https:// or '/'")
    return dict(documents)


def _known_texts(words: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """The host's own texts: a key that nothing asks for is a mistake, and a whole language has no gaps."""
    for language, texts in words.items():
        for key in texts:
            if key not in CATALOGUES["en"] and not _OWN_SECTION.fullmatch(key):
                raise InvalidInput(
                    f"words[{language!r}]: there is no text {key!r}; see clientportal.web.words.CATALOGUES"
                )
        missing = set(CATALOGUES["en"]) - set(texts) if catalogue_of(language) is None else set[str]()
        if missing:
            raise InvalidInput(f"words[{language!r}] lacks {len(missing)} texts, such as {min(missing)!r}")
    return {language: dict(texts) for language, texts in words.items()}


def _environment(templates: Templates | None) -> Environment:
    """The templates: the host's first, one by one, then the package's."""
    folders = [templates] if isinstance(templates, str | Path) else templates or ()
    own = [FileSystemLoader(_folder(folder)) for folder in folders]
    environment = Environment(
        loader=ChoiceLoader([*own, PackageLoader("clientportal.web")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["urlize.rel"] = "noopener noreferrer"
    return environment


def _folder(folder: str | Path) -> Path:
    found = Path(folder)
    if not found.is_dir():
        raise InvalidInput(f"templates: there is no folder {str(found)!r}")
    return found
