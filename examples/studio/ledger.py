"""The ledger of the week: every appointment, whose account it is, and why."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from opening import Studio
from screen import dim, table

WHY = {
    "booked_logged_in": "booked logged in (A8a)",
    "booked_before_proof": "booked before the account was made; email proved (A8b)",
    "unless_ambiguous": "booked by staff; nobody else has any of this email (A8c)",
    "assign": "staff said so (A11)",
    None: "",
}
NOBODY = {
    "logged out": "logged out: waits for a proof or for staff (A8b, A9)",
    "by staff": "by staff; two accounts share this email (A8c)",
}


@define
class Ledger:
    """What was booked, in order, and how; ``names`` says whose an account is."""

    studio: Studio
    names: dict[str, str] = field(factory=dict)
    booked: dict[str, str] = field(factory=dict)
    before: Mapping[str, str] = field(factory=dict)

    def add(self, id: str, how: str) -> None:
        """One more booking."""
        self.booked[id] = how

    def show(self) -> None:
        """The whole ledger, as staff see it (A13); what has changed since it was last shown is marked."""
        desk = self.studio.staff()
        rows: list[tuple[str, str, str, str, str]] = []
        for id, how in self.booked.items():
            assigned = desk.assignment(id).assigned
            name = "nobody" if assigned is None else self.names[assigned.account]
            rule = None if assigned is None else assigned.because.partition(";")[0].rpartition(".")[2]
            why = NOBODY[how] if assigned is None else WHY[rule]
            rows.append((id.partition("/")[0], how, name, why, "" if self.before.get(id) == name else "now"))
        self.before = {id: row[2] for id, row in zip(self.booked, rows, strict=True)}
        table((("", 3), ("booked", 12), ("account", 8), ("because", 58), ("", 3)), rows)
        print(dim(f"  {len(rows)} appointments"))
        print()
