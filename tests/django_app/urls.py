"""The addresses of the project: the portal, the admin, and views of the salon's own."""

from __future__ import annotations

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import View

from clientportal.web.django import PortalClientRequiredMixin, portal, portal_client_required


def front(request: HttpRequest) -> HttpResponse:
    """A page for everybody, that greets a client by name."""
    client = request.portal_client
    return HttpResponse(f"Kia ora {client.profile().first_name}" if client else "Kia ora")


def plain(request: HttpRequest) -> HttpResponse:
    """A page that does not ask who comes."""
    return HttpResponse("about us")


@portal_client_required
def shop(request: HttpRequest) -> HttpResponse:
    """A page for clients alone."""
    return HttpResponse(f"shop of {request.portal_client.profile().first_name}")


@portal_client_required()
async def awaited_shop(request: HttpRequest) -> HttpResponse:
    """The same, awaited."""
    profile = await request.portal_client.awaited.profile()
    return HttpResponse(f"shop of {profile.first_name}, {await request.portal_client.asigned_in()}")


class Orders(PortalClientRequiredMixin, View):
    """A class-based page for clients alone."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Whose it is."""
        return HttpResponse(f"orders of {request.portal_client.profile().first_name}; {request.user.is_anonymous}")


class AwaitedOrders(PortalClientRequiredMixin, View):
    """The same, awaited."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Whose it is."""
        return HttpResponse(f"orders of {(await request.portal_client.awaited.profile()).first_name}")


def surrounded(request: HttpRequest) -> HttpResponse:
    """A view that asks for a code inside of a transaction: nobody may."""
    with transaction.atomic():
        portal().visitor("salon", source="192.0.2.7").request_code("027 555 0163")
    return HttpResponse("never")


urlpatterns = [
    path("portal/", include("clientportal.web.django.urls")),
    path("admin/", admin.site.urls),
    path("", front),
    path("plain/", plain),
    path("für-kunden/", shop),
    path("shop/", shop),
    path("awaited-shop/", awaited_shop),
    path("orders/", Orders.as_view()),
    path("awaited-orders/", AwaitedOrders.as_view()),
    path("surrounded/", surrounded),
]
