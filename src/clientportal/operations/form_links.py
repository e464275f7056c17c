"""A form's signed link: making it, looking at it, and what it opens together with a session (T3).

Rule: ``rules/form_access.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.operations.accounts import load_sight
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.people import Group, group_of, load_candidates, records_of
from clientportal.operations.sections import OpenSection, item_of, open_section, require_section
from clientportal.outcomes.papers import FormLinkView
from clientportal.policy import Policy, SeenBy
from clientportal.records import ContactHistory
from clientportal.rules.account_sessions import own_records
from clientportal.rules.form_access import (
    FORM_LINK,
    FormClaims,
    LinkedForm,
    judge_form_link,
    judge_linked_form,
    read_form_claims,
)
from clientportal.rules.franchises import acts_on
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ContactKey, RecordKind, Secret
from clientportal.values.forms import FormRequest
from clientportal.values.sections import MAX_ITEM_ID

__all__ = ["FORM_LINK_FOR", "LOOK_AT_FORM_LINK", "FormLinkFor", "LookAtFormLink", "OpenForm", "open_form"]


# --- making and looking ----------------------------------------------------------------------------------------------


@frozen
class FormLinkFor:
    """A link for which form."""

    form_id: str


@frozen
class _Made:
    link: Secret
    claims: FormClaims


async def _load_link_for(reading: Reading, asked: FormLinkFor) -> _Made:
    await require_section(reading, "forms")
    form = await _form(reading, asked.form_id)
    if form is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("form_links.make")))
    claims = FormClaims(
        form_id=form.id,
        # Not whoever speaks for it today: the link follows a merge, and its undo, by the record's own name.
        client=form.ref,
        expires_at=(reading.now + reading.policy.messages.link_life).replace(microsecond=0),
        link_id=reading.fresh_id(),
    )
    return _Made(reading.setup.keys.sign(FORM_LINK, reading.tenant, claims.as_mapping()), claims)


async def _form(reading: Reading, id: str) -> FormRequest | None:
    port = await reading.host.section("forms")
    if port is None or not 0 < len(id) <= MAX_ITEM_ID or "\x00" in id:
        return None
    return _sent(await port.one(id))


def _sent(form: FormRequest | None) -> FormRequest | None:
    """The form under the record that it was sent to, wherever its row was moved since."""
    return form if form is None or form.moved_from is None else evolve(form, ref=form.moved_from, moved_from=None)


def _decide_link_for(seen: _Made, _asked: FormLinkFor, policy: Policy, _now: datetime) -> Decision[Secret]:
    facts = (("form", seen.claims.form_id), ("until", seen.claims.expires_at.isoformat()))
    because = Because("form_links.make", facts, (("messages.link_life", str(policy.messages.link_life)),))
    return grant(seen.link, because)


FORM_LINK_FOR = Operation[FormLinkFor, _Made, Secret](
    name="form_link",
    load=_load_link_for,
    decide=_decide_link_for,
    subject=lambda asked: asked.form_id[:MAX_ITEM_ID],
    # A link works once it was handed out: a preview of it would be a link that no audit knows of.
    previewable=False,
    permission=Permission.SEND_LINKS,
)


@frozen
class LookAtFormLink:
    """Which link."""

    link: Secret = field(repr=False)


def _claims(reading: Reading, link: Secret, form_id: str | None) -> FormClaims:
    claims = read_form_claims(reading.setup.keys.verify(FORM_LINK, link.reveal()), reading.tenant)
    no = judge_form_link(claims, form_id, reading.now)
    if no is not None or claims is None:
        raise Denied(no or Refusal(Reason.LINK_GONE, Because("form_access.judge_form_link")))
    return claims


async def _load_look(reading: Reading, asked: LookAtFormLink) -> FormClaims:
    await require_section(reading, "forms")
    return _claims(reading, asked.link, None)


LOOK_AT_FORM_LINK = Operation[LookAtFormLink, FormClaims, FormLinkView](
    name="look_at_form_link",
    load=_load_look,
    decide=lambda seen, _asked, _policy, _now: grant(
        FormLinkView(seen.form_id, seen.expires_at), Because("form_access.judge_form_link", (("signature", "good"),))
    ),
    writes=False,
)


# --- opening a form --------------------------------------------------------------------------------------------------


@frozen
class OpenForm:
    """One form that the caller may open, and why."""

    form: FormRequest
    because: Because


async def open_form(reading: Reading, id: str, link: Secret | None, action: str | None = None) -> OpenForm:
    """A form of the caller's own record, or the one that a link leads to together with the session's proof."""
    opened = await open_section(reading, "forms", action)
    if link is None:
        form = _sent(await item_of(opened, id))
        assert form is not None
        return OpenForm(form, opened.because)
    claims = _claims(reading, link, id)
    form = await _form(reading, claims.form_id)
    seen = await _load_linked(reading, opened, form, claims)
    because = judge_linked_form(seen, reading.policy)
    if isinstance(because, Refusal):
        raise Denied(because)
    assert form is not None
    if not _is_done_here(opened, form):
        because = Because("franchises.acts_on", (("section", "forms"), ("business", form.business)))
        why = "it is done where it belongs, at another business of the franchise"
        raise Denied(Refusal(Reason.NOT_CHANGEABLE, because, facts={"why": why}))
    return OpenForm(form, because)


def _is_done_here(opened: OpenSection, form: FormRequest) -> bool:
    """The attack: a business of a franchise lets nobody fill in forms, and one of its forms is filled in by its link at
    the door of a laxer one. A link does no more at a door than the client's own list.
    """
    return not opened.acting or acts_on(form.business, opened.branch)


async def _load_linked(
    reading: Reading, opened: OpenSection, form: FormRequest | None, claims: FormClaims
) -> LinkedForm:
    group = await group_of(reading, claims.client)
    session = opened.caller.session
    account = opened.caller.account
    proved = None if account is not None else await _proved(reading, session.identity)
    people: Sequence[Candidate] = ()
    if account is not None and reading.policy.visibility.appointments is SeenBy.RECORD:
        people = own_records(await load_sight(reading, account), reading.policy)
    return LinkedForm(
        sent_to=frozenset(group.refs),
        own=form is not None and form.ref in opened.refs,
        # A form that was sent anew to somebody else under its old id is not the one that the link was made for.
        there=form is not None and form.ref == claims.client and await _is_there(reading, group),
        proved=proved,
        people=people,
        opened_at=session.opened_at,
    )


async def _is_there(reading: Reading, group: Group) -> bool:
    """Whoever was deleted (TT4) or erased (X7) holds their old messages still."""
    if group.root.kind is not RecordKind.CLIENT:
        return True
    row = (await records_of(reading, [group.root])).get(group.root)
    return row is not None and row.usable


async def _proved(reading: Reading, identity: str) -> Sequence[Candidate]:
    key = ContactKey.parse(identity)
    if not key.value:
        return ()  # the platform vouched for the client: no contact was proved
    candidates, _ = await load_candidates(reading, key, await reading.state.get(ContactHistory, str(key)))
    return candidates
