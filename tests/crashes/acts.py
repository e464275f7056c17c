"""What people do in the businesses that are killed in, one thing each, as a worker process does it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from attrs import frozen

from clientportal.records import PaymentState
from crashes.salon import DUE, Salon
from mails import ANOTHER, PASSWORD
from world import EVERYTHING, client

__all__ = ["ACTS", "Act", "script"]

Learned = dict[str, Any]


@frozen
class Act:
    """One thing that somebody does: ``run(salon, portal, key)`` answers what they know from it.

    ``keyed``: it takes an idempotency key, so whoever has no answer asks again. What takes none is not asked for again
    where it has happened. ``needs`` are things to be known before; ``ends`` sessions that are worthless afterwards.
    """

    name: str
    run: Callable[[Salon, Any, str], Learned | None]
    keyed: bool = True
    needs: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    pump: bool = False
    tells: bool = False
    """Whether the answer is needed later; without a key nobody can ask for it again."""


def _staff(salon: Salon, portal: Any) -> Any:
    return portal.staff(salon.world.tenant, actor="mia", permissions=EVERYTHING)


def _visitor(salon: Salon, portal: Any) -> Any:
    return portal.visitor(salon.world.tenant)


def _code(salon: Salon, number: str = "+64211234567") -> str:
    """What the last message to that number says."""
    for mail in reversed(salon.mailbox.to(number)):
        found = re.search(r"\b(\d{6})\b", mail.text)
        if found is not None:
            return found[1]
    return "000000"


def _link(salon: Salon, address: str, purpose: str) -> str:
    texts = [mail.text for mail in salon.mailbox.to(address)]
    found = [match[1] for text in texts if (match := re.search(rf"https://\S+/{purpose}/(\S+)", text))]
    return found[-1] if found else "k1.e30.AAAA"


def _client(who: str, call: Callable[[Any, Salon, str], Any]) -> Callable[[Salon, Any, str], None]:
    def run(salon: Salon, portal: Any, key: str) -> None:
        call(portal.client(salon[who]), salon, key)

    return run


def _by_staff(call: Callable[[Any, Salon, str], Any]) -> Callable[[Salon, Any, str], None]:
    def run(salon: Salon, portal: Any, key: str) -> None:
        call(_staff(salon, portal), salon, key)

    return run


def _request_code(salon: Salon, portal: Any, _key: str) -> Learned:
    return {"handle": _visitor(salon, portal).request_code("021 123 4567").handle.reveal()}


def _verify(salon: Salon, portal: Any, key: str) -> Learned:
    signed_in = _visitor(salon, portal).verify_code(salon["handle"], _code(salon), key=key)
    return {"new": signed_in.token.reveal()}


def _guess(salon: Salon, portal: Any, _key: str) -> None:
    wrong = "111111" if _code(salon) != "111111" else "222222"
    _visitor(salon, portal).verify_code(salon["handle"], wrong)


def _deliver(salon: Salon, portal: Any, _key: str) -> None:
    portal.deliver(salon.world.tenant)


def _pay(salon: Salon, portal: Any, key: str) -> None:
    door = portal.client(salon["ana"])
    view = door.pay("i1", DUE, key=key)
    while view.state is PaymentState.UNKNOWN:
        # Somebody died while the provider was asked: the client looks again, until it is known.
        salon.world.clock.advance(timedelta(seconds=61))
        view = door.payment(view.id)


DELIVER = Act("deliver", _deliver, keyed=False, pump=True)

BY_CODE = (
    Act("request_code", _request_code, keyed=False, tells=True),
    Act("verify_code", _verify, needs=("handle",)),
    Act("wrong code", _guess, keyed=False, needs=("handle",)),
    Act("move", _client("ana", lambda on, salon, key: on.move("a1", salon["slots"][0], key=key))),
    Act("move by the new session", _client("new", lambda on, salon, key: on.move("a1", salon["slots"][1], key=key)),
        needs=("new",)),
    Act("cancel", _client("ana", lambda on, _salon, key: on.cancel("a2", key=key))),
    Act("rebook", _client("ben", lambda on, salon, key: on.rebook("b1", salon["slots"][2], key=key))),
    Act("cancel_by_link", lambda salon, portal, _key: _visitor(salon, portal).cancel_by_link(salon["link"]) and None,
        keyed=False),
    Act("move_by_link",
        lambda salon, portal, _key: _visitor(salon, portal).move_by_link(salon["link2"], salon["slots"][3]) and None,
        keyed=False),
    Act("staff_move", _by_staff(lambda on, salon, key: on.move("z1", salon["slots"][4], key=key))),
    Act("staff_cancel", _by_staff(lambda on, _salon, key: on.cancel("h1", key=key))),
    Act("merge", _by_staff(lambda on, _salon, key: on.merge(client("ana"), client("anna"), key=key))),
    Act("undo", _by_staff(lambda on, salon, key: on.undo(salon["merge"], key=key))),
    Act("dismiss", _by_staff(lambda on, _salon, _key: on.dismiss(client("ben"), client("zoe"))), keyed=False),
    Act("update_profile", _client("ben", lambda on, _salon, key: on.update_profile({"first_name": "Benny"}, key=key))),
    Act("add_client", _by_staff(lambda on, _salon, key: on.add_client(
        {"first_name": "Mere", "mobile": "021 555 0100", "email": "mere@example.com"}, key=key))),
    Act("change_client", _by_staff(lambda on, _salon, key: on.change_client(
        client("zoe"), "1", {"last_name": "Hartley"}, key=key))),
    Act("log_out", _client("ben again", lambda on, _salon, _key: on.log_out()), keyed=False, ends=("ben again",)),
    Act("end_sessions", _by_staff(lambda on, _salon, _key: on.end_sessions(client("ana"))), keyed=False,
        ends=("ana", "new")),
    Act("appointment_link", _by_staff(lambda on, _salon, _key: on.appointment_link("b1", send=True)), keyed=False),
    Act("not_me", _client("ben", lambda on, _salon, _key: on.not_me()), keyed=False, ends=("ben",)),
)  # fmt: skip

SHARED = (
    # Elsewhere it is a write for each appointment, and a retry is told of those alone that it has made itself.
    Act("delete_client", _by_staff(lambda on, _salon, key: on.delete_client(client("zoe"), key=key))),
    Act("pay", _pay),
    Act("remove_card", _client("ben", lambda on, _salon, key: on.remove_card("c1", key=key))),
    Act("send_message", _client("ben", lambda on, _salon, key: on.send_message("May I come at ten?", key=key))),
    Act("notify", _by_staff(lambda on, _salon, key: on.notify(client("ben"), "form_sent", section="forms", key=key))),
)
"""Of the business by code, where the platform's sections are in the same database."""


def _register(salon: Salon, portal: Any, key: str) -> Learned:
    consents = dict(salon.world.policy.registration.consents)
    done = _visitor(salon, portal).register("ben@example.com", PASSWORD, consents=consents, key=key)
    return {"registered": done.token.reveal()}


def _log_in(salon: Salon, portal: Any, key: str) -> Learned:
    return {"new": _visitor(salon, portal).log_in("ana@example.com", PASSWORD, key=key).token.reveal()}


def _change_password(salon: Salon, portal: Any, _key: str) -> Learned:
    done = portal.client(salon["ana"]).change_password(ANOTHER, old=PASSWORD)
    return {"ana": done.token.reveal()}


def _verify_email(salon: Salon, portal: Any, key: str) -> Learned:
    done = portal.client(salon["registered"]).verify_email(_link(salon, "ben@example.com", "verify"), key=key)
    return {"registered": done.token.reveal()}


def _reset(salon: Salon, portal: Any, key: str) -> None:
    _visitor(salon, portal).reset_password(_link(salon, "ana@example.com", "reset"), ANOTHER, key=key)


def _accept(salon: Salon, portal: Any, key: str) -> Learned:
    link = _link(salon, "ben@example.com", "invitation")
    return {"invited": _visitor(salon, portal).accept_invitation(link, PASSWORD, key=key).token.reveal()}


def _confirm(salon: Salon, portal: Any, key: str) -> Learned:
    link = _link(salon, "ana@new.example", "change_email")
    return {"ana": portal.client(salon["ana"]).confirm_email_change(link, key=key).token.reveal()}


def _by_link(salon: Salon, portal: Any, key: str) -> Learned:
    link = _link(salon, "ana@example.com", "sign_in")
    return {"by link": _visitor(salon, portal).sign_in_by_link(link, key=key).token.reveal()}


def _wrong_password(salon: Salon, portal: Any, _key: str) -> None:
    _visitor(salon, portal).log_in("ana@example.com", "tui in the kowhai tree")


BY_ACCOUNT = (
    Act("register", _register),
    Act("verify_email", _verify_email, needs=("registered",)),
    Act("log_in", _log_in),
    Act("wrong password", _wrong_password, keyed=False),
    Act("request_reset",
        lambda salon, portal, key: _visitor(salon, portal).request_reset("ana@example.com", key=key) and None),
    Act("reset_password", _reset, ends=("ana", "ana again", "new", "by link")),
    Act("change_password", _change_password, keyed=False, tells=True, ends=("ana again", "new", "by link")),
    Act("change_email", _client("ana", lambda on, _salon, _key: on.change_email("ana@new.example")), keyed=False),
    Act("confirm_email_change", _confirm),
    Act("invite", _by_staff(lambda on, _salon, key: on.invite(client("ben"), key=key))),
    Act("accept_invitation", _accept),
    Act("request_sign_in_link",
        lambda salon, portal, _key: _visitor(salon, portal).request_sign_in_link("ana@example.com") and None,
        keyed=False),
    Act("sign_in_by_link", _by_link),
    Act("link", _by_staff(lambda on, salon, _key: on.link(salon["account"], client("mere"))), keyed=False),
    Act("unlink", _by_staff(lambda on, salon, _key: on.unlink(salon["account"], client("mere"))), keyed=False),
    Act("move by an account", _client("ana again", lambda on, salon, key: on.move("a1", salon["slots"][0], key=key))),
    Act("cancel by an account", _client("new", lambda on, _salon, key: on.cancel("m1", key=key)), needs=("new",)),
    Act("staff reset", _by_staff(lambda on, salon, _key: on.reset_password(salon["account"])), keyed=False),
    Act("log_out_everywhere", _client("ana again", lambda on, _salon, _key: on.log_out_everywhere()), keyed=False,
        ends=("ana", "ana again", "new", "by link")),
)  # fmt: skip

ACTS = {"by code": BY_CODE, "by account": BY_ACCOUNT}

# What comes after what, often enough that whole chains are played.
_CHAINS = {
    "by code": (
        ("request_code", "deliver", "wrong code", "verify_code", "move by the new session"),
        ("request_code", "deliver", "verify_code", "end_sessions"),
        ("merge", "move", "cancel", "deliver"),
        ("log_out", "not_me", "deliver"),
    ),
    "by account": (
        ("register", "deliver", "verify_email"),
        ("request_reset", "deliver", "reset_password"),
        ("invite", "deliver", "accept_invitation"),
        ("change_email", "deliver", "confirm_email_change", "deliver"),
        ("request_sign_in_link", "deliver", "sign_in_by_link"),
        ("log_in", "cancel by an account", "change_password", "deliver"),
    ),
}


def script(salon: Salon, chance: random.Random, length: int = 9) -> list[Act]:
    """A random run of a business: a chain of acts that belong together, with others in between."""
    pool = list(ACTS[salon.name])
    if salon.name == "by code" and salon.world.host.shares_transaction:
        pool += SHARED
    by_name = {act.name: act for act in (*pool, DELIVER)}
    chain = [by_name[name] for name in chance.choice(_CHAINS[salon.name])]
    left = [act for act in pool if act not in chain]
    for act in chance.sample(left, length - len(chain)):
        chain.insert(chance.randint(0, len(chain)), act)
    return [*chain, DELIVER]
