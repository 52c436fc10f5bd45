"""The one way into what hangs on a card: checklist, comments, notes, files and what it waits for."""

from app.tasks.details.blockers import (
    CardBlocked,
    WaitsInCircle,
    add_blocker,
    blockers,
    check_unblocked,
    possible_blockers,
    remove_blocker,
    touch_waiting,
    waiting,
)
from app.tasks.details.checklist import ItemsMoved, add_item, change_item, checklist, remove_item
from app.tasks.details.comments import comments, delete_comment, edit_comment, on_comment, write_comment
from app.tasks.details.counts import counts
from app.tasks.details.files import (
    attach_file,
    delete_file,
    file_content,
    files,
    forget_files,
    store_file,
    sweep_files,
)
from app.tasks.details.notes import delete_note, edit_note, notes, notes_between, write_note

__all__ = [
    "CardBlocked",
    "ItemsMoved",
    "WaitsInCircle",
    "add_blocker",
    "add_item",
    "attach_file",
    "blockers",
    "change_item",
    "check_unblocked",
    "checklist",
    "comments",
    "counts",
    "delete_comment",
    "delete_file",
    "delete_note",
    "edit_comment",
    "edit_note",
    "file_content",
    "files",
    "forget_files",
    "notes",
    "notes_between",
    "on_comment",
    "possible_blockers",
    "remove_blocker",
    "remove_item",
    "store_file",
    "sweep_files",
    "touch_waiting",
    "waiting",
    "write_comment",
    "write_note",
]
