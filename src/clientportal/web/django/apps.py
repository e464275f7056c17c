"""The Django app."""

from __future__ import annotations

from typing import Any, cast

from django.apps import AppConfig

__all__ = ["ClientPortalConfig"]


class ClientPortalConfig(AppConfig):
    """``"clientportal.web.django"`` in ``INSTALLED_APPS``."""

    name = "clientportal.web.django"
    label = "clientportal"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Client portal"

    def ready(self) -> None:
        # Django's own rule: neither models nor settings are read before the apps are there.
        from django.core.checks import register
        from django.test.signals import setting_changed

        from clientportal.web.django.checks import check_portal
        from clientportal.web.django.conf import forget

        register(check_portal, "clientportal")
        cast("Any", setting_changed).connect(forget, dispatch_uid="clientportal.conf")
