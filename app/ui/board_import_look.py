"""What a file would become, and what can be chosen about it."""

from collections import Counter
from typing import Any

import streamlit as st

from app.tasks.exchange.schemas import MAX_COLUMNS, FoundCsv, ImportPreview, Report, What
from app.ui.dataset_upload import DELIMITERS
from app.ui.page import plain

FIELDS = {
    "title": "Title", "description": "Description", "column": "Column", "lane": "Lane", "labels": "Labels",
    "assignees": "People", "priority": "Priority", "category": "Category", "start": "Start", "due": "Due",
    "estimate": "Estimate", "created": "Created", "completed": "Completed", "archived": "Archived",
    "checklist": "Checklist", "number": "Number",
}  # fmt: skip
TITLES: dict[What, tuple[str, str]] = {
    "left": ("Not taken over", "block"),
    "kept": ("Kept as text on the card", "notes"),
    "changed": ("Changed to fit", "build"),
    "taken": ("Taken over", "check"),
}
NOT_READ = "–"


def show_look(preview: ImportPreview) -> dict[str, list[str] | None]:
    """The answer is what was chosen: the columns that complete a card, and the lists that become columns at all."""
    with st.container(horizontal=True, gap="large"):
        st.metric("Cards", f"{preview.cards:,}")
        st.metric("Archived", f"{preview.archived:,}")
        st.metric("Lines of history", f"{preview.transitions:,}")
        st.metric("Comments", f"{preview.comments:,}")
    columns = _lists(preview)
    names = [column.name for column in preview.columns if not column.closed]
    guessed = [column.name for column in preview.columns if column.is_done and not column.closed]
    held = {column.name: column.cards for column in preview.columns}
    st.caption("Columns: " + plain(", ".join(f"{name} ({held[name]})" for name in names)))
    done = st.multiselect(
        "Columns that mean done",
        names,
        guessed,
        key=f"board_import_done_{hash(tuple(names))}",
        help="A card in one of these is completed. Times are counted until it got there.",
        placeholder="None",
    )
    people_lines(preview)
    report_lines(preview)
    return {"done": done, "columns": columns}


def _lists(preview: ImportPreview) -> list[str] | None:
    """Only asked where a choice has to be made; None leaves it as it is."""
    if not any(column.left_out for column in preview.columns):
        return None
    shown = list(dict.fromkeys(column.name for column in preview.columns if column.left_out or not column.closed))
    now = [column.name for column in preview.columns if not column.closed]
    picked = st.multiselect(
        f"Lists that become columns ({len(now)} of {len(shown)})",
        shown,
        now,
        max_selections=MAX_COLUMNS,
        key=f"board_import_columns_{hash(tuple(shown))}",
        help=f"A board may have {MAX_COLUMNS} columns. Cards of the other lists go to the archive, where each "
        "keeps its history and can be brought back.",
        placeholder="None",
    )
    if not picked:
        st.warning("Choose at least one list.", icon=":material/warning:")
    return None if not picked or sorted(picked) == sorted(now) else picked


def people_lines(preview: Report) -> None:
    strangers = [person.name for person in preview.people if person.matched is None]
    matched = len(preview.people) - len(strangers)
    if preview.people:
        text = f"{matched} of {len(preview.people)} people of the file have an account here."
        names = plain(", ".join(strangers[:20])) + (" …" if len(strangers) > 20 else "")
        st.caption(f"{text} Kept as names only: {names}." if strangers else text)


def report_lines(report: Report) -> None:
    """One fold for each fate, the most important first."""
    counts = Counter(line.what for line in report.lines)
    for what, (title, icon) in TITLES.items():
        if not counts[what]:
            continue
        with st.expander(f"{title} ({counts[what]})", icon=f":material/{icon}:"):
            rows = [
                {"What": line.text, "Times": line.count, "For example": "; ".join(line.examples)}
                for line in report.lines
                if line.what == what
            ]
            st.dataframe(rows, hide_index=True, width="stretch", alt=title)


def csv_choices(found: FoundCsv) -> dict[str, Any]:
    """Which column of the file is what; what is not read becomes text in the description."""
    chosen: dict[str, str] = {}
    unread = [name for name in dict.fromkeys(found.header) if name and name not in found.mapping.values()]
    with st.expander("How the file is read", icon=":material/table_rows:"):
        st.caption(f"Encoding {plain(found.encoding)}. Columns that are not read become text in the description.")
        delimiter = st.selectbox(
            "Delimiter",
            list(DELIMITERS),
            list(DELIMITERS).index(found.delimiter) if found.delimiter in DELIMITERS else 0,
            format_func=DELIMITERS.__getitem__,
            key="board_import_delimiter",
        )
        options = [NOT_READ, *dict.fromkeys(found.header)]
        columns = st.columns(2)
        for place, (field, label) in enumerate(FIELDS.items()):
            usual = options.index(found.mapping[field]) if field in found.mapping else 0
            picked = columns[place % 2].selectbox(
                label, options, usual, key=f"board_import_map_{field}_{hash(tuple(options))}"
            )
            if picked != NOT_READ:
                chosen[field] = picked
        leave = st.multiselect(
            "Columns that are left out altogether",
            unread,
            key=f"board_import_leave_{hash(tuple(unread))}",
            help="All others that have no meaning here stand as text in the description of their card.",
            placeholder="None",
        )
        if trouble := _trouble(chosen):
            st.warning(trouble, icon=":material/warning:")
            chosen = found.mapping
    return {"mapping": chosen, "delimiter": delimiter, "leave": leave}


def _trouble(chosen: dict[str, str]) -> str:
    if "title" not in chosen:
        return "Choose the column that holds the titles."
    twice = next((name for name, uses in Counter(chosen.values()).items() if uses > 1), None)
    return f"“{plain(twice)}” is chosen twice." if twice else ""
