"""Somebody with a real browser, on a phone or at a desk, and what every page that they come to must be."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field
from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Frame, Locator, Page, Response
from playwright.sync_api import Request as Asked

from browser.shop import Shop

__all__ = ["DESKTOP", "PHONE", "Person"]

PHONE = (390, 844)
DESKTOP = (1280, 900)
_NARROWEST = 320
_SERIOUS = ("serious", "critical")
_seen: set[tuple[str, int, str]] = set()


@define(eq=False, slots=False)
class Person:
    """Clicks, types and reads by what stands on the page. Each page that they come to is looked at closely.

    No error in the console, nothing that the page's policy forbids, no request that fails; nothing serious found by
    axe; no scrolling to the side, down to 320 pixels; one heading of the first level; and wherever Tab leads it can be
    seen.
    """

    shop: Shop
    axe: str = field(repr=False)
    context: BrowserContext = field(repr=False)
    page: Page = field(repr=False)
    width: int
    scripts: bool
    scheme: str
    frame: Frame = field(repr=False)
    status: int = 0
    _devtools: CDPSession | None = None
    _troubles: list[str] = field(factory=list[str])
    _answers: dict[str, int] = field(factory=dict[str, int])

    @classmethod
    def with_browser(
        cls,
        browser: Browser,
        shop: Shop,
        axe: str,
        size: tuple[int, int],
        *,
        scripts: bool = True,
        language: str = "en-NZ",
        scheme: str = "light",
    ) -> Person:
        """Somebody new, with nothing that any site has left in their browser."""
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=2 if size == PHONE else 1,
            has_touch=size == PHONE,
            locale=language,
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            timezone_id="Pacific/Auckland",
        )
        context.set_default_timeout(8_000)
        page = context.new_page()
        person = cls(shop, axe, context, page, size[0], scripts, scheme, page.main_frame)
        person._devtools = context.new_cdp_session(page)
        person._scripts(scripts)
        page.on("console", person._on_console)
        page.on("pageerror", lambda error: person._troubles.append(f"an error: {error}"))
        page.on("requestfailed", person._on_failure)
        page.on("response", person._on_response)
        return person

    # --- moving about

    def goes_to(self, path: str, status: int = 200) -> None:
        """Open an address of the portal, or any other one."""
        address = path if path.startswith("http") else f"{self.shop.address}{path}"
        self.frame.goto(address)
        self._arrived(status)

    def follows(self, text: str, status: int = 200, *, nth: int = 0) -> None:
        """Follow the link with that text (or the label that a screen reader speaks)."""
        self._leaves(self._one("link", text, nth), status)

    def presses(self, text: str, status: int = 200, *, nth: int = 0) -> None:
        """Press the button with that text, which sends its form."""
        self._leaves(self._one("button", text, nth), status)

    def types(self, label: str, text: str) -> None:
        """Fill in the field with that label."""
        self.frame.get_by_label(label, exact=False).first.fill(text)

    def chooses(self, label: str, option: str) -> None:
        """Choose from the list with that label."""
        self.frame.get_by_label(label, exact=False).first.select_option(label=option)

    def ticks(self, label: str) -> None:
        """Tick the box, or choose the circle, with that label."""
        self.frame.get_by_label(label, exact=False).first.check()

    def downloads(self, text: str) -> tuple[str, bytes]:
        """Follow a link that leads to a file: its name, and its bytes."""
        with self.page.expect_download() as coming:
            self._one("link", text, 0).click()
        file = coming.value
        return file.suggested_filename, file.path().read_bytes()

    def tabs_to(self, name: str) -> None:
        """Press Tab until what has the focus bears that name."""
        for _ in range(40):
            self.page.keyboard.press("Tab")
            if name in self._focused()["name"]:
                return
        raise AssertionError(f"Tab does not lead to {name!r}")

    def hits(self, key: str, status: int = 200) -> None:
        """Press a key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self._arrived(status)

    # --- reading

    @property
    def heading(self) -> str:
        """The heading of the page."""
        return self.frame.locator("h1").inner_text()

    @property
    def focused(self) -> str:
        """The name of what has the focus."""
        return str(self._focused()["name"])

    @property
    def text(self) -> str:
        """Everything that is to be read, on one line."""
        return " ".join(self.frame.locator("body").inner_text().split())

    def reads(self, *sentences: str) -> None:
        """Each of these stands on the page."""
        for sentence in sentences:
            assert sentence in self.text, f"{sentence!r} is not on the page: {self.text}"

    def does_not_read(self, *sentences: str) -> None:
        """None of these stands on the page."""
        for sentence in sentences:
            assert sentence not in self.text, f"{sentence!r} is on the page: {self.text}"

    def finds(self, text: str) -> bool:
        """Whether there is a link or a button with that text."""
        found = self.frame.get_by_role("link", name=text).or_(self.frame.get_by_role("button", name=text))
        return found.count() > 0

    # --- people doing things

    def signs_in_by_code(
        self,
        contact: str,
        label: str = "Mobile",
        *,
        at: str | None = "/sign-in",
        send: str = "Send a code",
        go_on: str = "Go on",
    ) -> None:
        """Type the contact, read the code from the phone, type the code; ``at`` is where, unless they are there."""
        if at is not None:
            self.goes_to(at)
        before = len(self.shop.world.box.messages)
        self.types(label, contact)
        self.presses(send)
        self.types("Code", self.shop.world.code_in(self.shop.message_after(before)))
        self.presses(go_on)

    def turns_to_the_frame(self) -> None:
        """What they do from now on is inside the frame of the page."""
        element = self.page.locator("iframe").element_handle()
        frame = element.content_frame()
        assert frame is not None
        self.frame = frame
        self._arrived(200)

    def turns_to_the_page(self) -> None:
        """Back from the frame."""
        self.frame = self.page.main_frame

    def is_refused_to_show(self, address: str) -> None:
        """The browser does not show what is in the frame of that page."""
        self.page.goto(address)
        self.page.wait_for_function("() => true")
        assert any("frame-ancestors" in trouble for trouble in self._troubles), self._troubles
        self._troubles.clear()

    # --- what every page must be

    def _one(self, role: Any, text: str, nth: int) -> Locator:
        found = self.frame.get_by_role(role, name=text)
        found.first.wait_for()
        return found.nth(nth)

    def _leaves(self, control: Locator, status: int) -> None:
        if self.frame == self.page.main_frame:
            with self.page.expect_navigation():
                control.click()
        else:
            with self.page.expect_event("framenavigated", lambda frame: frame == self.frame):
                control.click()
        self._arrived(status)

    def _arrived(self, status: int) -> None:
        self.frame.wait_for_load_state("load")
        address = self.frame.url
        self.status = self._answers.get(address, 0)
        assert self.status == status, f"{address} answered {self.status}: {self.text}"
        if address.startswith(self.shop.address):
            self._look_closely(urlsplit(address).path)
        troubles, self._troubles = self._troubles, []
        assert not troubles, f"{address}: {troubles}"

    def _look_closely(self, path: str) -> None:
        # What differs from visit to visit, such as tokens, makes no other page.
        bare = re.sub(r'value="[^"]{16,}"|localhost:\d+', "", self.frame.content())
        if (bare, self.width, self.scheme) in _seen:
            return
        self._scripts(True)
        wrong = [*self._axe_finds(), *self._scrolls_sideways(), *self._loses_focus()]
        headings = self.frame.locator("h1").count()
        if headings != 1:
            wrong.append(f"{headings} headings of the first level")
        self._scripts(self.scripts)
        assert not wrong, f"{path} at {self.width} px, {self.scheme}:\n" + "\n".join(wrong)
        _seen.add((bare, self.width, self.scheme))

    def _axe_finds(self) -> list[str]:
        # Handed over by the debugger: the page's own policy lets no script run.
        asking = "return JSON.stringify((await axe.run({resultTypes: ['violations'], preload: false})).violations)"
        found = self.frame.evaluate("async () => {" + self.axe + "\n" + asking + "}")
        return [
            f"{one['impact']} {one['id']}: {one['help']}: {node['target']} {node['html']} {node['failureSummary']}"
            for one in json.loads(found)
            if one["impact"] in _SERIOUS
            for node in one["nodes"]
        ]

    def _scrolls_sideways(self) -> list[str]:
        size = self.page.viewport_size
        assert size is not None
        if self.frame != self.page.main_frame:
            return []
        wrong = []
        for width in {self.width, _NARROWEST}:
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            wide = self.frame.evaluate(
                """() => [document.scrollingElement.scrollWidth, [...document.querySelectorAll("body *")]
                   .filter(one => one.getBoundingClientRect().right > innerWidth && !one.closest(".scrolls"))
                   .map(one => one.outerHTML.slice(0, 120))]"""
            )
            if wide[0] > width:
                wrong.append(f"{wide[0]} px wide on a screen of {width}: {wide[1][:3]}")
        self.page.set_viewport_size(size)
        return wrong

    def _loses_focus(self) -> list[str]:
        # Who has pressed Tab once is using the keyboard: from then on the browser shows where the focus is.
        self.page.keyboard.press("Tab")
        lost: list[str] = self.frame.evaluate(
            """() => { const lost = [];
            for (const one of document.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")) {
              if (one.type === "hidden") continue;
              one.focus();
              const style = getComputedStyle(one), seen = one === document.activeElement;
              if (!seen || style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)
                lost.push(one.outerHTML.slice(0, 160)) }
            // The next Tab is to begin at the top again: it goes on from where the last focus was taken away.
            const top = document.createElement("a");
            top.tabIndex = -1; document.body.prepend(top); top.focus(); top.remove(); scrollTo(0, 0);
            for (const one of document.querySelectorAll(".menu, .scrolls")) one.scrollLeft = 0;
            return lost }"""
        )
        return [f"the focus cannot be seen on {one}" for one in lost]

    def _focused(self) -> dict[str, Any]:
        found: dict[str, Any] = self.frame.evaluate(
            """() => { const one = document.activeElement, style = getComputedStyle(one);
            const labels = [...(one.labels || [])].map(label => label.innerText).join(" ");
            return { tag: one.tagName, html: one.outerHTML.slice(0, 160),
              name: one.getAttribute("aria-label") || labels || one.innerText || "",
              outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 } }"""
        )
        return found

    def _scripts(self, on: bool) -> None:
        assert self._devtools is not None
        self._devtools.send("Emulation.setScriptExecutionDisabled", {"value": not on})

    # --- what the browser complains of

    def _on_console(self, message: ConsoleMessage) -> None:
        # A page with a status of 4xx is told of in the console; what is expected of a status, the stories say.
        about_page = "Failed to load resource" in message.text and message.location["url"] in self._answers
        if message.type in ("error", "warning") and not about_page:
            self._troubles.append(f"{message.type} in the console: {message.text}")

    def _on_failure(self, request: Asked) -> None:
        # What turns out to be a file is no page: the browser gives up the visit and keeps the file.
        if not (request.failure == "net::ERR_ABORTED" and "/documents/" in request.url):
            self._troubles.append(f"{request.url} failed: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._answers[response.url.partition("#")[0]] = response.status
        elif response.status >= 400:
            self._troubles.append(f"{response.url} answered {response.status}")
