"""Administration: one tab for each subject, run only while it is open."""

import streamlit as st

from app.core.actor import Role
from app.ui import admin_audit, admin_invitations, admin_people, admin_policy, admin_teams
from app.ui.page import page_header, viewer

TABS = {
    "People": admin_people.show,
    "Teams": admin_teams.show,
    "Invitations": admin_invitations.show,
    "Security": admin_policy.show,
    "Audit trail": admin_audit.show,
}

person = viewer(Role.admin)
page_header("Administration", "Only administrators see this page.")
for tab, show in zip(st.tabs(list(TABS), key="tab", bind="query-params"), TABS.values(), strict=True):
    if tab.open:
        with tab:
            show(person)
