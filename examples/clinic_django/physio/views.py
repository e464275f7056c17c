"""Two pages of the clinic's own, which know who is logged in to the portal."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clientportal.web.django import portal_client_required

__all__ = ["exercises", "front_page"]


def front_page(request: HttpRequest) -> HttpResponse:
    """For everybody; whoever is logged in to the portal is told when they come next."""
    client = request.portal_client
    upcoming = client.appointments(limit=1).items if client else ()
    return render(request, "physio/front_page.html", {"client": client, "next": upcoming[0] if upcoming else None})


@portal_client_required
def exercises(request: HttpRequest) -> HttpResponse:
    """For clients alone."""
    return render(request, "physio/exercises.html", {"name": request.portal_client.profile().first_name})
