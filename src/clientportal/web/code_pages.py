"""The page on which a code is typed in, whatever it is for: shown, tried, sent again, and never a dead end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from clientportal.errors import InvalidCode, Refused
from clientportal.outcomes import CodeSent
from clientportal.web.kept_codes import KeptCode, code_values, keep_code, kept_code, may_begin_anew
from clientportal.web.messages import Response
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["CodePage"]


@frozen(kw_only=True)
class CodePage:
    """Three addresses below the page on which the code was asked for.

    * ``kind``: what the code is for, and the name of the cookie that it is kept in.
    * ``begin``: the page where it is asked for, and can be asked for with another contact.
    * ``use``: what the right code does; raises what the doors raise.
    * ``anew``: asks for a new code where the earlier one is gone for good; without it, one begins at ``begin``.
    """

    kind: str
    begin: str
    use: Callable[[Visit, KeptCode, str], Awaitable[Response]]
    anew: Callable[[Visit, KeptCode], Awaitable[CodeSent]] | None = None

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{self.begin}/code"

    def kept(self, visit: Visit, sent: CodeSent, contact: str) -> Response:
        """A code is on its way to what was typed: remember it, and go to its page."""
        keep_code(visit, self.kind, sent, contact)
        return visit.redirect(self.path)

    async def show(self, visit: Visit) -> Response:
        """Type the code in; or have it sent again; or begin anew."""
        sent = kept_code(visit, self.kind)
        return visit.redirect(self.begin) if sent is None else self._again(visit, sent)

    def _again(self, visit: Visit, sent: KeptCode, refused: Refused | None = None) -> Response:
        values = code_values(visit, sent, self.path, self.begin)
        if refused is not None:
            return visit.form_again("code.html", refused, **values)
        return visit.render("code.html", **values)

    async def send(self, visit: Visit) -> Response:
        """Use what was typed. What is no code at all costs no try."""
        sent = kept_code(visit, self.kind)
        if sent is None:
            return visit.redirect(self.begin)
        try:
            response = await self.use(visit, sent, visit.form.text("code"))
        except InvalidCode:
            form = visit.form.wrong("code", visit.words("code.invalid", digits=sent.digits))
            return visit.render("code.html", 422, form=form, **code_values(visit, sent, self.path, self.begin))
        except Refused as error:
            return self._again(visit, sent, error)
        visit.set_cookie(visit.jar.drop(self.kind))
        return response

    async def resend(self, visit: Visit) -> Response:
        """Send it again; where the first one is gone for good, nobody is stuck on this page."""
        sent = kept_code(visit, self.kind)
        if sent is None:
            return visit.redirect(self.begin)
        try:
            again = await self._sent_again(visit, sent)
        except Refused as error:
            return self._again(visit, sent, error)
        if again is None:
            return visit.redirect(self.begin, notice="code.ask_anew")
        keep_code(visit, self.kind, again, sent.contact)
        return visit.redirect(self.path, notice="code.sent_again")

    async def _sent_again(self, visit: Visit, sent: KeptCode) -> CodeSent | None:
        try:
            return await visit.visitor.resend_code(sent.handle)
        except Refused as error:
            if not may_begin_anew(error):
                raise
        return None if self.anew is None else await self.anew(visit, sent)

    def routes(self, needs: Needs = Needs.SESSION, section: str | None = None) -> tuple[Route, ...]:
        """Its addresses."""
        return (
            Route("GET", self.path, self.show, needs, section=section),
            Route("POST", self.path, self.send, needs, section=section),
            Route("POST", f"{self.path}/resend", self.resend, needs, section=section),
        )
