"""``path("portal/", include("clientportal.web.django.urls"))``: every page of the portal.

``reverse("clientportal:page", kwargs={"rest": "sign-in"})`` is the address of one.
"""

from __future__ import annotations

from django.urls import re_path

from clientportal.web.django.views import portal_pages

__all__ = ["app_name", "urlpatterns"]

app_name = "clientportal"
urlpatterns = [re_path(r"^(?P<rest>.*)$", portal_pages, name="page")]
