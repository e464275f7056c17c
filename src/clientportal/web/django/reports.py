"""What Django may tell of a request to the portal when something fails: in its log, and in the mail to ``ADMINS``.

A page that fails is an error in Django's log, and the handler that every new project has mails it, with each field of
the form and each cookie: a password, a code and a session's token lie in a mailbox then. The path of each refused
request goes into the log as well, and a link in a mail is its own proof. So the portal's pages are logged without
either, and no report has the portal's cookies.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.debug import SafeExceptionReporterFilter, get_default_exception_reporter_filter

__all__ = ["hide_cookies", "hide_everything", "log_without_address"]

_log = logging.getLogger("django.request")
_PORTAL = ("portal-", "widget-")
"""What the names of the portal's cookies begin with (``web/cookies.py``)."""
_HIDDEN = "********************"
_MADE: dict[tuple[type[Any], type[Any]], type[Any]] = {}
"""Ours in front of each filter of a project's: a class is made once, not for each request."""

if TYPE_CHECKING:
    _Filter = SafeExceptionReporterFilter
else:
    _Filter = object


class _Cookies(_Filter):
    """In front of the project's own filter: the portal's cookies are for nobody to read."""

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        safe = cast("dict[str, Any]", cast("Any", super()).get_safe_cookies(request))
        return {name: self._masked(name, value) for name, value in safe.items()}

    def _masked(self, name: str, value: Any) -> Any:
        return _HIDDEN if name.removeprefix("__Host-").startswith(_PORTAL) else value


class _Everything(_Cookies):
    """Whatever was sent to the portal's own pages."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if request is None else dict.fromkeys(map(str, request.POST), _HIDDEN)

    def _masked(self, name: str, value: Any) -> Any:
        return _HIDDEN


def hide_cookies(request: HttpRequest) -> None:
    """Whatever fails on this request, no report of Django's has the portal's cookies in it."""
    _hide(request, _Cookies)


def hide_everything(request: HttpRequest) -> None:
    """Nor anything that was typed."""
    _hide(request, _Everything)


def _hide(request: HttpRequest, ours: type[Any]) -> None:
    before = getattr(request, "exception_reporter_filter", None) or get_default_exception_reporter_filter()
    kind: Any = cast("Any", before).__class__
    made = _MADE.get((ours, kind))
    if made is None:
        made = kind if issubclass(kind, ours) else type(kind.__name__, (ours, kind), {})
        _MADE[ours, kind] = made
    cast("Any", request).exception_reporter_filter = made()


def log_without_address(response: HttpResponseBase, mount: str) -> None:
    """Log a refusal or a failure as Django does, without the request: where the pages are is all of its address."""
    if response.status_code >= 400:
        level = logging.ERROR if response.status_code >= 500 else logging.WARNING
        _log.log(level, "%s: %s", response.reason_phrase, mount, extra={"status_code": response.status_code})
    # What Django itself asks before it logs a response.
    setattr(response, "_has_been_logged", True)  # noqa: B010
