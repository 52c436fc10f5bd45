"""Columns by exactly their names: to Polars, `*` means all columns and `^a.*$` those that match."""

import polars as pl
from polars import selectors


def named(name: str) -> pl.Expr:
    means_several = name == "*" or (name.startswith("^") and name.endswith("$"))
    return selectors.by_name(name).as_expr() if means_several else pl.col(name)
