"""Mail accounts: added, tried out, changed, deleted by admins."""

from typing import Any

import streamlit as st
from pydantic import SecretStr, ValidationError

from app.core.actor import Actor
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccount, SmtpAccountChange, SmtpAccountCreate
from app.ui.page import action, confirm, empty_state, forget_failure, plain, reading
from app.ui.reconfirm import is_still, password_field

KEY_LOST = (
    "The password of this account cannot be read any more, because its key is gone. Enter it again under Change;"
    " until then messages wait and are tried again."
)
SECURITY = {"starttls": "STARTTLS (usually port 587)", "tls": "TLS from the start (usually port 465)"}


def mail_accounts(person: Actor) -> None:
    if st.button("Add a mail account", type="primary", icon=":material/add:"):
        _add(person)
    with reading() as db:
        found = deliveries.smtp_accounts(db, person)
    if not found:
        text = "Until there is one, messages go to the built-in outbox and are read here."
        empty_state("outgoing_mail", "No mail account yet", text)
    for account in found:
        _one(person, account)


def _one(person: Actor, account: SmtpAccount) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch", gap="xxsmall"):
                mark = " :blue-badge[Invitations and password mail]" if account.is_system else ""
                st.markdown(f"**{plain(account.name)}**{mark}")
                if account.needs_password:
                    st.warning(KEY_LOST, icon=":material/key_off:")
                user = f" as {account.username}" if account.username else ""
                st.caption(
                    f"{account.host}:{account.port}{user} · {SECURITY[account.security]} · from {account.from_address}"
                )
            test = st.button("Test", key=f"test_{account.id}", icon=":material/cable:")
            if st.button("Change", key=f"change_{account.id}", icon=":material/edit:"):
                _change(person, account)
            if st.button("Delete", key=f"delete_{account.id}", icon=":material/delete:"):
                _ask_to_delete(person, account)
        if test:
            _test(person, account)


def _test(person: Actor, account: SmtpAccount) -> None:
    with st.spinner("Connecting…"), action() as db:
        found = deliveries.check_smtp_account(db, person, account.id)
    if found.ok:
        st.success(plain(found.message), icon=":material/check_circle:")
    else:
        st.error(plain(found.message), icon=":material/error:")


def _ask_to_delete(person: Actor, account: SmtpAccount) -> None:
    def delete() -> None:
        with action(f"{plain(account.name)} is deleted.") as db:
            deliveries.delete_smtp_account(db, person, account.id)
            st.rerun()

    detail = "Schedules that send by it will fail until another account is chosen there."
    confirm(f"Delete {plain(account.name)}?", verb="Delete", act=delete, detail=detail)


@st.dialog("Add a mail account")
def _add(person: Actor) -> None:
    if facts := _fields(person, None):
        try:
            new = SmtpAccountCreate(**facts)
        except ValidationError as error:
            _say(error)
            return
        forget_failure()
        with action(f"{plain(new.name)} is added.") as db:
            deliveries.create_smtp_account(db, person, new)
            st.rerun()


@st.dialog("Change a mail account")
def _change(person: Actor, account: SmtpAccount) -> None:
    if facts := _fields(person, account):
        try:
            change = SmtpAccountChange(**facts)
        except ValidationError as error:
            _say(error)
            return
        forget_failure()
        with action(f"{plain(account.name)} is saved.") as db:
            deliveries.change_smtp_account(db, person, account.id, change)
            st.rerun()


def _fields(person: Actor, given: SmtpAccount | None) -> dict[str, Any]:
    """What was typed, once the button is pressed; the present account is changed by the same person still."""
    with st.form("mail_account", border=False):
        facts: dict[str, Any] = {
            "name": st.text_input("Name", given.name if given else "", max_chars=200),
            "host": st.text_input("Server", given.host if given else "", placeholder="smtp.example.com"),
            "port": int(st.number_input("Port", 1, 65535, given.port if given else 587)),
            "security": st.selectbox(
                "Encryption",
                list(SECURITY),
                list(SECURITY).index(given.security) if given else 0,
                format_func=SECURITY.__getitem__,
            ),
            "username": st.text_input("User name", given.username if given else ""),
        }
        hint = "Leave empty to keep the present one." if given and given.has_password else None
        password = st.text_input("Password", type="password", help=hint)
        facts["from_address"] = st.text_input("Sender address", given.from_address if given else "")
        facts["from_name"] = st.text_input("Sender name", given.from_name if given else "")
        ca_pem = st.text_area(
            "Certificate of your own authority (PEM)",
            help="Only for a server whose certificate no public authority signed.",
        )
        is_system = bool(given and given.is_system)
        hint = "Choose another account for it to take it away from this one." if is_system else None
        what = "Use for invitations and password mail"  # whoever holds the account can read the links in them
        takes_over = given is not None and st.toggle(what, is_system, disabled=is_system, help=hint)
        own_password = password_field(person) if given else None
        if not st.form_submit_button("Save", type="primary"):
            return {}
    if own_password is not None and not is_still(person, own_password):
        return {}
    if takes_over:
        facts["is_system"] = True
    secret = {"password": SecretStr(password)} if password else {}
    return {**facts, **secret, **({"ca_pem": ca_pem} if ca_pem.strip() else {})}


def _say(error: ValidationError) -> None:
    problem = error.errors(include_url=False)[0]
    field = str(problem["loc"][0]).replace("_", " ").capitalize()
    st.error(f"{field}: {problem['msg'].removeprefix('Value error, ')}", icon=":material/error:")
