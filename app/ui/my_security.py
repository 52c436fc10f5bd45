"""Part of the settings page: the second proof at sign-in, and what to do without the phone."""

import streamlit as st

from app.accounts import service as accounts
from app.accounts.schemas import Enrolment, TwoFactor
from app.core.actor import Actor
from app.ui.identities import my_identities
from app.ui.page import action, reading, submit_or_cancel, when
from app.ui.qr import qr_svg
from app.ui.reconfirm import confirm_with_password, may_try_code

ENROLMENT, CODES = "my_enrolment", "my_recovery_codes"
APPS = "Any authenticator app will do: Aegis, FreeOTP, 2FAS, Google or Microsoft Authenticator, or a password manager."


def my_security(person: Actor) -> None:
    with reading() as db:
        status = accounts.two_factor(db, person)
    if CODES in st.session_state:
        _show_codes(st.session_state[CODES])
    elif ENROLMENT in st.session_state:
        _set_up(person, st.session_state[ENROLMENT])
    else:
        (_is_on if status.is_on else _is_off)(person, status)
        my_identities(person)


def _is_off(person: Actor, status: TwoFactor) -> None:
    st.markdown("**Two-factor sign-in is off.** Whoever learns your password can sign in as you.")
    if status.is_required:
        text = "Your role must use two-factor sign-in. Without it you will be asked to set it up at your next sign-in."
        st.warning(text, icon=":material/policy:")
    st.caption(APPS)
    if st.button("Set up two-factor sign-in", type="primary", icon=":material/phonelink_lock:"):
        _ask_to_start(person)


def _is_on(person: Actor, status: TwoFactor) -> None:
    st.markdown(f":material/verified_user: **Two-factor sign-in is on** since {when(status.since)}.")
    if not status.is_readable:
        lost = "Codes of your authenticator cannot be checked any more: the key that protects its secret was lost."
        st.error(f"{lost} Set it up again; until then only recovery codes work.", icon=":material/key_off:")
    left = status.recovery_codes_left
    st.text(f"{left} of 10 recovery codes are left.")
    if left <= 2:
        st.warning("Make new recovery codes before you run out of them.", icon=":material/warning:")
    with st.container(horizontal=True):
        if st.button("New recovery codes", icon=":material/password:"):
            _ask_for_codes(person)
        if st.button("Set up another phone", icon=":material/phonelink_setup:"):
            _ask_to_start(person)
        hint = "Your role must use it." if status.is_required else None
        if st.button("Turn off", icon=":material/no_encryption:", disabled=status.is_required, help=hint):
            _ask_to_turn_off(person)


def _set_up(person: Actor, enrolment: Enrolment) -> None:
    st.markdown("**1. Scan this with your authenticator app**, or type in the key.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(qr_svg(enrolment.uri, title="QR code"), width=200, alt="QR code for your authenticator app")
        st.code(enrolment.secret, language=None, wrap_lines=True)
    with st.form("confirm_code", border=False):
        st.markdown("**2. Enter the six digits that the app shows now.**")
        code = st.text_input("Code", max_chars=10, autocomplete="one-time-code", width=200)
        confirmed, cancelled = submit_or_cancel("Turn on")
    if cancelled:
        del st.session_state[ENROLMENT]
        st.rerun()
    if confirmed and may_try_code(person):
        with action("Two-factor sign-in is on.") as db:
            st.session_state[CODES] = accounts.confirm_two_factor(db, person, code).codes
            del st.session_state[ENROLMENT]
            st.rerun()


def _show_codes(codes: list[str]) -> None:
    st.markdown("**Keep your recovery codes.** Each lets you sign in once without your phone.")
    st.caption("They are not shown again: print them, or put them into a password manager.")
    st.code("\n".join(codes), language=None)
    with st.container(horizontal=True):
        text = "AutoReport recovery codes, each good for once:\n" + "\n".join(codes) + "\n"
        st.download_button("Download", text, "autoreport-recovery-codes.txt", icon=":material/download:")
        if st.button("I have kept them", type="primary"):
            del st.session_state[CODES]
            st.rerun()


def _ask_to_start(person: Actor) -> None:
    def start() -> None:
        with action() as db:
            st.session_state[ENROLMENT] = accounts.start_two_factor(db, person)
            st.rerun()

    detail = "From then on, signing in takes your password and a code from your phone."
    confirm_with_password(person, "Set up two-factor sign-in", verb="Go on", act=start, detail=detail)


def _ask_for_codes(person: Actor) -> None:
    def make() -> None:
        with action("The old recovery codes are void.") as db:
            st.session_state[CODES] = accounts.new_recovery_codes(db, person).codes
            st.rerun()

    detail = "You get ten new ones. The old ones stop working."
    confirm_with_password(person, "Make new recovery codes?", verb="Make new codes", act=make, detail=detail)


def _ask_to_turn_off(person: Actor) -> None:
    def turn_off() -> None:
        with action("Two-factor sign-in is off.") as db:
            accounts.turn_off_two_factor(db, person)
            st.rerun()

    detail = "Your password alone will be enough to sign in. The recovery codes stop working."
    confirm_with_password(person, "Turn off two-factor sign-in?", verb="Turn off", act=turn_off, detail=detail)
