"""A day at Kōwhai Hair, a salon in Auckland, told through its client portal.

    python examples/salon/run.py            # go on with the file from last time, or make it
    python examples/salon/run.py --fresh    # begin again
    python examples/salon/run.py --db /tmp/salon.db
    python examples/salon/run.py --serve    # no story: the portal's pages, on this machine (--port 8765)

At a terminal you type the codes that arrive on the phone; where there is none, the script types them.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

try:
    from opening import BUSINESS, ZONE, Salon, open_salon

    from clientportal import Appointment, InvalidCode, Permission, RecordRef, Refused, StoreError, When
    from clientportal.doors import ClientDoor, StaffDoor
    from clientportal.outcomes import CodeSent, DuplicateGroup, MergePlan, SignedIn
    from clientportal.values import in_zone
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed here. From the folder of the checkout:\n"
        "  python3 -m venv .venv && .venv/bin/pip install -e '.[sql,web]' && .venv/bin/python examples/salon/run.py"
    )
from screen import bold, dim, green, handset, progress, readable_anywhere, red, say, scene, small, table, yellow

HERE = Path(__file__).parent
AROHA, AROHA_AGAIN = RecordRef.client("C-0001"), RecordRef.client("C-0002")


def day(instant: datetime) -> str:
    return f"{in_zone(instant, ZONE):%a %d %b %Y, %H:%M}"


def name_of(ref: RecordRef | None) -> str:
    return "no record yet" if ref is None else f"record {ref.id if len(ref.id) < 12 else ref.id[:8] + '…'}"


# --- 1: opening ----------------------------------------------------------------------------------------------------


def opening(file: Path) -> Salon:
    scene(1, "Opening the salon")
    began = time.perf_counter()
    salon = open_salon(file)
    if salon.seen_before:
        say("This file has seen a run before; in the salon it is the day after, and its diary was imported anew.")
    say(f"It is {bold(day(salon.clock()))} in Auckland.")
    print()
    small("database", str(file))
    small("imported", f"{salon.clients} clients, {salon.appointments} appointments, {salon.slots} free times")
    small("policy", "presets.timely(region='NZ'): code by SMS, found by mobile, changes until 24 hours before")
    print()
    say("The first walk over the contacts: every spelling of a number becomes one key.")
    report = salon.portal.walk_contacts(
        BUSINESS, progress=lambda seen: progress(seen.records, salon.clients, "records read")
    )
    print()
    small("contacts", f"{report.contacts} in {report.records} records, {report.shared} of them in several records")
    small("unreadable", f"{report.unreadable_count}; each can be mended by staff and is matched with nobody until then")
    for one in report.unreadable:
        print(f"{' ' * 20}{one.ref.id}  {one.field.value:<8}{yellow(one.problem.replace('_', ' '))}")
    small("took", f"{time.perf_counter() - began:.1f} s")
    return salon


# --- 2: logging in -------------------------------------------------------------------------------------------------


def log_in(salon: Salon, typed_number: str) -> SignedIn | None:
    """Ask for a code, deliver it, type it: three tries, as a login page would give."""
    visitor = salon.portal.visitor(BUSINESS, source="192.0.2.7")
    print(f"    Your mobile number: {bold(typed_number)}")
    sent = visitor.request_code(typed_number)
    before = len(salon.phones.received)
    salon.portal.deliver(BUSINESS)
    for message in salon.phones.received[before:]:
        handset(message.to, message.text)
    right = re.findall(r"\d{6}", salon.phones.received[-1].text)[0]
    for tries_left in (2, 1, 0):
        code = ask_for_code(sent, right)
        try:
            signed_in = visitor.verify_code(sent.handle, code)
        except (InvalidCode, Refused) as error:
            print(f"    {red(error.client_text if isinstance(error, Refused) else str(error))}")
            if tries_left:
                say(
                    f"The code is the {sent.digits} digits on the phone above; tries left here: {tries_left}.", indent=4
                )
            continue
        print(f"    {green('✓ logged in')} {dim(f'to {name_of(signed_in.record)}, until {day(signed_in.expires_at)}')}")
        return signed_in
    say("That was three times. Run the example again for a new code: this one stays good for nobody.", indent=4)
    return None


def ask_for_code(sent: CodeSent, right: str) -> str:
    prompt = f"    The code you received ({sent.digits} digits): "
    if sys.stdin.isatty():
        try:
            return input(prompt)
        except EOFError:
            print()
    print(f"{prompt}{bold(right)} {dim('(typed by the script)')}")
    return right


# --- 3: what the client does ---------------------------------------------------------------------------------------


def show(appointments: Sequence[Appointment], title: str) -> None:
    print(f"  {bold(title)}")
    if not appointments:
        say(dim("nothing"), indent=4)
        return
    table(
        (("", 6), ("when", 22), ("what", 20), ("with", 9), ("price", 10), ("", 9)),
        [
            (one.id[:6], day(one.start), one.service_name, one.staff_name, str(one.price or ""), one.status.value)
            for one in appointments
        ],
    )


def lists_of(door: ClientDoor) -> tuple[Sequence[Appointment], Sequence[Appointment]]:
    return door.appointments(When.UPCOMING).items, door.appointments(When.PAST).items


def client_looks(door: ClientDoor) -> None:
    scene(3, "What she sees")
    profile = door.profile()
    say(f"{profile.first_name} {profile.last_name} · {profile.mobile} · {profile.email}")
    print()
    upcoming, past = lists_of(door)
    show(upcoming, "Upcoming")
    print()
    show(past, "Past")
    print()
    say("Notes and custom fields are not here: no policy can show them to a client.")


def client_moves(salon: Salon, door: ClientDoor) -> None:
    scene(4, "She moves her colour")
    (colour,) = [one for one in door.appointments().items if one.service_id == "colour"]
    until = door.change_terms(colour.id).move.until
    say(f"{colour.service_name} on {day(colour.start)} may be moved until {day(until or colour.start)}. Free times:")
    free = door.slots(colour.id, colour.start + timedelta(days=1), colour.start + timedelta(days=5), limit=3)
    table((("", 1), ("when", 22), ("with", 9)), [("•", day(slot.start), slot.staff_name) for slot in free])
    moved = door.move(colour.id, free[0].id)
    print()
    print(f"  {green('✓ moved')} to {bold(day(moved.appointment.start))} with {moved.appointment.staff_name}")


def client_cancels_too_late(door: ClientDoor, staff: StaffDoor) -> None:
    scene(5, "She wants to cancel tomorrow's cut")
    cut = door.appointments().items[0]
    try:
        door.cancel(cut.id)
    except Refused as refused:
        small("she reads", red(refused.client_text))
        small("staff read", refused.staff_text)
        because = staff.explain_change(cut.id).because["cancel"]
        for part in because.split("; "):
            label, _, text = part.partition(": ")
            small(f"  {label}" if text else "  rule", text or label)
    else:
        raise AssertionError("the cut could be cancelled, though it is less than 24 hours away")
    print()
    say("The same words on the website, in a link, and for staff: they come from one rule.")


# --- 4: a stranger -------------------------------------------------------------------------------------------------


def stranger(salon: Salon, count: int) -> ClientDoor | None:
    scene(6, "Somebody new")
    say("This number is on no record. Asking for a code looks exactly the same; only the right code tells.")
    print()
    signed_in = log_in(salon, f"029 555 {count:04}")
    if signed_in is None:
        return None
    door = salon.portal.client(signed_in.token)
    print()
    profile = door.profile()
    filled = {
        name: value for name in ("first_name", "last_name", "email", "mobile") if (value := getattr(profile, name))
    }
    small("new record", "yes, an empty one" if signed_in.new_record else "no")
    small("what is in it", ", ".join(f"{name} {value}" for name, value in filled.items()))
    upcoming, past = lists_of(door)
    small("appointments", f"{len(upcoming)} upcoming, {len(past)} past")
    return door


# --- 5: the staff --------------------------------------------------------------------------------------------------


def duplicate_report(staff: StaffDoor) -> None:
    scene(7, "The staff's duplicate report")
    groups: list[DuplicateGroup] = []
    after: str | None = None
    while True:
        page = staff.duplicates(after=after)
        groups += page.groups
        after = page.next
        if after is None:
            break
    say(f"{len(groups)} groups of records share a mobile or an email:")
    print()
    table(
        (("records", 15), ("names", 40), ("because they share", 34)),
        [
            (
                ", ".join(ref.id for ref in group.refs),
                " / ".join(group.names),
                ", ".join(sorted({f"{key.kind} {key.value}" for one in group.evidence for key in one.shared})),
            )
            for group in groups[:8]
        ],
    )
    if len(groups) > 8:
        print(dim(f"  … and {len(groups) - 8} more"))
    print()
    for first, second, why in (
        ("C-0003", "C-0004", "mother and daughter, one phone"),
        ("C-0005", "C-0006", "he gave the number up, she got it: a recycled number"),
    ):
        fresh = staff.dismiss(RecordRef.client(first), RecordRef.client(second))
        note = "" if fresh else dim(" (known)")
        print(f"  {green('✓')} {first} and {second} are {bold('not')} the same: {why}{note}")
    whose = staff.explain_contact("022 555 0177")
    print()
    small("who gets in?", f"{whose.contact} opens {bold(str(whose.record))}: of several the one who booked last")


def side_by_side(plan: MergePlan) -> None:
    shown = []
    marks = []
    for choice in plan.fields:
        sources = {choice.source: choice.value, **{other.ref: other.value for other in choice.others}}
        values = [sources.get(ref) or "–" for ref in (plan.survivor, *plan.absorbed)]
        if choice.value is None:
            continue
        where = choice.source.id if choice.source is not None else ""
        shown.append((choice.field, *values, choice.value, where))
        marks.append("conflict" if choice.conflict else "")
    columns = (
        ("", 10),
        (f"{plan.survivor.id} (stays)", 18),
        (f"{plan.absorbed[0].id}", 17),
        ("together", 17),
        ("from", 7),
    )
    table(columns, shown, marks)


def merge_and_undo(staff: StaffDoor, aroha: ClientDoor) -> None:
    scene(8, "Aroha is in the list twice")
    plan = staff.plan_merge(AROHA, AROHA_AGAIN)
    side_by_side(plan)
    print()
    counts = ", ".join(f"{ref.partition(':')[2]}: {number}" for ref, number in sorted(plan.appointments.items()))
    small("appointments", counts)
    for line in plan.evidence:
        small("evidence", str(line).replace("client:", ""))
    print()
    before = count(aroha)
    merged = staff.merge(AROHA, AROHA_AGAIN)
    together = count(aroha)
    print(
        f"  {green('✓ merged')} – her open session, without a new login: {before} → {bold(f'{together} appointments')}"
    )
    print()
    upcoming, past = lists_of(aroha)
    show([*upcoming, *past], "What she sees now")
    undone = staff.undo(merged.merges[0])
    alone = bold(f"{count(aroha)} appointments")
    print()
    print(f"  {green('✓ undone')} – {undone.absorbed.id} stands by itself again; her session: {together} → {alone}")


def count(door: ClientDoor) -> int:
    return sum(map(len, lists_of(door)))


def the_audit(staff: StaffDoor) -> None:
    scene(9, "What the audit kept")
    lines = staff.audit(limit=200).items
    wanted = {"request_code", "verify_code", "move", "cancel", "merge", "undo", "dismiss"}
    kept = [line for line in reversed(lines) if line.action in wanted][-10:]
    table(
        (("who", 24), ("did", 14), ("to", 26), ("and it was", 12)),
        [(line.actor, line.action, line.subject, line.outcome) for line in kept],
    )


# --- 6: the same as pages ------------------------------------------------------------------------------------------


def offer_pages(salon: Salon, port: int) -> int:
    """All of it to click: asked at a terminal, told elsewhere."""
    print()
    if not sys.stdin.isatty():
        say("All of it as web pages, every section to click: run this again with --serve.")
        salon.store.close()
        return 0
    say("All of it as web pages, every section to click, served on this machine alone.")
    try:
        answer = input(f"  Open {bold(f'http://localhost:{port}/')} in a browser? [y/N] ")
    except EOFError:
        answer = ""
        print()
    if answer.strip().lower() not in ("y", "yes"):
        say("Another time: run this with --serve.")
        salon.store.close()
        return 0
    return serve_pages(salon, port, browser=True)


def serve_pages(salon: Salon, port: int, *, browser: bool = False) -> int:
    """The pages, as far as what they need is installed."""
    try:
        from serve import serve
    except ModuleNotFoundError as missing:
        print(f"\n  The pages need {missing.name}: .venv/bin/pip install -e '.[sql,web]'")
        return 1
    try:
        return serve(salon, port, browser=browser)
    finally:
        salon.store.close()


def main() -> int:
    """The whole day."""
    readable_anywhere()
    arguments = argparse.ArgumentParser(description="A day at a salon, told through its client portal.")
    arguments.add_argument("--db", type=Path, default=HERE / "salon.db", help="the SQLite file (default: %(default)s)")
    arguments.add_argument("--fresh", action="store_true", help="begin with an empty file")
    arguments.add_argument("--serve", action="store_true", help="no story: serve the portal's pages on this machine")
    arguments.add_argument("--port", type=int, default=8765, help="where to serve them (default: %(default)s)")
    given = arguments.parse_args()
    if given.fresh:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{given.db}{suffix}").unlink(missing_ok=True)
    began = time.perf_counter()
    print(f"\n  {bold('Kōwhai Hair')} {dim('– a client portal, end to end')}")
    try:
        salon = opening(given.db)
    except StoreError as error:
        print(f"\n  {error}. Is {given.db} of an earlier version? Begin again with --fresh.")
        return 1
    if given.serve:
        return serve_pages(salon, given.port)
    staff = salon.portal.staff(BUSINESS, actor="mia", permissions=frozenset(Permission), reason="the example")

    scene(2, "A client logs in")
    say("Aroha types her number as one does in New Zealand. Her records have it in two other spellings.")
    print()
    signed_in = log_in(salon, "021-555 0142")
    if signed_in is None:
        return 1
    aroha = salon.portal.client(signed_in.token)
    client_looks(aroha)
    client_moves(salon, aroha)
    client_cancels_too_late(aroha, staff)
    if stranger(salon, 100 + salon.clock.day.toordinal() % 9000) is None:
        return 1
    duplicate_report(staff)
    merge_and_undo(staff, aroha)
    the_audit(staff)
    print()
    took = time.perf_counter() - began
    say(f"That was {took:.1f} s. Run it again: the file is still there, and so is what was learned.")
    return offer_pages(salon, given.port)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # whoever reads along has seen enough: run.py | head
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit("\n  Closed early.")
