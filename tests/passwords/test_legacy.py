"""Hashes of the platform's past: the published vectors, and what Django and passlib themselves have written."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.passwords import Bcrypt, BcryptSha256, PastHashes, Pbkdf2

KOWHAI = "Kōwhai tree 7 by the ferry"
SEVENTY_TWO = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

PBKDF2 = [
    # RFC 6070, test cases 1 to 3, in passlib's spelling
    ("password", "$pbkdf2$1$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y"),
    ("password", "$pbkdf2$2$c2FsdA$6mwBTcctb4zNHtkqzh1B8NjeiVc"),
    ("password", "$pbkdf2$4096$c2FsdA$SwB5AbdlSJq.rUnZJvch0GWkKcE"),
    # passlib's own tests
    ("password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"),
    (
        "password",
        "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow"
        "$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww",
    ),
    # Django 5.2
    (KOWHAI, "pbkdf2_sha256$260000$Zq3tX9aLm2Kd$90+zL6j/6zS06R7Q9eNjHzwKSa1702IBpxA91KeFWO8="),
    (KOWHAI, "pbkdf2_sha1$1000$Zq3tX9aLm2Kd$vcBpyOvxcEgJPEef+HW+s1wW1PA="),
    # passlib 1.7.4, the last one as its django_pbkdf2_sha256
    (KOWHAI, "$pbkdf2$1000$0boXwjjnvPe.d.6d07pX6g$kuNBnYjIv8ynvP2uYOoSNqozVFE"),
    (KOWHAI, "$pbkdf2-sha256$29000$Xuvd.x.jNCbk/F/rXcs5Rw$5d7fdD.YzHp4ihWn71/G.N2dbzpFm.3DsXdhqTNwjrk"),
    (
        KOWHAI,
        "$pbkdf2-sha512$1000$.z8HIKRUilEKAeCcU2otRQ"
        "$ScxFqolhg.2gdVXVMav9eMbGjEY9G3i/SGoJMzA8jGKCkhWTheHO.OFjiL6RpsgLQ58PfUOnuUO8iuJi4wkeUw",
    ),
    (KOWHAI, "$pbkdf2-sha256$1000$$3ci.BgYEw1iZlJQ4jjReQqLvDTRknEMQMLaoF0b5ExA"),
    (KOWHAI, "pbkdf2_sha256$1000$EEcHliTNqADC$6luylrKaRKZKFSnwTodJY3lCKgJ7j1CxcRH/XHXD9nM="),
]
BCRYPT = [
    # crypt_blowfish 1.3
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    (SEVENTY_TWO + "chars after 72 are ignored", "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"),
    # the package bcrypt 5.0, Django 5.2 and passlib 1.7.4
    (KOWHAI, "$2y$04$.nVQz/Chd2fgjVYLY5ezGOPUjRb8KjLDtjB7RLL.PQgTEDrCb/n2y"),
    (KOWHAI, "$2a$04$4IChd7iTGvyq.GAg2q9jBe9bnXdHkU0YJWS.eX2/mvAljk1URf7jK"),
    (KOWHAI, "bcrypt$$2b$04$BAw1SDtm3wODUVc08yOuUuQnHVJ8iOEMn1eSkfTbEd1yWppnl45YC"),
    (KOWHAI * 5, "$2b$04$I1CM/31.BvXKoiuJDkXvr.AxnE8CI6Hep4evEus0p33/wctJWjKle"),
    (KOWHAI * 5, "$2b$04$PG6YLwP7VdHIffNG75JcCuj31qGweyNuIkrnqvFZlniTsxMBwSwL6"),
]
BCRYPT_SHA256 = [
    # passlib's documentation
    ("password", "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"),
    # Django 5.2
    (KOWHAI, "bcrypt_sha256$$2b$04$8eJTAaaeJ/AdCITeIYgEj.v5shRWizUzEcQ20blJTAxudtgHm9BnW"),
    # passlib 1.7.4, versions 2 and 1
    (KOWHAI, "$bcrypt-sha256$v=2,t=2b,r=4$DV4N3yKI5NG41s4kCPxet.$z7hGAtIKVsvwcS6AQeThttUq0.ExLaa"),
    (KOWHAI, "$bcrypt-sha256$2b,4$7a4XMB/jHjfiCYDqJXcK8O$DThRS3.Qn0xU0xEPUcZFY.z448BuTjW"),
    (KOWHAI * 5, "$bcrypt-sha256$v=2,t=2b,r=4$TCO3241FttUEshALgdUwg.$BhWBLF9b3UdRHpvFAcikhkmNAZZoaSO"),
]
ALL: list[tuple[PastHashes, str, str]] = [
    (kind, password, stored)
    for kind, known in ((Pbkdf2(), PBKDF2), (Bcrypt(), BCRYPT), (BcryptSha256(), BCRYPT_SHA256))
    for password, stored in known
]
KINDS: list[PastHashes] = [Pbkdf2(), Bcrypt(), BcryptSha256()]


@pytest.mark.parametrize(("kind", "password", "stored"), ALL, ids=[stored[:30] for _, _, stored in ALL])
def test_a_hash_that_another_program_wrote_is_verified(kind: PastHashes, password: str, stored: str) -> None:
    """The right password matches, and neither another case nor one without its first character does."""
    assert [kind.recognises(stored), kind.verify(stored, password)] == [True, True]
    assert [kind.verify(stored, password.swapcase()), kind.verify(stored, password[1:])] == [False, False]


@pytest.mark.parametrize(("kind", "password", "stored"), ALL, ids=[stored[:30] for _, _, stored in ALL])
def test_every_hash_belongs_to_one_kind(kind: PastHashes, password: str, stored: str) -> None:
    """So that the order in which a portal is handed them does not matter; the others answer False without raising."""
    assert [type(one) for one in KINDS if one.recognises(stored)] == [type(kind)]
    assert [type(one) for one in KINDS if one.verify(stored, password)] == [type(kind)]


@pytest.mark.parametrize(("kind", "password", "stored"), ALL, ids=[stored[:30] for _, _, stored in ALL])
def test_a_cut_or_changed_hash_matches_nothing(kind: PastHashes, password: str, stored: str) -> None:
    """Also where what is left would be a valid checksum of fewer bytes."""
    other = "A" if stored[-3] != "A" else "B"
    spoilt = [
        stored[:-1],
        stored[:-4],
        stored + "A",
        stored[:-3] + other + stored[-2:],
        stored + "\n",
        " " + stored,
        "",
    ]
    assert [kind.verify(one, password) for one in spoilt] == [False] * len(spoilt)


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (Pbkdf2(), "pbkdf2_sha256$1000000000$Zq3tX9aLm2Kd$90+zL6j/6zS06R7Q9eNjHzwKSa1702IBpxA91KeFWO8="),
        (Pbkdf2(), "pbkdf2_sha256$99999999999999999999$salt$90+zL6j/6zS06R7Q9eNjHzwKSa1702IBpxA91KeFWO8="),
        (Pbkdf2(), "$pbkdf2-sha512$9999999999$c2FsdA$" + "A" * 86),
        (Bcrypt(), "$2b$31$I1CM/31.BvXKoiuJDkXvr.AxnE8CI6Hep4evEus0p33/wctJWjKle"),
        (BcryptSha256(), "$bcrypt-sha256$v=2,t=2b,r=31$DV4N3yKI5NG41s4kCPxet.$z7hGAtIKVsvwcS6AQeThttUq0.ExLaa"),
        (BcryptSha256(), "bcrypt_sha256$$2b$31$8eJTAaaeJ/AdCITeIYgEj.v5shRWizUzEcQ20blJTAxudtgHm9BnW"),
    ],
)
def test_a_planted_hash_of_absurd_cost_is_not_computed(kind: PastHashes, stored: str) -> None:
    """A billion rounds would hold a place for minutes; it matches nothing, at once."""
    begun = time.perf_counter()
    assert not kind.verify(stored, KOWHAI)
    assert time.perf_counter() - begun < 0.5


def test_how_much_a_hash_may_cost_is_the_host_s_choice() -> None:
    """A platform that knows its rounds can draw the line closer."""
    password, stored = PBKDF2[2]
    assert [Pbkdf2(most).verify(stored, password) for most in (4095, 4096)] == [False, True]
    assert [Bcrypt(most).verify(BCRYPT[0][1], "U*U") for most in (4, 5)] == [False, True]


@pytest.mark.parametrize(
    "stored",
    [
        "$2b$03$I1CM/31.BvXKoiuJDkXvr.AxnE8CI6Hep4evEus0p33/wctJWjKle",
        "bcrypt_sha256$$2b$00$8eJTAaaeJ/AdCITeIYgEj.v5shRWizUzEcQ20blJTAxudtgHm9BnW",
        "$pbkdf2-sha256$1000$A$3ci.BgYEw1iZlJQ4jjReQqLvDTRknEMQMLaoF0b5ExA",
        "pbkdf2_sha256$1000$salt$6luylrKaRKZKFSnwTodJY3lCKgJ7j1CxcRH/XHXD9nM",
        "pbkdf2_sha256$１000$salt$6luylrKaRKZKFSnwTodJY3lCKgJ7j1CxcRH/XHXD9nM=",
        "pbkdf2_sha256$0$salt$6luylrKaRKZKFSnwTodJY3lCKgJ7j1CxcRH/XHXD9nM=",
    ],
)
def test_a_hash_that_its_library_would_choke_on_matches_nothing(stored: str) -> None:
    """Too few rounds, base64 of an impossible length, digits of another script: False, not an error."""
    assert [kind.verify(stored, KOWHAI) for kind in KINDS] == [False, False, False]


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_text_makes_it_raise(stored: str, password: str) -> None:
    """Whatever an import has put into the column."""
    for kind in KINDS:
        assert not kind.recognises(stored)
        assert not kind.verify(stored, password)


@given(st.text(max_size=40))
def test_no_password_makes_it_raise(password: str) -> None:
    """Blank, with a NUL, with half of a surrogate pair: wrong, as any other."""
    assert not Pbkdf2().verify(PBKDF2[0][1], password + "?")
    assert not BcryptSha256().verify(BCRYPT_SHA256[2][1], password)
    assert not Bcrypt().verify(BCRYPT[3][1], password)


def test_bcrypt_has_no_more_than_seventy_two_bytes_of_a_password() -> None:
    """A hash of the past cannot know more; a longer password is no error, though the library makes it one."""
    stored = BCRYPT[2][1]
    assert [Bcrypt().verify(stored, SEVENTY_TWO + tail) for tail in ("", "x", "é" * 400)] == [True, True, True]
    assert not Bcrypt().verify(stored, SEVENTY_TWO[:-1] + "x")


def test_without_the_extra_the_portal_says_so_when_it_is_built() -> None:
    """Not when the first client logs in; and importing the package needs no extra."""
    program = (
        "import sys\n"
        "import clientportal.passwords as passwords\n"
        "assert 'bcrypt' not in sys.modules\n"
        "sys.modules['bcrypt'] = None\n"
        "passwords.Pbkdf2()\n"
        "for kind in (passwords.Bcrypt, passwords.BcryptSha256):\n"
        "    try:\n"
        "        kind()\n"
        "    except ImportError as error:\n"
        "        assert \"pip install 'clientportal[bcrypt]'\" in str(error), error\n"
        "    else:\n"
        "        raise AssertionError('built without its extra')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
