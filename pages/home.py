"""Home: what needs me."""

from app.ui.page import page_header, viewer

person = viewer()
page_header(f"Good to see you, {person.name}", "What needs you today.")
