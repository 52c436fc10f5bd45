"""Administration: what is asked of everybody who signs in."""

import streamlit as st

from app.accounts import service as accounts
from app.accounts.schemas import PolicyChange
from app.core.actor import Actor, Role
from app.core.settings import settings
from app.ui.page import action, plain, reading, when
from app.ui.reconfirm import confirm_with_password

FROM: dict[Role | None, str] = {
    None: "Nobody must use it",
    Role.admin: "Administrators",
    Role.author: "Authors and administrators",
    Role.member: "Everybody but viewers",
    Role.viewer: "Everybody",
}
SIGNUP = {
    "open": "open: whoever has an e-mail address may sign up",
    "invite": "by invitation of an administrator",
    "closed": "closed: administrators add people",
}


def show(person: Actor) -> None:
    _two_factor(person)
    _people(person)
    _fixed()


def _two_factor(person: Actor) -> None:
    with reading() as db:
        present = accounts.policy(db, person).two_factor_from
    st.subheader("Two-factor sign-in", anchor=False)
    st.caption("Who must use it and has not set it up does so at the next sign-in. Sessions that are open go on.")
    with st.form("policy", border=False):
        chosen = st.selectbox("Who must use it?", list(FROM), list(FROM).index(present), format_func=FROM.__getitem__)
        saved = st.form_submit_button("Save", type="primary")
    if saved and chosen != present:
        _ask_to_change(person, chosen)


def _ask_to_change(person: Actor, chosen: Role | None) -> None:
    def change() -> None:
        with action("Saved.") as db:
            accounts.change_policy(db, person, PolicyChange(two_factor_from=chosen))
            st.rerun()

    detail = f"From the next sign-in on: {FROM[chosen]}."
    confirm_with_password(person, "Change who must use two-factor sign-in?", verb="Change", act=change, detail=detail)


def _people(person: Actor) -> None:
    with reading() as db:
        everybody = accounts.people_by_proof(db, person)
    using = [one for one in everybody if one.two_factor_since]
    st.caption(f"{len(using)} of {len(everybody)} active people use it.")
    rows = [
        {
            "Name": one.person.name,
            "Email": one.person.email,
            "Role": one.person.role.value,
            "Two-factor": when(one.two_factor_since) if one.two_factor_since else "off",
        }
        for one in everybody
    ]
    st.dataframe(rows, hide_index=True)
    with st.expander("Somebody lost the phone and the recovery codes"):
        st.caption("Make sure that it is really them, by another way than mail. Their password alone is enough then.")
        names = {one.person.id: f"{one.person.name} ({one.person.email})" for one in using}
        who = st.selectbox("Who?", list(names), None, format_func=names.__getitem__, placeholder="Choose a person")
        if st.button("Turn it off for them", disabled=who is None) and who:

            def reset() -> None:
                with action("Turned off. They can sign in with the password alone.") as db:
                    accounts.reset_two_factor(db, person, who)
                    st.rerun()

            confirm_with_password(person, f"Turn it off for {plain(names[who])}?", verb="Turn off", act=reset)


def _fixed() -> None:
    config = settings()
    st.subheader("Set by the operator", anchor=False)
    st.caption("These come from the environment of the installation and hold after a restart.")
    limit = f"{config.rate_limit_per_minute} a minute" if config.rate_limit_per_minute else "no limit"
    facts = {
        "Sign-up": SIGNUP[config.signup],
        "A session ends after": f"{_span(config.session_timeout)} without activity",
        "and in any case after": _span(config.session_max_age),
        "API requests of a person or key": limit,
        "Wrong passwords": "10 an hour for an account, 20 an hour for a network address; then one must wait",
        "Wrong codes": "5 at once, then 10 an hour",
    }
    st.markdown("\n".join(f"- {what}: **{value}**" for what, value in facts.items()))


def _span(seconds: int) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}" + ("s" if seconds != length else "")
    return f"{seconds} seconds"
