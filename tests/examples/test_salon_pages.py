"""The salon's pages, as a newcomer opens them: served by a process of its own, clicked over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from attrs import define

from clientportal.web import Response
from examples.test_salon import SALON, at_a_terminal, run
from web.browser import Page

pytestmark = pytest.mark.slow


@define
class Served:
    """A running ``run.py --serve``, and somebody's browser."""

    process: subprocess.Popen[str]
    console: Path
    http: httpx.Client

    def printed(self) -> str:
        """What stands in the console."""
        return self.console.read_text(encoding="utf-8")

    def wait_for(self, pattern: str, times: int = 1) -> re.Match[str]:
        """The latest match in the console, once there are so many."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = list(re.finditer(pattern, self.printed()))
            if len(found) >= times:
                return found[-1]
            assert self.process.poll() is None, self.printed()
            time.sleep(0.05)
        raise AssertionError(f"{pattern} did not come in:\n{self.printed()}")

    def open(self, path: str) -> Page:
        """A page, wherever it leads."""
        return self._page(self.http.get(path))

    def send(self, page: Page, action: str, **typed: str) -> Page:
        """A form of a page, with what was typed, by its first button."""
        form = page.form(action)
        name, value, _ = form.buttons[0]
        fields = {**form.fields, **({name: value} if name else {}), **typed}
        origin = str(self.http.base_url).rstrip("/")
        answer = self.http.post(form.action, data=fields, headers={"origin": origin, "sec-fetch-site": "same-origin"})
        return self._page(answer)

    def sign_in(self, number: str) -> Page:
        """The whole login by code; the code is read from the console."""
        known = len(re.findall(r"\d{6} is your code", self.printed()))
        page = self.send(self.open("/sign-in"), "/sign-in", contact=number)
        code = self.wait_for(r"(\d{6}) is your code", known + 1)[1]
        return self.send(page, "/sign-in/code", code=code)

    def _page(self, answer: httpx.Response) -> Page:
        return Page(
            Response(status=answer.status_code, headers=dict(answer.headers), body=answer.content), str(answer.url)
        )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The example serves on a port that is free."""
    console = tmp_path / "console.txt"
    with console.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, str(SALON / "run.py"), "--db", str(tmp_path / "salon.db"), "--serve", "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
        )
    http = httpx.Client(follow_redirects=True, timeout=30, trust_env=False)
    one = Served(process, console, http)
    try:
        http.base_url = httpx.URL(one.wait_for(r"clients +(http://localhost:\d+)/")[1])
        one.wait_for("Ctrl-C ends it")
        yield one
    finally:
        http.close()
        process.kill()
        process.wait(timeout=30)


def test_every_section_can_be_clicked_and_has_something_in_it(served: Served) -> None:
    """Aroha signs in with the code from the console; each line of her menu is a page, and shows what she holds."""
    home = served.sign_in("021-555 0142")
    assert home.status == 200
    assert "Aroha" in home.text
    menu = [address for address, text in home.links if text and urlsplit(address).path.count("/") == 1]
    shown = {urlsplit(address).path: served.open(address) for address in menu}
    assert "/pets" in [address for address, _ in shown["/account"].links], "pets stand inside the account"
    shown["/pets"] = served.open("/pets")
    assert len(shown) >= 18
    assert {path: page.status for path, page in shown.items()} == dict.fromkeys(shown, 200)
    for path, texts in {
        "/bookings": ["Cut and blow-wave", "Full colour", "NZDT|NZST|Auckland|NZ"],
        "/memberships": ["Kōwhai Gold"],
        "/packages": ["Five fringe trims"],
        "/gift-cards": ["50.00"],
        "/rewards": ["120", "12.50"],
        "/payments": ["165.00", "20.50", "47.50", "233.00"],
        "/payment-methods": ["Visa", "4242"],
        "/documents": ["After your colour"],
        "/forms": ["Before your colour"],
        "/messages": ["bring our dog along", "Mia"],
        "/pets": ["Kurī"],
        "/referrals": ["20.00"],
        "/account": ["Ngāta-King"],
    }.items():
        for text in texts:
            assert re.search(text, shown[path].text), f"{text!r} is missing from {path}:\n{shown[path].text}"
    assert "tok_" not in "".join(page.html for page in shown.values())


def test_a_client_pays_downloads_moves_and_writes(served: Served) -> None:
    """What is clicked happens: an invoice is paid once, a document comes whole, a message and a change stay."""
    served.sign_in("021-555 0142")
    payments = served.open("/payments")
    paid = served.send(served.open(next(a for a, _ in payments.links if a.endswith("/i-118/pay"))), "/i-118/pay")
    assert "165.00" in paid.text
    left = served.open("/payments").text
    assert "68.00" in left
    assert "233.00" not in left

    documents = served.open("/documents")
    answer = served.http.get(next(address for address, _ in documents.links if address.endswith("/doc-1")))
    assert answer.text == "Wait 48 hours before you wash it.\nRinse cool.\n"
    assert answer.headers["content-disposition"].startswith("attachment")

    served.send(served.open("/messages"), "/messages", text="Ka kite anō, see you on Tuesday")
    assert "Ka kite anō" in served.open("/messages").text

    refused = served.open("/bookings/A-0006/cancel")
    assert "too late" in refused.text.lower()
    german = served.send(served.open("/"), "/language", language="de")
    assert german.status == 200
    assert "Schnitt und Farbe in der Ponsonby Road" in served.open("/").text


def test_staff_merge_on_this_machine_and_nobody_else_is_staff(served: Served) -> None:
    """Whoever sits here is Mia and finds Aroha twice; a name that merely points here is nobody (DNS rebinding)."""
    report = served.open("/staff/duplicates")
    assert report.status == 200
    assert "Aroha Ngata" in report.text
    port = urlsplit(str(served.http.base_url)).port
    for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1:{port}"):
        assert served.http.get("/staff", headers={"host": host}).status_code == 403
    compare = next(address for address, _ in report.links if "C-0001" in address and "C-0002" in address)
    preview = served.open(urljoin(report.address, compare))
    assert "Ngāta-King" in preview.text


def test_the_json_and_its_description_are_served_too(served: Served) -> None:
    """The same addresses under ``/api``, described for programs."""
    described = served.http.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert served.http.get("/api/profile").status_code == 401


def test_ctrl_c_ends_it_quietly(served: Served) -> None:
    """No traceback, and the file is closed: nothing is left in a log beside it."""
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(timeout=30) == 0
    assert served.printed().rstrip().endswith("Closed.")


def test_a_port_that_is_taken_is_said(served: Served, tmp_path: Path) -> None:
    """The next one to try stands in the message."""
    port = urlsplit(str(served.http.base_url)).port
    other = [sys.executable, str(SALON / "run.py"), "--db", str(tmp_path / "b.db"), "--serve", "--port", str(port)]
    done = subprocess.run(other, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 1
    assert "Another one: --serve --port" in done.stdout
    assert done.stderr == ""


def test_without_a_terminal_the_pages_are_told_and_not_asked_for(tmp_path: Path) -> None:
    """The story's last line says how; nothing waits for an answer."""
    assert run(tmp_path / "salon.db").rstrip().endswith("run this again with --serve.")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_at_a_terminal_no_is_the_usual_answer(tmp_path: Path) -> None:
    """Return alone means no: the run ends, and says how another time."""
    screen, code = at_a_terminal(tmp_path / "salon.db", ["right", "right", ""])
    assert code == 0
    assert "Open http://localhost:8765/ in a browser? [y/N]" in screen
    assert "Another time: run this with --serve." in screen
