"""What every page of the portal must be as HTML: well-formed, labelled, with nothing that could run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["check_html"]

_VOID = {"meta", "link", "img", "input", "br", "hr"}
_IMPLIED = {"html", "head", "body"}


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.labels: list[str] = []
        self.described: list[str] = []
        self.controls: list[dict[str, str]] = []
        self.seen: list[str] = []
        self.within_label = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        given = {name: value or "" for name, value in attrs}
        if len(names) != len(set(names)):
            self.wrong.append(f"<{tag}> has an attribute twice: {names}")
        for name, value in given.items():
            if name == "style" or name.startswith("on"):
                self.wrong.append(f"<{tag}> has {name}, which the policy of the page forbids")
            if name in ("href", "src", "action") and re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE):
                self.wrong.append(f"<{tag} {name}={value!r}>")
        if tag in ("script", "style", "iframe", "object", "embed", "base"):
            self.wrong.append(f"<{tag}> stands in the page")
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "label":
            self.within_label += 1
            if "for" in given:
                self.labels.append(given["for"])
        self.described += given.get("aria-describedby", "").split()
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.controls.append({**given, "labelled": "yes" if self.within_label else ""})
        if tag == "img" and "alt" not in given:
            self.wrong.append("an <img> has no alt")
        if tag == "form" and given.get("method", "get").lower() == "post":
            self.seen.append("form")
        self.seen.append(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if tag == "label":
            self.within_label -= 1
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self.open[-1] if self.open else 'nothing'}")
        else:
            self.open.pop()


def check_html(html: str) -> None:
    """Raise with everything that is wrong with a page."""
    checker = _Checker()
    checker.feed(html)
    checker.close()
    wrong = list(checker.wrong)
    if checker.open:
        wrong.append(f"never closed: {checker.open}")
    if html.count("<h1") != 1:
        wrong.append(f"{html.count('<h1')} headings of the first level")
    twice = {id for id in checker.ids if checker.ids.count(id) > 1}
    if twice:
        wrong.append(f"ids that stand there twice: {twice}")
    for control in checker.controls:
        if not (control.get("id") in checker.labels or control["labelled"] or control.get("aria-label")):
            wrong.append(f"no label for {control}")
    wrong += [f"aria-describedby names {id}, which is not there" for id in checker.described if id not in checker.ids]
    for needed in ("main", "title", "header", "footer"):
        if needed not in checker.seen:
            wrong.append(f"no <{needed}>")
    if not re.search(r'<html lang="[a-z]{2}', html):
        wrong.append("the language is not named")
    assert not wrong, "\n".join([*wrong, html])
