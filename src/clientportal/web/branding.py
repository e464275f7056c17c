"""A business's colours, made readable, and where its logo comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from attrs import frozen

from clientportal.values.business import Branding
from clientportal.web.protection import origin_of

__all__ = ["DARK", "LIGHT", "Theme", "contrast", "theme_of"]

_DEFAULT = "#1f4e6b"
_ENOUGH = 4.5
"""WCAG 2.2, 1.4.3: text of ordinary size against what is behind it."""
LIGHT, DARK = "#ffffff", "#14181b"
_BEHIND_DARK = "#171b1f"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


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
    """What the stylesheet takes over: the colour of buttons with the text on it, the same as text and links, and a
    second colour that no text stands on.
    """

    accent: str
    on_accent: str
    text: str
    text_dark: str
    second: str
    logo: str | None = None
    favicon: str | None = None

    @property
    def css(self) -> str:
        """The stylesheet of the theme: names with colours, and nothing that a business has typed."""
        names = f"--accent:{self.accent};--on-accent:{self.on_accent};--accent-text:{self.text};--second:{self.second}"
        light = f":root{{{names}}}"
        dark = f"@media (prefers-color-scheme:dark){{:root{{--accent-text:{self.text_dark}}}}}"
        return f"{light}\n{dark}\n"

    @property
    def icon(self) -> str:
        """A leaf of a calendar in the business's colour, for the browser's tab."""
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
            f'<rect width="32" height="32" rx="7" fill="{self.accent}"/>'
            f'<path d="M8 11h16M11 7v4m10-4v4M11 19l4 4 7-8" fill="none" stroke="{self.on_accent}" '
            'stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>'
        )

    @property
    def version(self) -> str:
        """Changes with every colour: part of the stylesheet's address."""
        return hashlib.sha256(self.css.encode()).hexdigest()[:12]

    @property
    def images(self) -> tuple[str, ...]:
        """Where logo and icon come from, for the page's policy."""
        return tuple(dict.fromkeys(origin_of(url) for url in (self.logo, self.favicon) if url is not None))


def theme_of(branding: Branding) -> Theme:
    """A business's colours made readable: black or white on the colour, darker or lighter where it is text itself."""
    colour = (branding.colour or _DEFAULT).lower()
    on = max((LIGHT, DARK), key=lambda text: contrast(text, colour))
    accent = _readable(colour, on, DARK if on == LIGHT else LIGHT)
    return Theme(
        accent=accent,
        on_accent=on,
        text=_readable(colour, "#f4f5f6", "#000000"),
        text_dark=_readable(colour, _BEHIND_DARK, "#ffffff"),
        second=(branding.second_colour or accent).lower(),
        logo=branding.logo_url,
        favicon=branding.favicon_url,
    )
