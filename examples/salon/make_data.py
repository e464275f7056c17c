"""Makes the salon's CSV files, the same ones every time: ``python make_data.py``.

The files are kept next to this script; it is here to show what is in them and to change them. Every day in them is
counted from the day of the run (``-30`` is thirty days ago, ``7`` is in a week), so that the story works on any day.
All people and numbers are made up.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
CLIENTS, APPOINTMENTS = 300, 500


def words(text: str) -> list[str]:
    """One name after another."""
    return text.split()


FIRST = words("""
    Amelia Anahera Anika Aria Ashok Ben Brianna Caleb Charlotte Chen Daniel Devi Eleni Elijah Emma Ethan Fetu Finn
    Freya George Grace Hana Harper Hemi Hine Holly Isla Jack James Jasmine Josh Kahu Kiri Lachlan Leilani Liam Lily
    Lucas Manaia Māia Mason Mei Mia Mikaere Ngaio Nikau Noah Olivia Oscar Pania Priya Quinn Rangi Rāwiri Rosa Ruby
    Samoa Sanjay Siân Sina Sofía Tama Tāne Te-Rina Theo Tui Vikram Wiremu Xiu Yuki Zara Zoë
""")
LAST = words("""
    Anderson Apanui Bennett Brown Chand Chen Clarke Cooper Davies Faleolo Fraser Gupta Harris Henare Huang Hughes
    Ioane Jackson Kaur Kelly Kereama King Kumar Lee Li Mahuta Martin McDonald Mitchell Moana Müller Nguyễn O'Brien
    Parata Patel Pereira Rangihuna Rewi Roberts Robinson Ropata Scott Singh Smith Sopoaga Stewart Tamihere Tautahi
    Taylor Thompson Tipene Tuilagi Walker Wang Watson White Williams Wilson Wong Wright Young
""")
STREETS = ("Bond Street", "Dominion Road", "Great North Road", "Mt Eden Road", "Ponsonby Road", "Richmond Road")
DOMAINS = ("example.com", "example.org", "example.net")

# id, name, minutes, price, can be booked online
SERVICES = (
    ("cut", "Cut and blow-wave", 45, "75.00", "yes"),
    ("trim", "Fringe trim", 15, "20.00", "yes"),
    ("colour", "Full colour", 120, "190.00", "yes"),
    ("foils", "Half head of foils", 105, "165.00", "yes"),
    ("treatment", "Keratin treatment", 90, "220.00", "no"),
    ("beard", "Beard and neck", 30, "35.00", "yes"),
)
STAFF = ("Mia", "Sione", "Priyanka")
TIMES = ("08:30", "09:15", "10:30", "11:30", "13:00", "14:15", "15:30", "16:30")

CLIENT_COLUMNS = (
    "id", "first_name", "last_name", "mobile", "phone", "email", "street", "city", "postcode", "since", "notes",
)  # fmt: skip
APPOINTMENT_COLUMNS = ("id", "client", "service", "staff", "day", "time", "made", "status")


def mobile_in_some_spelling(number: str, chance: random.Random) -> str:
    """``215550123`` as people write it: 021…, +64 21…, 0064…, with brackets, dots, hyphens, or nothing at all."""
    net, first, last = number[:2], number[2:5], number[5:]
    return chance.choice(
        (
            f"0{net} {first} {last}",
            f"0{net}{first}{last}",
            f"(0{net}) {first}-{last}",
            f"0{net}.{first}.{last}",
            f"0{net}-{first}-{last}",
            f"+64 {net} {first} {last}",
            f"+64{net}{first}{last}",
            f"+64 (0){net} {first} {last}",
            f"0064 {net} {first} {last}",
            f"0064{net}{first}{last}",
            f" 0{net}/{first} {last} ",
        )
    )


def landline_in_some_spelling(last: int, chance: random.Random) -> str:
    """An Auckland landline; it stands in the phone field, where it cannot log in."""
    return chance.choice((f"09 555 {last:04}", f"(09) 555 {last:04}", f"+64 9 555 {last:04}", f"09-555-{last:04}"))


def plain(name: str) -> str:
    """A name as people put it in an address: without macrons, small."""
    letters = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in letters if letter.isascii())


def people_of_the_story() -> list[dict[str, str]]:
    """The ones that the run tells of, and the odd rows that every real client list has."""
    rows = (
        # Aroha is in the list twice: once by the front desk, once by an online booking. Same mobile, other spelling.
        ("C-0001", "Aroha", "Ngata", "021 555 0142", "09 555 0142", "aroha.ngata@example.com", "-1460",
         "Allergic to ammonia."),
        ("C-0002", "Aroha", "Ngāta-King", "+64 (0)21 555-0142", "", "aroha@example.org", "-35", ""),
        # A household: Mere and her daughter Kaia share one mobile, and are two people.
        ("C-0003", "Mere", "Tipene", "027 555 0163", "", "mere.tipene@example.com", "-900", ""),
        ("C-0004", "Kaia", "Tipene", "(027) 555 0163", "", "", "-200", "Mere's daughter."),
        # A recycled number: Trevor gave it up years ago, Zoë got it from her provider.
        ("C-0005", "Trevor", "Blunt", "0225550177", "", "trevor.blunt@example.net", "-2100", ""),
        ("C-0006", "Zoë", "Chen", "022.555.0177", "", "zoe.chen@example.com", "-80", ""),
        # Nobody can text these.
        ("C-0007", "Wiremu", "Parata", "", "(09) 555 0101", "wiremu@example.com", "-700", "No mobile, likes to ring."),
        ("C-0008", "Grace", "O'Brien", "", "", "", "-400", "Walks in."),
        ("C-0009", "Hemi", "Walker", "ask his wife", "", "hemi@example.com", "-300", ""),
        ("C-0010", "Lily", "Wong", "021 555 01", "", "lily.wong(at)example.com", "-120", "Number was cut off."),
        ("C-0011", "Noah", "Fraser", "027 555 0110 ext 4", "", "", "-90", ""),
        ("C-0012", "Sina", "Faleolo", "555 0119 (mum)", "", "sina@example", "-60", ""),
        # Wrong field: a landline among the mobiles reads well, but takes no SMS.
        ("C-0013", "George", "Kelly", "09 555 0188", "", "george.kelly@example.com", "-1000", ""),
        # The same person by email only.
        ("C-0014", "Priya", "Patel", "021 555 0151", "", "Priya.Patel@Example.com", "-600", ""),
        ("C-0015", "P.", "Patel", "", "", "priya.patel@example.com", "-20", ""),
    )  # fmt: skip
    names = ("id", "first_name", "last_name", "mobile", "phone", "email", "since", "notes")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    found[0] |= {"street": "12 Ponsonby Road", "city": "Auckland", "postcode": "1011"}
    return found


def appointments_of_the_story() -> list[tuple[str, ...]]:
    """client, service, staff, day, time, made, status."""
    return [
        ("C-0001", "colour", "Mia", "-410", "10:30", "-430", "completed"),
        ("C-0001", "cut", "Mia", "-180", "14:15", "-200", "completed"),
        ("C-0001", "cut", "Mia", "-95", "14:15", "-120", "completed"),
        ("C-0001", "foils", "Sione", "19", "13:00", "-40", "confirmed"),
        ("C-0002", "cut", "Priyanka", "-28", "16:30", "-35", "completed"),
        ("C-0002", "cut", "Mia", "1", "08:30", "-14", "confirmed"),
        ("C-0002", "colour", "Priyanka", "8", "10:30", "-9", "confirmed"),
        ("C-0003", "foils", "Mia", "5", "13:00", "-30", "confirmed"),
        ("C-0004", "trim", "Sione", "12", "15:30", "-3", "confirmed"),
        ("C-0005", "beard", "Sione", "-1500", "11:30", "-1510", "completed"),
        ("C-0006", "cut", "Priyanka", "3", "11:30", "-6", "confirmed"),
    ]


def crowd(chance: random.Random, first: int, last: int) -> Iterable[dict[str, str]]:
    """Everybody else: each with a mobile of their own, a few entered twice."""
    numbers = [f"{net}555{rest:04}" for net in ("21", "22", "27") for rest in range(200, 1000)]
    chance.shuffle(numbers)
    earlier: list[dict[str, str]] = []
    for count in range(first, last + 1):
        given, family = chance.choice(FIRST), chance.choice(LAST)
        number = numbers[count]
        row = {
            "id": f"C-{count:04}",
            "first_name": given,
            "last_name": family,
            "mobile": mobile_in_some_spelling(number, chance) if chance.random() < 0.93 else "",
            "phone": landline_in_some_spelling(chance.randrange(200, 9999), chance) if chance.random() < 0.25 else "",
            "email": f"{plain(given)}.{count}@{chance.choice(DOMAINS)}" if chance.random() < 0.7 else "",
            "since": str(-chance.randrange(20, 2000)),
            "number": number,
        }
        if chance.random() < 0.3:
            row |= {
                "street": f"{chance.randrange(1, 300)} {chance.choice(STREETS)}",
                "city": "Auckland",
                "postcode": chance.choice(("1010", "1011", "1021", "1024")),
            }
        if earlier and chance.random() < 0.03:
            twin = chance.choice(earlier)
            row |= {"first_name": twin["first_name"], "mobile": mobile_in_some_spelling(twin["number"], chance)}
        elif row["mobile"]:
            earlier.append(row)
        yield row


def visits(chance: random.Random, clients: Sequence[str], count: int) -> Iterable[tuple[str, ...]]:
    """Past and upcoming appointments, each chair at each time taken once."""
    taken = {(staff, day, time) for _, _, staff, day, time, _, _ in appointments_of_the_story()}
    while count:
        day, time, staff = chance.randrange(-400, 25), chance.choice(TIMES), chance.choice(STAFF)
        if day == 0 or (staff, str(day), time) in taken:
            continue
        taken.add((staff, str(day), time))
        made = min(day, 0) - chance.randrange(1, 40)
        done = chance.choices(("completed", "cancelled", "no_show"), (90, 7, 3))[0]
        service = chance.choices([service[0] for service in SERVICES], (50, 10, 12, 12, 4, 12))[0]
        status = done if day < 0 else "confirmed"
        yield chance.choice(clients), service, staff, str(day), time, str(made), status
        count -= 1


def write(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One file, with unix line ends whatever the machine."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> None:
    """Write all three."""
    chance = random.Random(64)
    known = people_of_the_story()
    others = list(crowd(chance, len(known) + 1, CLIENTS))
    write("clients.csv", CLIENT_COLUMNS, ([row.get(name, "") for name in CLIENT_COLUMNS] for row in known + others))
    story = appointments_of_the_story()
    rest = visits(chance, [row["id"] for row in others], APPOINTMENTS - len(story))
    write(
        "appointments.csv",
        APPOINTMENT_COLUMNS,
        ((f"A-{number:04}", *row) for number, row in enumerate([*story, *rest], start=1)),
    )
    write("services.csv", ("id", "name", "minutes", "price", "online"), ([*map(str, row)] for row in SERVICES))


if __name__ == "__main__":
    main()
