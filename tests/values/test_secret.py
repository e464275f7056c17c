"""A secret shows itself through reveal() alone."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import sys
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import SecretUsedAsText
from clientportal.values import Secret

CANARY = "canary-7f3a-9d21"


@attrs.frozen
class _Holder:
    name: str
    token: Secret


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(CANARY)),
        str(Secret(CANARY)),
        f"{Secret(CANARY)}",
        f"{Secret(CANARY)!r:>40}",
        f"{Secret(CANARY):>40}",
        f"{Secret(CANARY)!s}",
        "%s %r" % (Secret(CANARY), Secret(CANARY)),  # noqa: UP031
        "{0} {0!r}".format(Secret(CANARY)),
        str([Secret(CANARY)]),
        repr({"token": Secret(CANARY)}),
        ascii(Secret(CANARY)),
        repr(_Holder("ana", Secret(CANARY))),
        str(attrs.asdict(_Holder("ana", Secret(CANARY)))),
        str(attrs.astuple(_Holder("ana", Secret(CANARY)))),
        str(dir(Secret(CANARY))),
    ],
)
def test_no_way_of_formatting_shows_the_text(shown: str) -> None:
    """repr, str, format, containers and attrs all show the mask."""
    assert CANARY not in shown


def test_the_mask_does_not_tell_the_length() -> None:
    """A short secret and a long one look alike."""
    assert {"Secret('…')"} == {repr(Secret("")), repr(Secret("x")), str(Secret("x" * 999))}


def test_reveal_gives_the_text_back() -> None:
    """The one way in which it is meant."""
    assert Secret(CANARY).reveal() == CANARY


def test_a_log_never_has_the_text() -> None:
    """As argument, as message, as extra and in a logged exception."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(token)s %(args)s", defaults={"token": ""}))
    logger = logging.getLogger("clientportal.tests.secret")
    logger.propagate = False
    logger.addHandler(handler)
    secret = Secret(CANARY)
    try:
        logger.warning("token %s %r", secret, secret, extra={"token": secret})
        logger.warning(secret)
        try:
            raise ValueError(secret)
        except ValueError:
            logger.exception("failed with %s", secret)
    finally:
        logger.removeHandler(handler)
    assert ("…" in stream.getvalue(), CANARY in stream.getvalue()) == (True, False)


def test_a_traceback_with_locals_never_has_the_text() -> None:
    """Crash reporters print every local variable."""

    def fail(token: Secret) -> None:
        held = _Holder("ana", token)
        raise RuntimeError(held)

    try:
        fail(Secret(CANARY))
    except RuntimeError:
        kind, error, frames = sys.exc_info()
        told = traceback.TracebackException(kind, error, frames, capture_locals=True)  # type: ignore[arg-type]
        text = "".join(told.format())
    assert ("held = " in text, CANARY in text) == (True, False)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [Secret(CANARY), [Secret(CANARY)], _Holder("ana", Secret(CANARY))])
def test_a_secret_cannot_be_pickled(protocol: int, value: object) -> None:
    """Caches and task queues pickle; the text would lie there in clear. Every protocol refuses, and says why."""
    with pytest.raises(SecretUsedAsText, match=r"reveal\(\)") as caught:
        pickle.dumps(value, protocol)
    assert CANARY not in str(caught.value)


def test_json_refuses_it() -> None:
    """A secret is no JSON value, and the refusal does not show it."""
    with pytest.raises(TypeError) as caught:
        json.dumps({"token": Secret(CANARY)})
    assert CANARY not in str(caught.value)


def test_a_copy_is_the_same_secret() -> None:
    """Copying a value that holds one keeps it wrapped."""
    secret = Secret(CANARY)
    copies = [
        copy.copy(secret),
        copy.deepcopy(secret),
        copy.deepcopy([secret])[0],
        copy.copy(_Holder("a", secret)).token,
    ]
    assert all(one is secret for one in copies)


def test_asdict_leaves_it_wrapped() -> None:
    """attrs.asdict goes into attrs classes and containers, but not into a secret."""
    assert {"name": "ana", "token": Secret(CANARY)} == attrs.asdict(_Holder("ana", Secret(CANARY)))


def test_it_has_no_dict() -> None:
    """vars() is what many reporters fall back to."""
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_a_secret_is_no_text() -> None:
    """It cannot be joined, added or compared with text by accident."""
    secret = Secret(CANARY)
    assert secret != CANARY
    with pytest.raises(TypeError):
        "".join([secret])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        "token " + secret  # type: ignore[operator]


@given(st.text(), st.text())
def test_secrets_compare_by_their_text(one: str, other: str) -> None:
    """Equality, hash and truth are those of the text, lone surrogates and other scripts included."""
    first, second = Secret(one), Secret(other)
    assert ((one == other), bool(one)) == (first == second, bool(first))
    assert hash(Secret(one)) == hash(first)


def test_broken_text_compares() -> None:
    """A lone surrogate neither fails nor equals something else."""
    assert (Secret("\ud800") == Secret("\ud800"), Secret("\ud800") == Secret("?")) == (True, False)
