"""Settings: about me, what I am told, how and where I am signed in, my API keys. A tab runs only while it is open."""

import streamlit as st

from app.ui.my_access import my_keys, my_sessions
from app.ui.my_notices import my_notices
from app.ui.my_profile import my_password, my_profile
from app.ui.my_security import my_security
from app.ui.page import page_header, viewer

TABS = {
    "Profile": my_profile,
    "Notices": my_notices,
    "Password": my_password,
    "Security": my_security,
    "Sessions": my_sessions,
    "API keys": my_keys,
}

person = viewer()
page_header("Settings")
for tab, show in zip(st.tabs(list(TABS), key="tab", bind="query-params"), TABS.values(), strict=True):
    if tab.open:
        with tab:
            show(person)
