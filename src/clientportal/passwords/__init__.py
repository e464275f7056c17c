"""The machinery of passwords, which knows no accounts.

================================================================  ==========================
question                                                          file
================================================================  ==========================
may something be hashed just now, and where?                      ``gate.py``
is this the password of that hash, and is the hash still good?    ``hashing.py``
... and where the hash is one of the platform's past?             ``legacy.py``
is this a password that everybody uses?                           ``blocklist.py``
is it known to have leaked?                                       ``breaches.py``
================================================================  ==========================

Whether a new password will do is decided from those facts by ``rules/choosing_passwords.py``.
"""

from clientportal.passwords.blocklist import is_listed
from clientportal.passwords.breaches import BreachCheck, is_breached
from clientportal.passwords.gate import (
    AwaitedGate,
    BlockingGate,
    Hashing,
    HashingBusy,
    HashingLimits,
    PasswordGate,
)
from clientportal.passwords.hashing import Checked, is_recognised
from clientportal.passwords.legacy import Bcrypt, BcryptSha256, PastHashes, Pbkdf2

__all__ = [
    "AwaitedGate",
    "Bcrypt",
    "BcryptSha256",
    "BlockingGate",
    "BreachCheck",
    "Checked",
    "Hashing",
    "HashingBusy",
    "HashingLimits",
    "PasswordGate",
    "PastHashes",
    "Pbkdf2",
    "is_breached",
    "is_listed",
    "is_recognised",
]
