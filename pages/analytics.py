"""Analytics: how work flows over one board or all of them, for any past days, told from the history of the cards."""

import streamlit as st

from app.tasks import service as tasks
from app.ui.address import id_in_address
from app.ui.analytics_choice import choose
from app.ui.analytics_view import SECTIONS, headline, sentences, show
from app.ui.board_missed import is_missed, say_missed
from app.ui.page import empty_state, page_header, path_of, reading, viewer

person = viewer()
page_header("Analytics", "How work flows, for any past days. Every figure comes from the history of the cards.")
with reading() as db:
    lines = tasks.boards(db, person)
if not lines:
    empty_state("monitoring", "No board yet", "As soon as cards move over a board, this page shows how they flow.")
    st.page_link(path_of("board"), label="To the boards", icon=":material/view_kanban:")
    st.stop()
missed = st.container()
board, query = choose(person, lines, id_in_address("board"))
if is_missed(lines):
    with missed:
        say_missed(lines, board)
with st.spinner("Reading the history …", show_time=True), reading() as db:
    metrics = tasks.board_metrics(db, person, board, query) if board else tasks.task_analytics(db, person, query)
headline(metrics)
sentences(metrics)
section = st.segmented_control("Show", list(SECTIONS), default="Flow", required=True, label_visibility="collapsed")
for exhibit in SECTIONS[str(section)]:
    show(metrics, exhibit)
