"""The one way into the calendar of a board."""

from app.tasks.calendar.dates import MOST as MOST_DATED
from app.tasks.calendar.dates import dated_cards
from app.tasks.calendar.feed import Feed, NoSuchFeed, calendar_feed, spend_feed
from app.tasks.calendar.links import calendar_link, make_calendar_link, revoke_calendar_link

__all__ = [
    "MOST_DATED",
    "Feed",
    "NoSuchFeed",
    "calendar_feed",
    "calendar_link",
    "dated_cards",
    "make_calendar_link",
    "revoke_calendar_link",
    "spend_feed",
]
