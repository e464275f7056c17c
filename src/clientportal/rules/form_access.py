"""Whose form is this, and does a form's link together with this session's proof open it?

A form is its record's: the session of that record opens it, and whoever else asks finds nothing, as if there were none.
Timely's clients are matched by their number, and there the session may be the wrong one for the right person (T3): a
number that several share opens the one who booked last (T4), one that nobody has opens a new, empty record (T6). So the
form's link, which the business sends, counts for half, and the session's proof of a contact that stands on the form's
record for the other half. Both together open that record **for that form only**; nothing is remembered, so that each
call judges the record, its merges and the contact anew.

The attacks come first:

* **The forwarded link.** Whoever holds the link alone is a session of another client, and is refused.
* **The recycled number.** The business texts the link to a number that was handed on: its new owner has link and proof.
  Where ``login.recycled_after`` is set, a record that was quiet for longer than that is opened by no link (X6).
* **"This is not me"**, and a contact that staff flagged as nobody's (X4), lead to no record here either.
* **The account.** It was opened with a password, and an equal email is not enough (A7, X5): what counts are the records
  that the account is for today. A form of one of those opens without choosing that profile first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.policy import Policy
from clientportal.rules.whose_contact import Candidate, may_be_recycled
from clientportal.values import RecordRef

__all__ = ["FORM_LINK", "FormClaims", "LinkedForm", "judge_form_link", "judge_linked_form", "read_form_claims"]

FORM_LINK = "form-link"


@frozen
class FormClaims:
    """What a form's link says: the form, the record that it was sent to, until when, and the link's own id."""

    form_id: str
    client: RecordRef
    expires_at: datetime
    link_id: str

    def as_mapping(self) -> dict[str, str | int]:
        """For signing."""
        return {
            "f": self.form_id,
            "c": str(self.client),
            "e": int(self.expires_at.timestamp()),
            "i": self.link_id,
        }


def read_form_claims(claims: Mapping[str, str | int] | None, tenant: str) -> FormClaims | None:
    """The claims of a link that was signed for this tenant; ``None`` for any other."""
    if claims is None or claims.get("t") != tenant:
        return None
    return FormClaims(
        form_id=str(claims["f"]),
        client=RecordRef.parse(str(claims["c"])),
        expires_at=datetime.fromtimestamp(int(claims["e"]), UTC),
        link_id=str(claims["i"]),
    )


def judge_form_link(claims: FormClaims | None, form_id: str | None, now: datetime) -> Refusal | None:
    """Refuse a link that was changed, is over, or was made for another form; all look the same. Looking uses it up no
    more than filling in: a form is done once, whoever leads to it.
    """
    about_it = claims is not None and form_id in (None, claims.form_id)
    over = claims is not None and now >= claims.expires_at
    facts = (("signature", "good" if claims else "bad"), ("this form", str(about_it)), ("expired", str(over)))
    if about_it and not over:
        return None
    return Refusal(Reason.LINK_GONE, Because("form_access.judge_form_link", facts))


@frozen(kw_only=True)
class LinkedForm:
    """What is read where a form is asked for by its link.

    ``sent_to`` are all refs of the person that the form was sent to, today; ``own`` whether the session is for that
    very person; ``there`` whether the form is still theirs, and their row still there. ``proved`` are the people who
    have the contact that the session has proved, ``None`` for the session of an account; ``people`` whom the account is
    for today. ``opened_at`` is when the session was opened.
    """

    sent_to: frozenset[RecordRef]
    own: bool
    there: bool
    proved: Sequence[Candidate] | None
    people: Sequence[Candidate]
    opened_at: datetime


def judge_linked_form(seen: LinkedForm, policy: Policy) -> Because | Refusal:
    """May this session open that form by its link? Why so, or the refusal."""
    proof = _proof(seen, policy)
    because = Because(
        "form_access.judge_linked_form",
        (("there", _yes(seen.there)), ("session is for that record", _yes(seen.own)), ("proof", proof)),
        (("login.recycled_after", str(policy.login.recycled_after)),),
    )
    if not seen.there:
        return Refusal(Reason.LINK_GONE, because)
    if seen.own or proof in ("a contact of that record", "the account is for that record"):
        return because
    return Refusal(Reason.CONTACT_BUSINESS, because)


def _proof(seen: LinkedForm, policy: Policy) -> str:
    if seen.proved is None:
        theirs = [one for one in seen.people if not seen.sent_to.isdisjoint(one.refs)]
        return "the account is for that record" if theirs else "the account is not for that record"
    found = [one for one in seen.proved if one.speaker.usable and not seen.sent_to.isdisjoint(one.refs)]
    if not found:
        return "no contact of that record"
    # When the contact was proved before this session is overwritten by its own proof, so bookings alone say.
    if may_be_recycled(found, None, policy.login.recycled_after, seen.opened_at):
        return "a contact that may be somebody else's by now"
    return "a contact of that record"


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
