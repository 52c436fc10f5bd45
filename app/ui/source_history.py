"""What each pull of a source brought, and what became of each thing that was found."""

from typing import Any

import streamlit as st

from app.sources import service as sources
from app.sources.schemas import ItemState, Pull, PullStatus, Source
from app.ui.page import plain, reading, viewer, when

LOOKS = {
    PullStatus.running: ("blue", "play_circle", "Running"),
    PullStatus.completed: ("green", "check_circle", "Done"),
    PullStatus.partial: ("orange", "error", "Incomplete"),
    PullStatus.failed: ("red", "cancel", "Failed"),
}
STATES = {
    ItemState.taken: "Loaded",
    ItemState.duplicate: "Same bytes",
    ItemState.refused: "Refused",
    ItemState.failed: "Not fetched yet",
}
PULLS_SHOWN, ITEMS_SHOWN = 20, 50


def is_running(pull: Pull) -> bool:
    return pull.status is PullStatus.running


def pull_line(pull: Pull) -> None:
    color, icon, word = LOOKS[pull.status]
    st.markdown(f":{color}-badge[:material/{icon}: {word}] {when(pull.ended_at or pull.started_at)}")
    if is_running(pull):
        st.progress(pull.progress, "Looking for what is new" if pull.progress else "Waiting for a worker")
        return
    if words := _in_words(pull):
        st.caption(words)


def history(one: Source) -> None:
    person = viewer()
    with reading() as db:
        pulls = sources.pulls(db, person, one.id, limit=PULLS_SHOWN).items
    chosen = st.pills(
        "Things that it found", list(STATES), format_func=STATES.__getitem__, key=f"items_{one.id}", default=None
    )
    with reading() as db:
        items = sources.items(db, person, one.id, state=chosen, limit=ITEMS_SHOWN).items
    lines = [
        {
            "Name": item.key,
            "State": STATES[item.state],
            "Batches": ", ".join(map(str, item.batch_ids)),
            "Why": item.reason or "",
            "Seen": when(item.seen_at),
        }
        for item in items
    ]
    if lines:
        st.dataframe(lines, hide_index=True, width="stretch")
    else:
        st.caption("Nothing of that kind.")
    st.markdown("**Pulls**")
    st.dataframe([_pull(pull) for pull in pulls], hide_index=True, width="stretch")


def _in_words(pull: Pull) -> str:
    counts = [
        (pull.taken, "loaded"),
        (pull.duplicates, "with the same bytes as before"),
        (pull.refused, "refused"),
        (pull.failed, "not fetched"),
    ]
    things = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    if not things:
        return "" if pull.status is PullStatus.failed else "Nothing new."
    rows = f" · {pull.rows_in:,} rows, {pull.rows_rejected:,} rejected" if pull.rows_in else ""
    batches = f" · batch {', '.join(map(str, pull.batches[:5]))}" if pull.batches else ""
    return plain(things.capitalize() + batches + rows)


def _pull(pull: Pull) -> dict[str, Any]:
    return {
        "When": when(pull.started_at),
        "State": LOOKS[pull.status][2],
        "Loaded": pull.taken,
        "Same": pull.duplicates,
        "Refused": pull.refused,
        "Not fetched": pull.failed,
        "Rows": pull.rows_in,
        "Rejected": pull.rows_rejected,
        "Why": pull.error or "",
    }
