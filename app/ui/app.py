"""The Streamlit script: who is looking, and which pages there are for them.

Not beside `pages/`: Streamlit would then serve a page without this script, until it has run for the first time.
"""

from pathlib import Path

import streamlit as st

from app.core.actor import Actor, Role
from app.ui.notice_list import bell
from app.ui.page import defect, forget_failure, path_of, viewer
from app.ui.sidebar import sidebar

ROOT = Path(__file__).resolve().parents[2]
MARK = ROOT / "app" / "ui" / "html" / "mark.svg"
# file name, title, icon, the role that it needs
Entry = tuple[str, str, str, Role]
MENU: dict[str, list[Entry]] = {
    "": [
        ("home", "Home", "home", Role.viewer),
        ("board", "Board", "view_kanban", Role.viewer),
        ("analytics", "Analytics", "monitoring", Role.viewer),
        ("datasets", "Datasets", "database", Role.viewer),
        ("queries", "Queries", "query_stats", Role.viewer),
        ("documents", "Documents", "article", Role.viewer),
    ],
    "Reporting": [
        ("templates", "Templates", "dashboard_customize", Role.viewer),
        ("reports", "Reports", "description", Role.viewer),
        ("schedules", "Schedules", "event_repeat", Role.viewer),
        ("deliveries", "Deliveries", "outgoing_mail", Role.viewer),
    ],
    "Workspace": [
        ("jobs", "Jobs", "manufacturing", Role.viewer),
        ("settings", "Settings", "settings", Role.viewer),
        ("monitoring", "Monitoring", "monitor_heart", Role.admin),
        ("admin", "Administration", "admin_panel_settings", Role.admin),
    ],
}


def menu_for(person: Actor) -> dict[str, list[st.Page]]:
    return {
        section: [_page(*entry[:3]) for entry in entries if person.role.includes(entry[3])]
        for section, entries in MENU.items()
    }


def _page(name: str, title: str, icon: str) -> st.Page:
    path = "" if name == "home" else name
    return st.Page(path_of(name), title=title, icon=f":material/{icon}:", url_path=path, default=name == "home")


def main() -> None:
    st.set_page_config(page_title="AutoReport", page_icon=str(MARK), layout="wide")
    st.logo(str(MARK), size="large")
    st.html(ROOT / "app" / "ui" / "html" / "streamlit.css")
    person = viewer()
    page = st.navigation(menu_for(person), position="sidebar", expanded=True)
    sidebar(person)
    bell(person)
    try:
        page.run()
    except Exception as error:
        defect(error)
    forget_failure()


main()
