"""The one way into the calendar of a board."""

from app.tasks.calendar.feed import Feed, NoSuchFeed, calendar_feed, spend_feed
from app.tasks.calendar.links import calendar_link, make_calendar_link, revoke_calendar_link

__all__ = [
    "Feed",
    "NoSuchFeed",
    "calendar_feed",
    "calendar_link",
    "make_calendar_link",
    "revoke_calendar_link",
    "spend_feed",
]
