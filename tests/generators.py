"""Seeded data for tests and benchmarks: the same bytes on every machine."""

import csv
import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

SEED = 64
# Of 10,000: passed, only the currency wrong, only the amount wrong, both wrong.
PUBLISHED_SPLIT = (6000, 2999, 668, 333)
CURRENCIES = ["USD", "EUR", "GBP", "AUD", "JPY", "CAD"]
ALLOWED_CURRENCIES = CURRENCIES[:4]
CHANNELS = ["card", "transfer", "cash", "wallet"]
BAD_AMOUNT_SHARE = 0.1
TRANSACTION_COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True, "unique": True},
    {"name": "amount", "type": "decimal", "decimals": 2, "required": True, "exclusive_min": 0},
    {"name": "currency", "required": True, "allowed": ALLOWED_CURRENCIES, "transform": ["trim", "upper"]},
    {"name": "channel", "required": True, "allowed": CHANNELS},
]


def transactions(count: int = 10_000, seed: int = SEED) -> Iterator[tuple[int, str, str, str]]:
    """Each tenth amount is -50, each third currency is not allowed; the two know nothing of each other."""
    dice = random.Random(seed)
    for number in range(1, count + 1):
        cents = dice.randint(1_000, 500_000)
        amount = "-50" if dice.random() < BAD_AMOUNT_SHARE else f"{cents / 100:.2f}"
        yield number, amount, dice.choice(CURRENCIES), dice.choice(CHANNELS)


def transactions_csv(count: int = 10_000, seed: int = SEED) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column["name"] for column in TRANSACTION_COLUMNS])
    writer.writerows(transactions(count, seed))
    return text.getvalue().encode()


COUNTRIES = ["US", "GB", "DE", "FR", "IN", "JP", "BR", "AU", "CA", "NL"]
START = datetime(2025, 1, 1, tzinfo=UTC)
# 28 rules with the two cross-column ones below, over 12 columns.
ORDER_COLUMNS: list[dict[str, Any]] = [
    {"name": "order_id", "type": "integer", "required": True, "unique": True},
    {"name": "reference", "required": True, "pattern": r"^TXN-\d{6,10}$"},
    {"name": "email", "pattern": r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"},
    {"name": "amount", "type": "decimal", "decimals": 2, "required": True, "exclusive_min": 0, "max": 1_000_000},
    {"name": "quantity", "type": "integer", "required": True, "min": 1, "max": 1000},
    {"name": "unit_price", "type": "decimal", "decimals": 2, "required": True, "exclusive_min": 0},
    {"name": "currency", "required": True, "allowed": ALLOWED_CURRENCIES},
    {"name": "country", "required": True, "allowed": COUNTRIES},
    {"name": "created_at", "type": "timestamp", "required": True},
    {"name": "ship_date", "type": "date"},
    {"name": "is_priority", "type": "boolean", "required": True},
    {"name": "note", "max_length": 200},
]
ORDER_RULES = [
    {"name": "ships_after_order", "expression": "ship_date >= date(created_at)"},
    {"name": "amount_adds_up", "expression": "abs(amount - quantity * unit_price) <= 0.01"},
]


def orders(count: int, bad_share: float = 0.05, seed: int = SEED) -> Iterator[list[str]]:
    dice = random.Random(seed)
    for number in range(1, count + 1):
        quantity, cents = dice.randint(1, 40), dice.randint(100, 20_000)
        created = START + timedelta(seconds=dice.randrange(30_000_000))
        row = [
            str(number),
            f"TXN-{number:08d}",
            f"user{dice.randrange(200_000)}@example.com",
            f"{quantity * cents / 100:.2f}",
            str(quantity),
            f"{cents / 100:.2f}",
            dice.choice(ALLOWED_CURRENCIES),
            dice.choice(COUNTRIES),
            created.strftime("%Y-%m-%dT%H:%M:%S"),
            (created + timedelta(days=dice.randrange(10))).date().isoformat(),
            dice.choice(["true", "false"]),
            dice.choice(["", "", "plain note", 'says "hello", twice', "Grüße, bitte klingeln"]),
        ]
        yield _spoilt(dice, row) if dice.random() < bad_share else row


def _spoilt(dice: random.Random, row: list[str]) -> list[str]:
    place, value = dice.choice(
        [(1, "BAD-1"), (2, "nobody"), (3, "-5.00"), (4, "0"), (6, "XXX"), (7, "ZZ"), (8, "soon"), (9, "2020-01-01")]
    )
    row[place] = value
    return row


def write_orders(path: str, count: int, bad_share: float = 0.05, seed: int = SEED) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123  a path from the command line
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column["name"] for column in ORDER_COLUMNS])
        writer.writerows(orders(count, bad_share, seed))
