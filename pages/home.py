"""Home: what needs me."""

import streamlit as st

from app.ui.home_view import first_steps, latest_reports, my_cards, next_sends, trouble
from app.ui.notice_list import new_for_me
from app.ui.page import page_header, plain, viewer

person = viewer()
page_header("Home", f"Good to see you, {plain(person.name.split()[0])}.")
first_steps(person)
left, right = st.columns([3, 2], gap="large")
with left:
    new_for_me(person)
    trouble(person)
    my_cards(person)
with right:
    latest_reports(person)
    next_sends(person)
