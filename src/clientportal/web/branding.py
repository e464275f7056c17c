"""A business's colour and logo, as far as they can be read and trusted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from attrs import frozen

from clientportal.values.business import Branding
from clientportal.web.protection import origin_of

__all__ = ["DARK", "LIGHT", "Theme", "contrast", "theme_of"]

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_DEFAULT = "#1f4e6b"
_ENOUGH = 4.5
"""WCAG 2.2, 1.4.3: text of ordinary size against what is behind it."""
LIGHT, DARK = "#ffffff", "#14181b"
_BEHIND_DARK = "#171b1f"


def _channels(colour: str) -> tuple[int, int, int]:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _towards(colour: str, goal: str) -> Iterator[str]:
    start, end = _channels(colour), _channels(goal)
    for step in range(21):
        yield "#" + "".join(f"{round(a + (b - a) * step / 20):02x}" for a, b in zip(start, end, strict=True))


def _readable(colour: str, behind: str, goal: str) -> str:
    """The colour itself, or the nearest on the way to black or white that can be read on ``behind``."""
    return next((shade for shade in _towards(colour, goal) if contrast(shade, behind) >= _ENOUGH), goal)


@frozen
class Theme:
    """What the stylesheet takes over: the colour of buttons with the text on it, and the same as text and links."""

    accent: str
    on_accent: str
    text: str
    text_dark: str
    logo: str | None = None

    @property
    def css(self) -> str:
        """The stylesheet of the theme: names with colours, and nothing that a business has typed."""
        light = f":root{{--accent:{self.accent};--on-accent:{self.on_accent};--accent-text:{self.text}}}"
        dark = f"@media (prefers-color-scheme:dark){{:root{{--accent-text:{self.text_dark}}}}}"
        return f"{light}\n{dark}\n"

    @property
    def version(self) -> str:
        """Changes with every colour: part of the stylesheet's address."""
        return hashlib.sha256(self.css.encode()).hexdigest()[:12]

    @property
    def images(self) -> tuple[str, ...]:
        """Where the logo comes from, for the page's policy."""
        return () if self.logo is None else (origin_of(self.logo),)


def _logo(url: str | None) -> str | None:
    """An address that an image may be loaded from: https, and nothing that could add to a policy."""
    if url is None or not url.isascii() or not url.isprintable() or any(c in url for c in " ;,'\"<>\\"):
        return None
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and "*" not in parts.netloc
        # Reading the port finds one that is no number.
        return url if plain and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def theme_of(branding: Branding) -> Theme:
    """A business's colours made readable: black or white on the colour, darker or lighter where it is text itself."""
    wished = branding.colour or ""
    colour = wished.lower() if _HEX.fullmatch(wished) else _DEFAULT
    on = max((LIGHT, DARK), key=lambda text: contrast(text, colour))
    accent = _readable(colour, on, DARK if on == LIGHT else LIGHT)
    return Theme(
        accent=accent,
        on_accent=on,
        text=_readable(colour, "#f4f5f6", "#000000"),
        text_dark=_readable(colour, _BEHIND_DARK, "#ffffff"),
        logo=_logo(branding.logo_url),
    )
