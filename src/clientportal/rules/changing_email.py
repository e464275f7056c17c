"""May the email of an account change, when does it, and who may take that back?

The attacks:

* A thief has the session of an open browser, and changes the email to have the account for good. So the password must
  have been shown within ten minutes (V7.5.1); and the mailbox of before is told in the commit that changes it, with a
  link that takes it back for seven days (N4.6, V6.3.7). Taking it back ends all that the thief may have: sessions,
  password, codes and links on their way, a second factor that was set up since.
* Somebody adds a stranger's email to an account of their own and waits for the stranger to click ("trojan
  identifier"): the stranger's records would show in it. So the link alone changes nothing: it acts in a session of the
  very account, and proves exactly the address that it was mailed to; of two changes under way, the one whose link is
  used is the one that happens, and the other dies.
* Somebody asks for a change to learn whether an address has an account: the answer is the same, and the address's owner
  alone is told (V6.3.8).
* A thief changes it twice, so that only the thief's own mailbox is told last: every earlier link that takes a change
  back stays good; those that came after it die with it.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, grant, refuse
from clientportal.outcomes import EmailTakenBack, MailSent, SignedIn
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    Identifier,
    MailedLink,
    MailPurpose,
    MessageKind,
    Put,
    Remove,
    SecondFactor,
    Session,
    Write,
)
from clientportal.rules.account_sessions import AccountSight, further
from clientportal.rules.first_proof import Belongings, Unproved, first_proof, spend_link, wipe_access
from clientportal.rules.keeping_records import keep_in_sight, opened_by_email
from clientportal.rules.logging_in import needs_step_up
from clientportal.rules.mailed_links import MailRequest, mail_link, request_mail
from clientportal.rules.merging_accounts import absorb, told
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import mask

__all__ = ["AskingChange", "ChangingEmail", "TakingBack", "change_email", "confirm_change", "take_back"]


# --- asking ----------------------------------------------------------------------------------------------------------


@frozen
class AskingChange:
    """What is read when a session asks to change its account's email: nothing of the new one but budgets."""

    session: Session
    mail: MailRequest


def change_email(seen: AskingChange, policy: Policy, now: datetime) -> Decision[MailSent]:
    """May a link be mailed to the new address? Nothing changes until it comes back."""
    if needs_step_up(seen.session, policy, now):
        because = Because(
            "changing_email.change_email", (), (("accounts.step_up_for", str(policy.accounts.step_up_for)),)
        )
        return refuse(Reason.STEP_UP_FIRST, because)
    return request_mail(seen.mail, policy, now)


# --- the link comes back ---------------------------------------------------------------------------------------------


@frozen
class ChangingEmail:
    """What is read when the link to a new address is used in a session of its account.

    ``unproved`` is everything that hangs on the new address, ``pending`` are the links on their way to the one of
    before; ``before`` and ``after`` are what the account sees by either, ``assignments`` what the new one brings (A8b).
    ``back`` is the mail to the address of before, were it to be sent; ``None`` where the account does not own one.
    """

    session: Session
    own: Belongings
    unproved: Unproved
    before: AccountSight
    after: AccountSight
    link: MailedLink
    fresh: FreshSession
    notice_id: str
    actor: str
    back: MailRequest | None = None
    pending: tuple[MailedLink, ...] = ()
    assignments: tuple[Write, ...] = ()


def confirm_change(seen: ChangingEmail, policy: Policy, now: datetime) -> Decision[SignedIn]:
    """The account has the new email: other sessions and changes under way end, this session gets another token.

    The records that the email of before opened by itself stay: they are linked to the account. The platform's own
    record keeps its email; the platform is told.
    """
    account, new = seen.own.account, seen.unproved.identity
    because = Because(
        "changing_email.confirm_change",
        (
            ("account", account.id),
            ("from", mask(account.identity.value)),
            ("to", mask(new.value)),
            ("from was its own", str(seen.back is not None)),
        ),
        (("accounts.revert_for", str(policy.accounts.revert_for)),),
    )
    if seen.unproved.is_owned_by_another(account.id):
        # Meanwhile the address has become another account's: its owner knows, and nothing happens here.
        return refuse(Reason.LINK_GONE, because)
    changed = evolve(account, email=str(new), address=seen.link.address)
    opened = opened_by_email(seen.before, seen.before.links, policy) if seen.back is not None else ()
    kept, events = (
        keep_in_sight(seen.before, changed, seen.before.links, seen.actor, policy, now, because)
        if seen.back is not None
        else ((), ())
    )
    after = evolve(seen.after, linked=(*seen.after.linked, *opened))
    session = evolve(
        further(seen.session, after, seen.fresh, policy, now),
        identity=str(new),
        device=seen.fresh.device_lane,
        because=str(because),
    )
    writes = _each_once(
        (
            *first_proof(seen.unproved, changed, now, same_person=True, acting=seen.link),
            *(Remove(one) for one in seen.own.identifiers if _leaves(one, account, changed)),
            *(Remove(one) for one in seen.own.sessions),
            *(Remove(one) for one in seen.own.challenges),
            *(Remove(one) for one in (*seen.own.mailed, *seen.pending) if _dies(one, seen.link)),
            *seen.assignments,
            *kept,
            Put(session),
        )
    )
    back = () if seen.back is None else mail_link(seen.back, policy, now)[1]
    notice = told(MessageKind.EMAIL_CONFIRMED, account.id, [changed], (seen.notice_id,), policy, now)
    event = _event(account, changed, seen.actor)
    shown = signed_in(seen.fresh, session, after.people)
    return grant(shown, because, (*writes, *back, *notice), events=(*events, event))


def _leaves(identifier: Identifier, before: Account, after: Account) -> bool:
    """The email that the account leaves logs in to it no longer; one that came along by a merge stays."""
    return identifier.id == before.email != after.email


def _dies(link: MailedLink, acting: MailedLink) -> bool:
    """Everything under way, but for what takes an earlier change back: whoever changed it must not end that."""
    return link.id != acting.id and link.purpose is not MailPurpose.REVERT_EMAIL


def _event(before: Account, after: Account, actor: str) -> HostEvent:
    """For the platform, whose own record still has the email of before."""
    return HostEvent(
        "account_email_changed",
        (("account", after.id), ("before", before.address), ("email", after.address), ("actor", actor)),
    )


def _each_once(writes: tuple[Write, ...]) -> tuple[Write, ...]:
    """What is found by its address and by its account is written once; what takes a removed one's place stays."""
    return tuple({(type(write.record), write.record.id): write for write in writes}.values())


# --- taken back ------------------------------------------------------------------------------------------------------


@frozen
class TakingBack:
    """What is read when the mailbox of before takes the change back.

    ``unproved`` is everything that hangs on the earlier address, ``pending`` are the links on their way to the present
    one; ``sight`` is what the account sees, for the case that the earlier address is another account's by now.
    """

    link: MailedLink
    own: Belongings
    unproved: Unproved
    sight: AccountSight
    notice_ids: tuple[str, str]
    pending: tuple[MailedLink, ...] = ()


def take_back(seen: TakingBack, policy: Policy, now: datetime) -> Decision[EmailTakenBack]:
    """The account has its earlier email again, and nobody is in it: a new password is set by that mailbox.

    The mailbox is what it takes, and it is proved. Where its owner has made another account with it meanwhile, that
    one takes in what this one held: both are proved to be one person's, by the one mailbox.
    """
    account, earlier = seen.own.account, seen.unproved.identity
    owner, identifier = seen.unproved.owner, seen.unproved.identifier
    # An account that the platform brought along with this address since is nobody's yet: its first proof is this one.
    proved = identifier is not None and identifier.proved_at is not None
    joined = proved and seen.unproved.is_owned_by_another(account.id)
    because = Because(
        "changing_email.take_back",
        (
            ("account", account.id),
            ("to", mask(earlier.value)),
            ("from", mask(account.identity.value)),
            ("another account has it by now", str(joined)),
        ),
        (("accounts.revert_for", str(policy.accounts.revert_for)),),
    )
    actor = f"account:{account.id}"
    restored = evolve(account, email=str(earlier), address=seen.link.address)
    event = _event(account, restored, actor)
    notices = told(MessageKind.EMAIL_TAKEN_BACK, account.id, (account, restored), seen.notice_ids, policy, now)
    if owner is not None and joined:
        moved = absorb(owner, seen.own, seen.sight, actor, policy, now, because, with_identifiers=False)
        ended = tuple(write for write in moved.writes if write.record.id != seen.link.id)
        writes = (*ended, spend_link(seen.link, now), *notices)
        return grant(EmailTakenBack(joined=True), because, writes, events=(*moved.events, event))
    wiped = wipe_access(
        seen.own,
        sparing=str(earlier),
        keep_second_factor=_was_there(seen.own.second_factor, seen.link, policy),
        keep_reverts=True,
        keep_proved=True,
        acting=seen.link.id,
    )
    later = [
        Remove(one)
        for one in seen.own.mailed
        if one.purpose is MailPurpose.REVERT_EMAIL and one.id != seen.link.id and one.created_at >= seen.link.created_at
    ]
    writes = _each_once(
        (
            *wiped,
            *(Remove(one) for one in seen.own.identifiers if _leaves(one, account, restored)),
            *later,
            *(Remove(one) for one in seen.pending if _dies(one, seen.link)),
            *first_proof(seen.unproved, restored, now, same_person=True, acting=seen.link),
        )
    )
    return grant(EmailTakenBack(joined=False), because, (*writes, *notices), events=(event,))


def _was_there(factor: SecondFactor | None, link: MailedLink, policy: Policy) -> bool:
    """Whether the second factor is the owner's: set up before the change can have been under way.

    Who could change the email could replace the second factor with the same step-up, and then wait for the change.
    """
    if factor is None:
        return False
    set_up = factor.confirmed_at or factor.begun_at
    return set_up < link.created_at - policy.accounts.change_life - policy.accounts.step_up_for
