"""The rules of a board as sentences, their order, their switches, and what they did."""

from functools import partial

import streamlit as st

from app.tasks.automations.schemas import Outcome, Rule, RuleChange, Run
from app.tasks.service import automations
from app.ui.board_automations import Scene, go, place
from app.ui.board_automations_rule import rule_form, show_trial
from app.ui.card_parts import delete_button, later
from app.ui.page import empty_state, plain, reading, when

ICONS = {
    Outcome.done: ":green[:material/check_circle:]",
    Outcome.nothing: ":gray[:material/remove:]",
    Outcome.failed: ":red[:material/error:]",
    Outcome.stopped: ":orange[:material/front_hand:]",
}
WORDS = {Outcome.done: "Done", Outcome.nothing: "No change", Outcome.failed: "Failed", Outcome.stopped: "Stopped"}
RUNS_SHOWN = 50


def rules_section(scene: Scene) -> None:
    now = place()
    if now.form == "edit":
        rule_form(scene, now.item)
    elif now.form == "log":
        _log(scene, now.item)
    else:
        _list(scene)


def _list(scene: Scene) -> None:
    with reading() as db:
        found = automations.rules(db, scene.person, scene.board.id, limit=100).items
    if not found:
        hint = "Such as: when a card is completed and label:bug, then move it to Review and tell Ann."
        empty_state("bolt", "No rules yet", hint)
    for at, rule in enumerate(found):
        _one(scene, rule, at, len(found))
    if scene.may_arrange:
        st.button("New rule", icon=":material/add:", type="primary", on_click=go, args=("edit",))
    else:
        st.caption("The board's owner and authors who may edit it can change its rules.")


def _one(scene: Scene, rule: Rule, at: int, count: int) -> None:
    key = f"rule-{rule.id}"
    with st.container(border=True, gap="xsmall", key=key):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(rule.name)}**", width="stretch")
            if scene.may_arrange:
                st.toggle(
                    "On",
                    rule.enabled,
                    key=f"{key}-on-{rule.version}",
                    on_change=_switch,
                    args=(scene, rule),
                    help="A rule that is off does nothing",
                )
            else:
                st.badge("On" if rule.enabled else "Off", color="green" if rule.enabled else "gray")
        st.markdown(plain(rule.words))
        if rule.problem:
            st.error(rule.problem, icon=":material/error:")
        with st.container(horizontal=True, gap="small"):
            if scene.may_arrange:
                _buttons(scene, rule, at, count)
            st.button("Log", key=f"{key}-log", icon=":material/history:", on_click=go, args=("log", rule))


def _buttons(scene: Scene, rule: Rule, at: int, count: int) -> None:
    key = f"rule-{rule.id}"
    st.button("Edit", key=f"{key}-edit", icon=":material/edit:", on_click=go, args=("edit", rule))
    if at > 0:
        st.button("Up", key=f"{key}-up", help="Runs earlier", on_click=_put, args=(scene, rule, at - 1))
    if at < count - 1:
        st.button("Down", key=f"{key}-down", help="Runs later", on_click=_put, args=(scene, rule, at + 1))
    act = partial(automations.delete_rule, actor=scene.person, rule_id=rule.id)
    delete_button(f"{key}-delete", f"the rule “{plain(rule.name)}” and its log", "Deleted.", act)


def _switch(scene: Scene, rule: Rule) -> None:
    change = RuleChange(version=rule.version, enabled=not rule.enabled)
    done = "Switched off." if rule.enabled else "Switched on."
    later(done, lambda db: automations.change_rule(db, scene.person, rule.id, change))


def _put(scene: Scene, rule: Rule, position: int) -> None:
    change = RuleChange(version=rule.version, position=position)
    later("Moved.", lambda db: automations.change_rule(db, scene.person, rule.id, change))


def _log(scene: Scene, rule: Rule) -> None:
    st.button("All rules", icon=":material/arrow_back:", type="tertiary", on_click=go)
    st.markdown(f"**{plain(rule.name)}**")
    st.caption(plain(rule.words))
    _now(scene, rule)
    with reading() as db:
        page = automations.rule_runs(db, scene.person, rule.id, limit=RUNS_SHOWN)
    if not page.items:
        empty_state("history", "It has not run yet", "Each card that it is about is listed here.")
    for run in page.items:
        st.markdown(_told(run))
    if page.next_cursor:
        st.caption(f"The last {RUNS_SHOWN} are shown; the API has all of them.")


def _now(scene: Scene, rule: Rule) -> None:
    if st.button("Which cards fit it now?", key="rule-try", icon=":material/search:"):
        with reading() as db:
            show_trial(automations.try_rule(db, scene.person, rule.id), rule.when)


def _told(run: Run) -> str:
    return (
        f"{ICONS[run.outcome]} **{WORDS[run.outcome]}** · #{run.card_number} {plain(run.card)} · {when(run.at)}  \n"
        f"{plain(run.text)}"
    )
