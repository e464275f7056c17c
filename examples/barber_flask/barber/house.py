"""What the application's parts share: which shop this is, its database, and its portal."""

from __future__ import annotations

from typing import cast

from attrs import frozen
from flask import current_app
from sqlalchemy import Engine

from clientportal import Portal

__all__ = ["SHOP", "Barber", "barber_here"]

SHOP = "fleet-street"


@frozen
class Barber:
    """In ``app.extensions["barber"]``."""

    engine: Engine
    portal: Portal


def barber_here() -> Barber:
    """That of the application which is answering."""
    return cast("Barber", current_app.extensions["barber"])
