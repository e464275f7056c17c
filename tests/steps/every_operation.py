"""Every operation there is, found by looking; and for each what steps it, or why a crash cannot matter."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

from clientportal import operations
from clientportal.operations.frame import Operation
from steps.further_deeds import FURTHER
from steps.house import HOUSES, Deed
from steps.stages import Scene

__all__ = ["DEEDS", "FUNCTIONS", "INSIDE", "PAYING", "READS", "functions", "operations_there_are"]

DEEDS: dict[str, tuple[Callable[[Scene], None], Deed]] = {
    **{name: (house.prepare, deed) for house in HOUSES.values() for name, deed in house.deeds.items()},
    **{name: (further.prepare, further.deed) for name, further in FURTHER.items()},
}
"""What is crashed by ``test_every_operation.py``: the operation -> what it begins with, and the deed."""

INSIDE = {
    "mark_message": "take_message",
    "try_password": "log_in",
    "try_own_password": "confirm_password",
    "may_change_password": "change_password",
    "try_verifying": "verify_with_password",
}
"""Steps of a deed of several commits, which is crashed between them: the operation -> that deed."""

PAYING = ("pay", "settle_payment", "payment_heard", "charge_again", "payment_not_taken", "put_off_payment")
"""Stepped by ``test_paying.py``, where the provider's calls are crashed as well."""

READS = (
    "A unit that was begun to read refuses to commit, so there is nothing that a crash could leave half done. What may "
    "follow is a commit of its own that says as much: that a session was used, or that staff have looked, which is "
    "written before anybody has the answer."
)
"""Why no operation that only reads is stepped one by one; that it is so is a test."""

FUNCTIONS = {
    "deliver": "take_message, mark_message, cancel_for_deletion",
    "walk": "contact_walk",
    "purge": "purge, prune_audit",
    "prune_audit": "prune_audit",
    "seal_audit": "seal_audit, accept_audit",
    "seal_what_is_due": "take_message",
    "import_accounts": "import_account",
    "import_clients": "test_import_crashes.py",
    "export_clients": "export_page",
    "reset_passwords": "reset_passwords",
    "set_password": "set_password",
    "list_clients": "assign_numbers",
    "numbers_given": "assign_numbers",
    "see_client": "assign_numbers",
    "delete_clients": "delete_client",
    "delete_one": "delete_client, cancel_for_deletion",
    "end_sessions_of": "end_sessions",
    "list_documents": "documents_seen",
    "log_in_with_password": "log_in",
    "at_a_place": "log_in",
    "matched": "log_in",
    "prove": "log_in",
    "change_own_password": "change_password",
    "confirm_own_password": "confirm_password",
    "verify_with_password": "verify_with_password",
    "register_client": "register",
    "set_by_link": "reset_password, claim_email, accept_invitation",
    "hash_new": "reset_password",
    "judge_new": "reset_password",
    "pay": "test_paying.py",
    "payment_changed": "test_paying.py",
    "look_at_payment": "test_paying.py",
    "finish_payments": "test_paying.py",
    "ask_about": "test_paying.py",
    "ask_to_charge": "test_paying.py",
    "record": "test_paying.py",
    "ask_elsewhere": "test_elsewhere.py",
    "finish_earlier": "test_elsewhere.py",
    "take_up": "test_elsewhere.py",
    "perform": "all of them",
    "spend_outside": "tests/stores/test_redis_sending.py",
    "note_refusal": "reads",
    "note_action": "reads",
    "check_human": "reads",
    "scan": "reads",
    "rehearse": "reads",
    "replay": "reads",
    "download": "reads",
    "look": "reads",
    "facts_of": "reads",
    "health": "reads",
    "keys_in_use": "reads",
    "budgets_answer": "reads",
    "audit_head": "reads",
    "read_end": "reads",
    "verify_audit": "reads",
}
"""Whatever runs several units one after the other: the function -> the deeds or tests that crash it in between, or
``reads``, where it writes nothing but at most a line of the audit."""


def _modules() -> list[Any]:
    return [
        importlib.import_module(f"{operations.__name__}.{one.name}")
        for one in pkgutil.iter_modules(operations.__path__)
    ]


def operations_there_are() -> dict[str, Operation[Any, Any, Any]]:
    """All of them, by name."""
    return {
        value.name: value for module in _modules() for value in vars(module).values() if isinstance(value, Operation)
    }


def functions() -> set[str]:
    """What an operations module offers that takes the portal's set-up, and so may run several units."""
    return {
        name
        for module in _modules()
        for name in module.__all__
        if inspect.isfunction(found := getattr(module, name))
        and found.__module__ == module.__name__
        and (inspect.iscoroutinefunction(found) or inspect.isasyncgenfunction(found))
        and next(iter(inspect.signature(found).parameters), "") == "setup"
    }
