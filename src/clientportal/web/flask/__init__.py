"""A client portal in a Flask application (extra ``flask``): its pages, its session in your own views, its commands.

::

    client_portal = ClientPortal(portal=portal, business="salon", url_prefix="/portal")
    client_portal.init_app(app)

    @app.get("/next-visit")
    @portal_client_required
    def next_visit():
        return render_template("next.html", appointments=portal_client.appointments().items)

``flask.session`` and Flask-Login are never read or written: who is logged in to the portal is logged in to nothing
else, and the reverse. How to use it: docs/howto/flask.md.
"""

try:
    import flask as _flask  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError:
    raise ImportError(
        "clientportal.web.flask needs the extra 'flask': pip install 'clientportal[flask]'", name="flask"
    ) from None

from clientportal.web.flask.client import portal_client, portal_client_required
from clientportal.web.flask.extension import ClientPortal

__all__ = ["ClientPortal", "portal_client", "portal_client_required"]
