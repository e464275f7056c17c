"""Packages: every one bought, used up and expired ones included (M5)."""

from __future__ import annotations

from typing import ClassVar

from clientportal.ports.section import Section
from clientportal.values.packages import Package

__all__ = ["Packages"]


class Packages(Section[Package]):
    """The port of packages. ``page`` lists them latest bought first, whatever is left of them."""

    name: ClassVar[str] = "packages"
    item: ClassVar[type[Package]] = Package
