"""A project's own templates for the portal's pages, and a Django template inside one of them.

The pages are Jinja2; a project's base template is usually Django's. So a page of the portal can hand its content to a
Django template, which extends whatever it likes::

    {# templates/clientportal/layout.html #}
    {% set content %}{% block content %}{% endblock %}{% endset %}
    {{ django("salon/portal.html", title=business.name, content=content) }}

    {# templates/salon/portal.html #}
    {% extends "base.html" %}{% block content %}{{ content }}{% endblock %}
"""

from __future__ import annotations

from contextvars import ContextVar
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.template import engines
from django.template.loader import render_to_string
from markupsafe import Markup

__all__ = ["CURRENT", "django_template", "template_folders"]

FOLDER = "clientportal"
"""Where in a project's template folders the portal's pages are looked for."""

CURRENT: ContextVar[HttpRequest | None] = ContextVar("clientportal_request", default=None)
"""The request whose page is being made: a Django template wants it for its context processors."""


def template_folders() -> tuple[Path, ...]:
    """The folders ``clientportal`` of every folder that Django looks for templates in, in its order."""
    roots = [Path(root) for engine in engines.all() for root in getattr(engine, "template_dirs", ())]
    return tuple(dict.fromkeys(root / FOLDER for root in roots if (root / FOLDER).is_dir()))


def django_template(name: str, **values: Any) -> Markup:
    """A Django template, for use inside a page: escaped by its own rules, so not once more by the page's."""
    return Markup(render_to_string(name, values, CURRENT.get()))  # noqa: S704
