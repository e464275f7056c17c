"""The clinic's own page, the portal's, and the admin's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from physio.views import exercises, front_page

urlpatterns = [
    path("", front_page),
    path("exercises/", exercises),
    path("portal/", include("clientportal.web.django.urls")),
    path("admin/", admin.site.urls),
]
