"""Files of any size for the rules of `tests.generators`, made by Polars: `python -m … PATH ROWS [BAD_SHARE]`."""

import sys
from pathlib import Path

import polars as pl

from tests.generators import ALLOWED_CURRENCIES, COUNTRIES, ORDER_COLUMNS, SEED, START

PART = 250_000
NOTES = ["", "", "plain note", 'says "hello", twice', "Grüße, bitte klingeln"]
SPOILT = {"email": "nobody", "amount": "-5.00", "quantity": "0", "currency": "XXX", "created_at": "soon"}
NAMES = [column["name"] for column in ORDER_COLUMNS]


def write_large(path: Path, rows: int, bad_share: float = 0.05) -> None:
    with path.open("wb") as file:
        file.write(",".join(NAMES).encode() + b"\n")
        for first in range(1, rows + 1, PART):
            part = _spoilt(_part(first, min(PART, rows + 1 - first)), first, bad_share)
            part.write_csv(file, include_header=False)


def _dice(rows: int, seed: int, sides: int) -> pl.Series:
    return (pl.int_range(rows, eager=True).hash(seed=SEED * seed) % sides).cast(pl.Int64())


def _part(first: int, rows: int) -> pl.DataFrame:
    dice = {name: _dice(rows, first + place, 1_000_000_007) for place, name in enumerate(NAMES)}
    start = int(START.timestamp())
    return pl.DataFrame(dice).select(
        pl.int_range(first, first + rows).alias("order_id"),
        pl.concat_str(pl.lit("TXN-"), pl.int_range(first, first + rows).cast(pl.String()).str.zfill(8)).alias(
            "reference"
        ),
        pl.concat_str(pl.lit("user"), pl.col("email") % 200_000, pl.lit("@example.com")).alias("email"),
        _money((1 + pl.col("quantity") % 40) * (100 + pl.col("unit_price") % 20_000)).alias("amount"),
        (1 + pl.col("quantity") % 40).alias("quantity"),
        _money(100 + pl.col("unit_price") % 20_000).alias("unit_price"),
        _pick("currency", ALLOWED_CURRENCIES),
        _pick("country", COUNTRIES),
        _moment(start + pl.col("created_at") % 30_000_000).dt.to_string("%Y-%m-%dT%H:%M:%S").alias("created_at"),
        _moment(start + pl.col("created_at") % 30_000_000 + 86_400 * (pl.col("ship_date") % 10))
        .dt.to_string("%Y-%m-%d")
        .alias("ship_date"),
        _pick("is_priority", ["true", "false"]),
        _pick("note", NOTES),
    )


def _money(cents: pl.Expr) -> pl.Expr:
    return pl.concat_str(cents // 100, pl.lit("."), (cents % 100).cast(pl.String()).str.zfill(2))


def _moment(seconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(seconds, time_unit="s")


def _pick(name: str, choices: list[str]) -> pl.Expr:
    return pl.lit(pl.Series(choices)).gather(pl.col(name) % len(choices)).alias(name)


def _spoilt(part: pl.DataFrame, first: int, bad_share: float) -> pl.DataFrame:
    """Of the bad rows each has one wrong value."""
    fate = _dice(len(part), first + len(NAMES), 1_000_000)
    bad = fate < int(bad_share * 1_000_000)
    return part.with_columns(
        pl.when(bad & (fate % len(SPOILT) == place)).then(pl.lit(wrong)).otherwise(pl.col(name)).alias(name)
        for place, (name, wrong) in enumerate(SPOILT.items())
    )


if __name__ == "__main__":
    write_large(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.05)
