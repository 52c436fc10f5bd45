"""Two small tables of a shop: seeded, so that everybody sees the same sample, with honest mistakes in them."""

import csv
import io
import random
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

SEED = 20_260_101
DAYS = 120
PRODUCTS = {"Desk lamp": 39.0, "Office chair": 219.0, "Standing desk": 549.0, "Monitor arm": 89.0, "Notebook": 6.5}
REGIONS = ["North", "South", "East", "West"]
CHANNELS = ["Shop", "Web", "Partner"]
TOPICS = ["Delivery", "Invoice", "Defect", "Question", "Return"]
PRIORITIES = ["low", "medium", "high"]
BROKEN_SHARE = 0.03


def sales_csv(until: date) -> bytes:
    """About 2,100 orders of the DAYS before `until`; about 3 % of them break a rule."""
    dice = random.Random(SEED)  # noqa: S311  a sample, not a secret
    rows = []
    for number, day in enumerate(_busy_days(dice, until, 14, 28), start=1):
        product, price = dice.choice(list(PRODUCTS.items()))
        quantity = dice.choice([1, 1, 1, 2, 2, 3, 5, 10])
        row = [
            f"S-{number:05d}",
            day.isoformat(),
            dice.choice(REGIONS),
            dice.choice(CHANNELS),
            product,
            str(quantity),
            f"{price * quantity * dice.uniform(0.9, 1.05):.2f}",
        ]
        rows.append(_perhaps_broken(dice, row, {1: "soon", 2: "Nrth", 5: "0", 6: "-12.00"}))
    return _csv(["order_id", "ordered_on", "region", "channel", "product", "quantity", "amount"], rows)


def tickets_csv(until: date) -> bytes:
    """About 740 support tickets of the DAYS before `until`; about 3 % of them break a rule."""
    dice = random.Random(SEED + 1)  # noqa: S311  a sample, not a secret
    rows = []
    for number, day in enumerate(_busy_days(dice, until, 4, 11), start=1):
        opened = datetime.combine(day, time(dice.randrange(8, 18), dice.randrange(60)))
        closed = opened + timedelta(hours=dice.choice([1, 3, 6, 20, 30, 55, 90]))
        row = [
            f"T-{number:04d}",
            opened.isoformat(),
            closed.isoformat() if closed.date() <= until and dice.random() > 0.06 else "",
            dice.choice(TOPICS),
            dice.choices(PRIORITIES, [5, 3, 1])[0],
            str(dice.choices([1, 2, 3, 4, 5], [1, 1, 3, 6, 6])[0]),
        ]
        rows.append(_perhaps_broken(dice, row, {0: "", 1: "yesterday", 4: "urgent!!", 5: "11"}))
    return _csv(["ticket_id", "opened_at", "closed_at", "topic", "priority", "satisfaction"], rows)


def _busy_days(dice: random.Random, until: date, least: int, most: int) -> Iterable[date]:
    """Each working day many times, with a slow upward trend; weekends are quiet."""
    for back in range(DAYS, 0, -1):
        day = until - timedelta(days=back)
        weekend = day.weekday() >= 5
        trend = 1 + 0.3 * (DAYS - back) / DAYS
        for _ in range(int(dice.randint(least, most) * trend * (0.25 if weekend else 1))):
            yield day


def _perhaps_broken(dice: random.Random, row: list[str], mistakes: dict[int, str]) -> list[str]:
    if dice.random() < BROKEN_SHARE:
        position, value = dice.choice(list(mistakes.items()))
        row[position] = value
    return row


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()
