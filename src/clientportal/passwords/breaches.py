"""Is this password known to have leaked? The answer comes from a service of the host's choice, behind a port.

NIST SP 800-63B-4 3.1.1.2 has new passwords compared with those of known breaches. The service may be a list on the own
disk or one on the network; of the second it gets no more than it needs (a prefix of a digest, never the password).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from clientportal.passwords.gate import PasswordGate
from clientportal.values import Secret

__all__ = ["BreachCheck", "is_breached"]

BreachCheck: TypeAlias = Callable[[Secret], bool] | Callable[[Secret], Awaitable[bool]]
"""Says whether a password is known to have leaked. May raise anything; awaited ones are for the async portal."""

LONGEST = timedelta(seconds=3)

_log = logging.getLogger("clientportal.passwords")


async def is_breached(check: BreachCheck | None, password: Secret, gate: PasswordGate) -> bool:
    """Whether the password is known to have leaked, as far as anybody can tell within three seconds.

    A service that is down, slow or absent must not keep anybody from registering, and the rules on length and the
    shipped blocklist hold all the same: so no answer counts as "not breached", and is logged as a warning, with the
    kind of the failure and nothing else.
    """
    if check is None:
        return False
    try:
        if inspect.iscoroutinefunction(check):
            return bool(await gate.within(LONGEST, check(password)))
        answer = await gate.run(partial(check, password), LONGEST)
        if inspect.isawaitable(answer):  # an object whose __call__ is async
            answer = await gate.within(LONGEST, answer)
        return bool(answer)
    except Exception as error:
        # The name alone: an HTTP client's message has the address that was asked, and that has the digest.
        problem = type(error).__name__
    _log.warning("the breach check gave no answer (%s); the password counts as not breached", problem)
    return False
