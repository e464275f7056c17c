"""Who may see, or send something to, a view of the platform's own that is for clients: for every framework alike."""

from __future__ import annotations

from clientportal.doors import ClientDoor
from clientportal.errors import Refused
from clientportal.outcomes import SignInStage
from clientportal.rules.viewing import judge_look

__all__ = ["refusal_of"]

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


def refusal_of(door: ClientDoor, method: str) -> Refused | None:
    """Why a session opens nothing to a request of that method; ``None`` where it does.

    The attack: staff who may look through a client's eyes, and move nothing there, order in the client's name in a shop
    of the platform's own, which knows of clients alone. So what is sent in such a session is refused here too.
    """
    try:
        session = door.current_session()
        if session.stage is not SignInStage.DONE:
            # Somebody is still to choose, or to prove more: whatever shows a client says which.
            door.sections()
    except Refused as refused:
        return refused
    no = judge_look(session.viewer, "a view of the platform's own", writes=method not in _SAFE)
    return None if no is None else door._setup.refused(no, door._caller.tenant)
