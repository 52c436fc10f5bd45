"""One template on the page: its blocks, parameters, look, preview, findings and versions."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.queries.periods import RelativeDay, RelativePeriod
from app.reports import service as reports
from app.sharing.schemas import Kind, Level
from app.tasks import service as tasks
from app.templates import service as templates
from app.templates.schemas import Finding, TemplateContent
from app.ui.board import named_apart
from app.ui.page import action, confirm, path_of, plain, reading, when
from app.ui.parameter_form import parameter_inputs
from app.ui.report_view import document
from app.ui.share_dialog import sharing_line
from app.ui.template_blocks import KINDS, Choices, block_label, edit_block
from app.ui.template_draft import Draft, close_draft, open_draft, sentence

SECTIONS = ["Blocks", "Parameters", "Look", "Preview", "Versions"]
TYPES = ["text", "integer", "number", "date", "boolean", "choice", "period"]


def show_template(person: Actor, template_id: UUID) -> None:
    with reading() as db:
        saved = templates.template(db, person, template_id)
    draft = open_draft(saved)
    may_write = person.role.includes(Role.author) and saved.level is Level.edit
    if st.button("All templates", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    st.title(plain(saved.name), anchor=False)
    st.caption(f"Version {saved.version} · saved {when(saved.changed_at)}")
    sharing_line(person, Kind.template, saved.id)
    bar = st.container()  # above the blocks, but filled last: only then it is known what was changed
    section = st.segmented_control("Part", SECTIONS, default="Blocks", label_visibility="collapsed", required=True)
    if section == "Preview":
        _preview(person, draft)
    elif section == "Versions":
        _versions(person, draft, may_write)
    elif not may_write:
        _read_only(draft)
    else:
        editors: dict[str, Callable[[Actor, Draft], None]] = {
            "Blocks": _blocks,
            "Parameters": _parameters,
            "Look": _look,
        }
        editors[section or "Blocks"](person, draft)
    with bar:
        _actions(person, draft, may_write)
    if draft.outdated:
        draft.outdated = False
        st.rerun()


def choices_for(person: Actor, draft: Draft) -> Choices:
    with reading() as db:
        found = datasets.datasets(db, person)
        boards = tasks.boards(db, person)
    sources = {each.name: [(column.name, str(column.type)) for column in each.definition.columns] for each in found}
    periods = [each["name"] for each in draft.parameters if each["type"] == "period"]
    names = [each["name"] for each in draft.parameters]
    return Choices(sources, {str(board): name for board, name in named_apart(boards).items()}, periods, names)


def _blocks(person: Actor, draft: Draft) -> None:
    choices = choices_for(person, draft)
    for place, block in enumerate(list(draft.blocks)):
        key = f"{draft.edition}_{block['id']}"
        with st.expander(plain(block_label(block)), icon=f":material/{KINDS[block['kind']][1]}:", key=f"{key}_open"):
            draft.blocks[place] = edit_block(block, choices, key)
            draft.outdated |= _shape(draft.blocks[place]) != _shape(block)
            _block_actions(draft, place, key)
    st.caption("Add a block")
    with st.container(horizontal=True):
        for kind, (name, icon) in KINDS.items():
            st.button(
                name,
                icon=f":material/{icon}:",
                key=f"add_{kind}",
                on_click=draft.add,
                args=(kind, choices.sources, choices.boards),
            )


def _shape(block: dict[str, Any]) -> tuple[str, int]:
    """What stands above the fields it depends on: the label, and the list of conditions."""
    return block_label(block), len(block.get("query", {}).get("filters", []))


def _block_actions(draft: Draft, place: int, key: str) -> None:
    block = draft.blocks[place]
    last = place == len(draft.blocks) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"id: `{block['id']}`")
        st.button(
            "Up", icon=":material/arrow_upward:", key=f"{key}_up", on_click=draft.move, args=(block["id"], -1),
            disabled=place == 0,
        )  # fmt: skip
        st.button(
            "Down", icon=":material/arrow_downward:", key=f"{key}_dn", on_click=draft.move, args=(block["id"], 1),
            disabled=last,
        )  # fmt: skip
        if st.button("Remove", icon=":material/delete:", key=f"{key}_remove"):

            def remove() -> None:
                draft.remove(block["id"])
                st.rerun()

            confirm(
                f"Remove “{plain(block_label(block))}”?", verb="Remove", act=remove, detail="Saved versions keep it."
            )


def _parameters(_person: Actor, draft: Draft) -> None:
    st.caption("Asked for when a report is made; a schedule uses the defaults. In texts: `{{ name }}`.")
    for place, parameter in enumerate(list(draft.parameters)):
        key = f"{draft.edition}_parameter_{place}_{len(draft.parameters)}"
        with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
            draft.parameters[place] = _parameter(parameter, key)
            st.button(
                "Remove", icon=":material/close:", key=f"{key}_drop", on_click=draft.remove_parameter, args=(place,)
            )
    if st.button("Add parameter", icon=":material/add:"):
        taken = {each["name"] for each in draft.parameters}
        name = next(each for number in range(1, 60) if (each := f"parameter_{number}") not in taken)
        draft.parameters.append({"name": name, "type": "text", "default": None})
        st.rerun()


def _parameter(parameter: dict[str, Any], key: str) -> dict[str, Any]:
    name = st.text_input("Name", parameter["name"], max_chars=40, key=f"{key}_name", width=160)
    label = st.text_input("Shown as", parameter.get("label", ""), max_chars=100, key=f"{key}_label", width=160)
    kind = st.selectbox("Type", TYPES, TYPES.index(parameter["type"]), key=f"{key}_type", width=120)
    changed = {**parameter, "name": name, "label": label, "type": kind}
    if kind == "choice":
        options = st.text_input("Choices", ", ".join(parameter.get("options", [])), key=f"{key}_options", width=220)
        changed["options"] = [each.strip() for each in options.split(",") if each.strip()]
    default = parameter.get("default") if kind == parameter["type"] else None
    return {**changed, "default": _default(kind, default, key)}


def _default(kind: str, default: Any, key: str) -> Any:
    moving = {"period": [each.value for each in RelativePeriod], "date": [each.value for each in RelativeDay]}.get(kind)
    if moving and not isinstance(default, dict):
        place = moving.index(default) if default in moving else None
        return st.selectbox(
            "Default",
            moving,
            place,
            format_func=lambda name: name.replace("_", " ").capitalize(),
            key=f"{key}_default_{kind}",
            width=180,
            placeholder="Ask for it",
        )
    if kind == "boolean":
        return st.checkbox("Default", bool(default), key=f"{key}_default_{kind}")
    if isinstance(default, dict):
        st.caption(f"Default: {default['since']} to {default['until']}")
        return default
    text = st.text_input("Default", "" if default is None else str(default), key=f"{key}_default_{kind}", width=160)
    return text or None


def _look(_person: Actor, draft: Draft) -> None:
    draft.name = st.text_input("Name", draft.name, max_chars=200, key=f"{draft.edition}_name")
    draft.description = st.text_area("Description", draft.description, max_chars=2000, key=f"{draft.edition}_about")
    theme = draft.theme
    organisation = st.text_input(
        "Organisation, above the title", theme.get("organisation", ""), max_chars=100, key=f"{draft.edition}_org"
    )
    accent = st.color_picker("Accent colour", theme.get("accent", "#2563eb"), key=f"{draft.edition}_accent")
    draft.theme = {**theme, "organisation": organisation, "accent": accent}


def _preview(person: Actor, draft: Draft) -> None:
    try:
        change = draft.change()
        content = TemplateContent.model_validate(change.model_dump(include={"blocks", "parameters", "theme"}))
    except ValidationError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    with reading() as db:
        findings = templates.check_content(db, person, content)
    show_findings(findings)
    if not person.role.includes(Role.author):
        return
    with st.form(f"{draft.edition}_values", border=bool(content.parameters)):
        values = parameter_inputs(content.parameters, f"{draft.edition}_preview")
        st.form_submit_button("Show with the data of now", icon=":material/visibility:", key=f"{draft.edition}_again")
    document(_preview_html(person, draft, content, values))


def _preview_html(person: Actor, draft: Draft, content: TemplateContent, values: dict[str, Any]) -> str:
    """Kept while nothing changes: a click elsewhere on the page must not calculate it again."""
    wanted = (content.model_dump_json(), repr(values))
    known, html = st.session_state.get(f"preview_{draft.id}", (None, ""))
    if known != wanted or st.session_state.get(f"{draft.edition}_again"):
        with st.spinner("Calculating…"), reading() as db:
            html = reports.preview(db, person, content, values, title=draft.name).html
        st.session_state[f"preview_{draft.id}"] = (wanted, html)
    return str(html)


def show_findings(findings: list[Finding]) -> None:
    if not findings:
        st.success("No problem found.", icon=":material/check_circle:")
    for finding in findings:
        place = f"**{plain(finding.block)}**: " if finding.block else ""
        say, icon = (st.error, "error") if finding.severity == "error" else (st.warning, "warning")
        say(place + plain(f"{finding.message} {finding.way_out}"), icon=f":material/{icon}:")


def _versions(person: Actor, draft: Draft, may_write: bool) -> None:
    with reading() as db:
        found = templates.versions(db, person, draft.id)
    for version in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**Version {version.number}** · {version.person} · {when(version.created_at)}", width="stretch"
            )
            st.caption(f"{len(version.content.blocks)} blocks")
            current = version.number == draft.version
            if current:
                st.badge("Now", color="green")
            elif may_write and st.button("Restore", key=f"restore_{version.number}", icon=":material/history:"):
                with action(f"Version {version.number} is back, as a new version.") as db:
                    templates.restore_version(db, person, draft.id, version.number)
                    close_draft(draft.id)
                    st.rerun()


def _read_only(draft: Draft) -> None:
    for block in draft.blocks:
        st.markdown(f":material/{KINDS[block['kind']][1]}: {plain(block_label(block))}")


def _actions(person: Actor, draft: Draft, may_write: bool) -> None:
    if not person.role.includes(Role.author):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if may_write and st.button("Save", type="primary", icon=":material/save:", disabled=not draft.is_changed):
            _save(person, draft)
        if draft.is_changed:
            st.badge("Not saved", icon=":material/edit:", color="orange")
            if st.button("Discard changes", type="tertiary"):
                _ask_to_discard(draft)
        elif st.button("Make a report", icon=":material/play_arrow:"):
            st.switch_page(path_of("reports"), query_params={"new": str(draft.id)})


def _ask_to_discard(draft: Draft) -> None:
    def discard() -> None:
        close_draft(draft.id)
        st.rerun()

    confirm("Discard your changes?", verb="Discard", act=discard, detail=f"Version {draft.version} comes back.")


def _save(person: Actor, draft: Draft) -> None:
    try:
        change = draft.change()
    except ValidationError as error:
        st.error(sentence(error), icon=":material/error:")
        return
    with action("Saved as a new version.") as db:
        templates.change_template(db, person, draft.id, change)
        close_draft(draft.id)
        st.rerun()
