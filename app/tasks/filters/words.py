"""The words of the filter language: fields, and the values that some of them know."""

PRIORITIES = ("low", "medium", "high", "urgent")
CATEGORIES = {
    "in_progress": "in_progress",
    "in-progress": "in_progress",
    "in progress": "in_progress",
    "accomplishment": "accomplishment",
    "accomplishments": "accomplishment",
    "highlight": "highlight",
    "highlights": "highlight",
}
NAMES = ("status", "lane", "label", "assignee", "author")
PEOPLE = ("assignee", "author")
PAST = ("created", "updated", "completed", "archived")
DATES = ("due", "start", *PAST)
TEXTS = ("title", "description", "comment")
FIELDS = (*NAMES, "priority", "category", *DATES, "estimate", "is", "has", *TEXTS)
ALIASES = {
    "column": "status",
    "swimlane": "lane",
    "labels": "label",
    "tag": "label",
    "assigned": "assignee",
    "assignees": "assignee",
    "by": "author",
    "creator": "author",
    "prio": "priority",
    "changed": "updated",
    "finished": "completed",
    "points": "estimate",
    "comments": "comment",
}
# Those that can be asked for with `none` and `any`.
OPTIONAL = ("lane", "label", "assignee", "due", "start", "completed", "archived", "estimate", "description")
NONE = {"none": True, "nobody": True, "any": False, "anybody": False}
STATES = {
    "open": "open",
    "done": "done",
    "completed": "done",
    "overdue": "overdue",
    "stale": "stale",
    "blocked": "blocked",
    "archived": "archived",
    "unassigned": "unassigned",
}
THINGS = {
    "comment": "comment",
    "comments": "comment",
    "file": "file",
    "files": "file",
    "checklist": "checklist",
    "note": "note",
    "notes": "note",
    "label": "label",
    "labels": "label",
    "assignee": "assignee",
    "assignees": "assignee",
    "description": "description",
    "estimate": "estimate",
    "due": "due",
    "start": "start",
}
PERIODS = {
    "today": "today",
    "yesterday": "yesterday",
    "tomorrow": "tomorrow",
    "this-week": "this week",
    "last-week": "last week",
    "next-week": "next week",
    "this-month": "this month",
    "last-month": "last month",
    "next-month": "next month",
    "this-year": "this year",
    "last-year": "last year",
    "next-year": "next year",
}
