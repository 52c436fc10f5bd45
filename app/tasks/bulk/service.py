"""Many cards at once."""

from app.tasks.bulk.change import change_cards
from app.tasks.bulk.choose import CardsRefused, CountChanged

__all__ = ["CardsRefused", "CountChanged", "change_cards"]
