"""Filters for cards: read, told in words, as a condition, and kept."""

from app.tasks.filters.condition import condition, zone_named
from app.tasks.filters.describe import describe
from app.tasks.filters.faults import FilterError
from app.tasks.filters.parse import parse
from app.tasks.filters.saved import (
    FilterNameTaken,
    TooManyFilters,
    change_filter,
    choose_default_filter,
    delete_filter,
    save_filter,
    saved_filters,
    saved_filters_page,
)

__all__ = [
    "FilterError",
    "FilterNameTaken",
    "TooManyFilters",
    "change_filter",
    "choose_default_filter",
    "condition",
    "delete_filter",
    "describe",
    "parse",
    "save_filter",
    "saved_filters",
    "saved_filters_page",
    "zone_named",
]
