"""The portal as a Django app (extra ``django``).

::

    INSTALLED_APPS = [..., "clientportal.web.django"]
    MIDDLEWARE = [..., "clientportal.web.django.middleware.PortalClientMiddleware"]
    CLIENTPORTAL = {"host": "salon.portal.SalonHost", "policy": "timely", "business": "salon", "keys": ...}

    urlpatterns = [path("portal/", include("clientportal.web.django.urls"))]

Every setting, the admin, the commands and how to test: docs/howto/django.md.
"""

from clientportal.web.django.conf import SettingError, portal
from clientportal.web.django.decorators import PortalClientRequiredMixin, PortalRequest, portal_client_required

__all__ = ["PortalClientRequiredMixin", "PortalRequest", "SettingError", "portal", "portal_client_required"]
