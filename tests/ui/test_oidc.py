"""Signing in with another provider: through the product's own routes, against a real provider."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.cookies import OIDC, SESSION
from app.accounts.schemas import Person, PersonChange, PolicyChange, SignedIn
from app.accounts.tables import PersonRow
from app.admissions import provider as client
from app.admissions import service as admissions
from app.admissions.schemas import Claimed, InvitationCreate
from app.admissions.tables import IdentityRow, InvitationRow, OidcAttemptRow
from app.audit.tables import AuditRow
from app.core import clock
from app.core.actor import SYSTEM, Role
from app.core.clock import FixedClock
from app.core.db import transaction
from app.core.errors import Forbidden, NotFound
from app.core.settings import SettingsError, load, settings
from tests.oidc_provider import CLIENT_SECRET, Provider
from tests.ui.conftest import PASSWORD, product
from tests.ui.test_signin import csrf

REFUSED = "You may not sign in here in this way."
UNTRUSTED = "cannot be trusted"
OVER = "was used already, or was started in another browser"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


@pytest.fixture
def configured(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Settings of this test; called again, with others."""

    def configure(**given: str) -> None:
        for name, value in {"PUBLIC_URL": "http://testserver", "OIDC_NAME": "Acme ID", **given}.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    configure(**provider.settings())
    yield configure
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def visitor(browser: TestClient, configured: Callable[..., None], ann: Person) -> TestClient:
    """A browser in an installation where Ann has an account, and the provider is set up."""
    return browser


def leave(browser: TestClient, wanted: str = "/board") -> str:
    answer = browser.get(f"/auth/oidc?next={quote(wanted)}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(browser: TestClient, provider: Provider, wanted: str = "/board") -> Any:
    return browser.get(provider.visit(leave(browser, wanted)))


def person_of(browser: TestClient) -> str:
    return browser.get("/board").text.removeprefix("<p>").removesuffix("</p>")


def trail(action: str) -> list[AuditRow]:
    with transaction() as db:
        return list(db.scalars(sa.select(AuditRow).where(AuditRow.action == action)))


def linked() -> list[IdentityRow]:
    with transaction() as db:
        return list(db.scalars(sa.select(IdentityRow)))


def everybody() -> dict[str, str]:
    with transaction() as db:
        return {row.email: row.role for row in db.scalars(sa.select(PersonRow))}


def test_a_proven_address_leads_to_its_account_and_is_linked(visitor: TestClient, provider: Provider) -> None:
    answer = come_back(visitor, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    assert person_of(visitor) == "ann@example.com|author"
    assert [(row.issuer, row.subject) for row in linked()] == [(provider.issuer, "ann-1")]
    assert len(trail("identity:linked")) == 1
    assert OIDC not in visitor.cookies


def test_once_linked_the_subject_counts_and_not_the_address(visitor: TestClient, provider: Provider) -> None:
    come_back(visitor, provider)
    visitor.cookies.clear()
    provider.person |= {"email": "married@example.com", "email_verified": False}
    come_back(visitor, provider)
    assert person_of(visitor) == "ann@example.com|author"
    assert (len(linked()), len(trail("identity:linked"))) == (1, 1)


def test_the_question_carries_what_protects_it(visitor: TestClient, provider: Provider) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(leave(visitor)).query).items()}
    assert query["response_type"] == "code"
    assert query["redirect_uri"] == "http://testserver/auth/oidc/callback"
    assert query["code_challenge_method"] == "S256"
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    again = {name: values[0] for name, values in parse_qs(urlsplit(leave(visitor)).query).items()}
    assert not {query[name] for name in ("state", "nonce", "code_challenge")} & set(again.values())


def test_the_cookie_of_the_question_is_out_of_reach(visitor: TestClient, provider: Provider) -> None:
    cookie = visitor.get("/auth/oidc").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Max-Age=600"} <= set(cookie.split("; "))
    visitor.base_url = "https://testserver"
    cookie = visitor.get("/auth/oidc").headers["set-cookie"]
    assert cookie.startswith("__Host-autoreport_oidc=")
    assert "Secure" in cookie


def test_the_sign_in_page_offers_it_only_where_it_is_set_up(
    visitor: TestClient, configured: Callable[..., None]
) -> None:
    page = visitor.get("/auth/login?next=/datasets?id=7%26x=1").text
    assert '<a class="other" href="/auth/oidc?next=/datasets%3Fid%3D7%26x%3D1">Sign in with Acme ID</a>' in page
    configured(OIDC_ISSUER="", OIDC_CLIENT_ID="", OIDC_CLIENT_SECRET="")
    assert "/auth/oidc" not in visitor.get("/auth/login").text
    assert visitor.get("/auth/oidc").status_code == 404
    assert visitor.get("/auth/oidc/callback?code=x&state=y").status_code in (403, 404)


def test_the_name_of_the_provider_is_text(visitor: TestClient, configured: Callable[..., None]) -> None:
    configured(OIDC_NAME="<script>alert(1)</script>")
    assert "<script" not in visitor.get("/auth/login").text


def test_nobody_is_led_away_afterwards(visitor: TestClient, provider: Provider) -> None:
    for wanted in ("https://evil.example", "//evil.example", "/\\evil.example", "/auth/logout", "/a\nb"):
        visitor.cookies.clear()
        assert come_back(visitor, provider, wanted).headers["location"] == "/", wanted


WRONG_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"nonce": None}, "no nonce"),
    ({"nonce": "of another sign-in"}, "another nonce"),
    ({"aud": "another-client"}, "for somebody else"),
    ({"aud": None}, "for nobody"),
    ({"aud": ["autoreport", "another-client"]}, "for two, without saying to whom it was given"),
    ({"aud": ["autoreport", "another-client"], "azp": "another-client"}, "given to another"),
    ({"azp": "another-client"}, "given to another"),
    ({"iss": "https://evil.example"}, "from another provider"),
    ({"iss": None}, "from nobody"),
    ({"exp": 1}, "expired"),
    ({"exp": None}, "without end"),
    ({"exp": float("nan")}, "without a number as end"),
    ({"iat": 99999999999}, "from the future"),
    ({"nbf": 99999999999}, "not valid yet"),
    ({"sub": None}, "about nobody"),
    ({"sub": ""}, "about nobody"),
    ({"sub": 7}, "about a number"),
    ({"sub": "a\0b"}, "about no name"),
    ({"sub": "x" * 300}, "about too long a name"),
    ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "with another access token"),
]


def test_an_id_token_that_is_not_for_this_sign_in_is_refused(visitor: TestClient, provider: Provider) -> None:
    for claims, why in WRONG_CLAIMS:
        provider.claims = claims
        answer = come_back(visitor, provider)
        assert (answer.status_code, UNTRUSTED in answer.text) == (403, True), why
        assert SESSION not in visitor.cookies
    assert (linked(), len(trail("session:refused"))) == ([], len(WRONG_CLAIMS))


def test_a_signature_that_anybody_can_make_is_none(visitor: TestClient, provider: Provider) -> None:
    for sign in (provider.unsigned, provider.signed_with_the_public_key, provider.signed_by_somebody_else):
        provider.sign = sign
        answer = come_back(visitor, provider)
        assert (answer.status_code, UNTRUSTED in answer.text) == (403, True), sign.__name__
        assert SESSION not in visitor.cookies


def test_rubbish_instead_of_a_token_is_refused(visitor: TestClient, provider: Provider) -> None:
    for rubbish in ("", "x", "a.b.c", "e30.e30.e30", "..", "ü.ü.ü", "x" * 9000, "eyJhbGciOiJSUzI1NiJ9.W10.AA"):
        provider.sign = lambda _, token=rubbish: token
        answer = come_back(visitor, provider)
        assert (answer.status_code, UNTRUSTED in answer.text) == (403, True), rubbish


def test_a_clock_that_is_a_little_off_is_forgiven(visitor: TestClient, provider: Provider) -> None:
    now = int(clock.now().timestamp())
    provider.claims = {"iat": now + 30, "exp": now - 30}
    assert come_back(visitor, provider).headers["location"] == "/board"


def test_keys_may_change_at_any_time(visitor: TestClient, provider: Provider) -> None:
    come_back(visitor, provider)
    provider.rotate("second", "EC")
    visitor.cookies.clear()
    assert come_back(visitor, provider).headers["location"] == "/board"
    visitor.cookies.clear()
    come_back(visitor, provider)
    assert (len(provider.asked_for("/jwks")), len(provider.asked_for("/.well-known/openid-configuration"))) == (2, 1)


def test_a_state_that_was_made_up_is_refused(visitor: TestClient, provider: Provider) -> None:
    back = provider.visit(leave(visitor))
    state = parse_qs(urlsplit(back).query)["state"][0]
    for wrong in (back.replace(state, "x" * 43), back.replace(f"state={state}", "a=b"), back.replace(state, "%00")):
        answer = visitor.get(wrong)
        assert (answer.status_code, OVER in answer.text) == (403, True)
        leave(visitor)
    assert provider.asked_for("/token") == []


def test_an_answer_counts_once(visitor: TestClient, provider: Provider) -> None:
    back = provider.visit(leave(visitor))
    kept = visitor.cookies[OIDC]
    assert visitor.get(back).headers["location"] == "/board"
    visitor.cookies.clear()
    visitor.cookies.set(OIDC, kept, domain="testserver.local")
    again = visitor.get(back)
    assert (again.status_code, OVER in again.text) == (403, True)
    assert len(provider.asked_for("/token")) == 1


def test_a_code_counts_once(visitor: TestClient, provider: Provider) -> None:
    back = provider.visit(leave(visitor))
    code = parse_qs(urlsplit(back).query)["code"][0]
    visitor.get(back)
    visitor.cookies.clear()
    provider.returned = {"code": code}
    answer = come_back(visitor, provider)
    assert (answer.status_code, UNTRUSTED in answer.text) == (403, True)


def test_an_answer_counts_only_in_the_browser_that_asked(
    visitor: TestClient, provider: Provider, database: str
) -> None:
    """Else somebody could slip another the answer to their own sign-in, and see what is typed into their account."""
    back = provider.visit(leave(visitor))
    with TestClient(product(), headers={"Accept": "text/html"}, follow_redirects=False) as victim:
        for planted in (None, "made up"):
            if planted:
                victim.cookies.set(OIDC, planted, domain="testserver.local")
            answer = victim.get(back)
            assert (answer.status_code, OVER in answer.text) == (403, True)
            assert SESSION not in victim.cookies
    assert provider.asked_for("/token") == []


def test_a_code_of_another_sign_in_does_not_fit(visitor: TestClient, provider: Provider) -> None:
    """A stolen code in one's own callback: the verifier and the nonce belong to the browser that asked."""
    stolen = parse_qs(urlsplit(provider.visit(leave(visitor))).query)["code"][0]
    visitor.cookies.clear()
    provider.returned = {"code": stolen}
    assert UNTRUSTED in come_back(visitor, provider).text
    assert len(provider.asked_for("/token")) == 1


@pytest.mark.parametrize("sender", ["https://evil.example", ""])
def test_an_answer_of_another_provider_is_refused(visitor: TestClient, provider: Provider, sender: str) -> None:
    provider.returned = {"iss": sender}
    answer = come_back(visitor, provider)
    assert (answer.status_code, UNTRUSTED in answer.text) == (403, True)
    assert provider.asked_for("/token") == []


def test_a_question_is_good_for_ten_minutes(visitor: TestClient, provider: Provider) -> None:
    now = FixedClock(clock.now())
    provider.claims = {"exp": int(now.at.timestamp()) + 3600}
    with clock.use(now):
        back = provider.visit(leave(visitor))
        now.at += timedelta(minutes=10)
        assert OVER in visitor.get(back).text
        back = provider.visit(leave(visitor))
        now.at += timedelta(minutes=9, seconds=59)
        assert visitor.get(back).headers["location"] == "/board"


def test_old_questions_are_forgotten(visitor: TestClient, provider: Provider) -> None:
    leave(visitor)
    with transaction() as db, clock.use(FixedClock(clock.now() + timedelta(minutes=11))):
        assert admissions.delete_old_questions(db) == 1
    leave(visitor)
    with transaction() as db:
        assert admissions.delete_old_questions(db) == 0
        kept = db.scalars(sa.select(OidcAttemptRow)).one()
        assert visitor.cookies[OIDC] not in (kept.browser_hash, kept.state_hash)


def test_an_unproven_address_opens_and_makes_no_account(
    visitor: TestClient, provider: Provider, configured: Callable[..., None]
) -> None:
    configured(SIGNUP="open")
    for verified in (False, None, "false", 1, "yes", [True]):
        for email in ("ann@example.com", "new@example.com"):
            provider.person |= {"email": email, "email_verified": verified}
            answer = come_back(visitor, provider)
            assert answer.status_code == 403, verified
            assert "does not say that your e-mail address is yours" in answer.text
    assert (linked(), set(everybody())) == ([], {"ann@example.com"})
    assert len(trail("session:refused")) == 12


def test_the_word_of_entra_for_a_proven_address_counts(visitor: TestClient, provider: Provider) -> None:
    provider.person |= {"email_verified": None, "xms_edov": False}
    assert come_back(visitor, provider).status_code == 403
    provider.person["xms_edov"] = True
    assert come_back(visitor, provider).headers["location"] == "/board"


def test_an_address_that_only_looks_like_one_is_none(visitor: TestClient, provider: Provider) -> None:
    for email in ("", "ann", "ann@example.com\0", "ａnn@example.com", "a b@example.com", "ann@example.com\n"):
        provider.person["email"] = email
        assert come_back(visitor, provider).status_code == 403, email
    assert linked() == []


def test_letters_that_become_others_in_lower_case_open_no_account(visitor: TestClient, provider: Provider) -> None:
    with transaction() as db:
        db.execute(sa.update(PersonRow).values(email="kim@example.com"))
    provider.person["email"] = "\u212aim@example.com"  # the sign for Kelvin, whose lower case is a plain k
    assert come_back(visitor, provider).status_code == 403
    provider.person["email"] = "KIM@Example.com"
    assert come_back(visitor, provider).headers["location"] == "/board"


def test_whoever_was_deactivated_stays_out_by_every_way(visitor: TestClient, provider: Provider, ann: Person) -> None:
    provider.person["sub"] = "nobody-yet"
    with transaction() as db:
        accounts.change_person(db, SYSTEM, ann.id, PersonChange(is_active=False))
    unknown = come_back(visitor, provider)
    with transaction() as db:
        accounts.change_person(db, SYSTEM, ann.id, PersonChange(is_active=True))
    come_back(visitor, provider)
    visitor.cookies.clear()
    with transaction() as db:
        accounts.change_person(db, SYSTEM, ann.id, PersonChange(is_active=False))
    known = come_back(visitor, provider)
    provider.person |= {"sub": "stranger", "email": "stranger@example.com"}
    stranger = come_back(visitor, provider)
    for answer in (unknown, known, stranger):
        assert (answer.status_code, REFUSED in answer.text) == (403, True)
    assert SESSION not in visitor.cookies


def test_an_account_whose_address_nobody_proved_is_not_handed_out(
    visitor: TestClient, provider: Provider, ann: Person
) -> None:
    """Whoever signed up with the address of another would share the account with them."""
    with transaction() as db:
        accounts.doubt_email(db, ann.id)
    assert REFUSED in come_back(visitor, provider).text
    assert linked() == []


def test_an_address_that_the_provider_gave_to_somebody_new_opens_nothing(
    visitor: TestClient, provider: Provider
) -> None:
    come_back(visitor, provider)
    visitor.cookies.clear()
    provider.person["sub"] = "the-next-ann"
    assert REFUSED in come_back(visitor, provider).text
    assert SESSION not in visitor.cookies


@pytest.mark.parametrize(("signup", "comes_in"), [("open", True), ("invite", False), ("closed", False)])
def test_a_stranger_comes_in_only_where_anybody_may(
    visitor: TestClient, provider: Provider, configured: Callable[..., None], signup: str, comes_in: bool
) -> None:
    configured(SIGNUP=signup)
    provider.person |= {"sub": "new", "email": "New@example.com", "name": "  <b>New</b>\n\0one " + "x" * 300}
    answer = come_back(visitor, provider)
    assert (answer.status_code == 303) is comes_in
    assert everybody().get("new@example.com") == ("viewer" if comes_in else None)
    if comes_in:
        with transaction() as db:
            person = db.scalars(sa.select(PersonRow).where(PersonRow.email == "new@example.com")).one()
        assert person.name.startswith("<b>New</b> one x")
        assert (len(person.name), person.password_hash) == (120, "")
    else:
        assert REFUSED in answer.text


def test_without_a_password_no_password_fits(
    visitor: TestClient, provider: Provider, configured: Callable[..., None]
) -> None:
    configured(SIGNUP="open")
    provider.person |= {"sub": "new", "email": "new@example.com"}
    come_back(visitor, provider)
    visitor.cookies.clear()
    for password in ("", " ", "!", PASSWORD):
        form = {"email": "new@example.com", "password": password, "csrf": csrf(visitor)}
        assert visitor.post("/auth/login", data=form).status_code == 401


def invite(email: str) -> None:
    with transaction() as db:
        admissions.invite(db, SYSTEM, InvitationCreate(email=email, role=Role.author))


def test_an_invitation_is_taken_by_whoever_proves_its_address(visitor: TestClient, provider: Provider) -> None:
    invite("new@example.com")
    provider.person |= {"sub": "new", "email": "NEW@example.com"}
    assert come_back(visitor, provider).headers["location"] == "/board"
    assert everybody()["new@example.com"] == "author"
    with transaction() as db:
        assert db.scalars(sa.select(InvitationRow.accepted_at)).one() is not None
    assert len(trail("invitation:accepted")) == 1


@pytest.mark.parametrize("why", ["revoked", "expired", "closed", "other address"])
def test_an_invitation_that_is_over_lets_nobody_in(
    visitor: TestClient, provider: Provider, configured: Callable[..., None], why: str
) -> None:
    invite("new@example.com")
    provider.person |= {"sub": "new", "email": "other@example.com" if why == "other address" else "new@example.com"}
    with transaction() as db:
        if why == "revoked":
            db.execute(sa.update(InvitationRow).values(revoked_at=clock.now()))
        if why == "expired":
            db.execute(sa.update(InvitationRow).values(expires_at=clock.now()))
    if why == "closed":
        configured(SIGNUP="closed")
    assert REFUSED in come_back(visitor, provider).text
    assert set(everybody()) == {"ann@example.com"}


def test_the_first_account_is_not_made_by_a_provider(
    browser: TestClient, configured: Callable[..., None], provider: Provider
) -> None:
    configured(SIGNUP="open")
    assert browser.get("/auth/oidc").headers["location"] == "/auth/setup"


def test_the_address_may_come_from_the_user_info(visitor: TestClient, provider: Provider) -> None:
    provider.user_info = dict(provider.person)
    provider.person = {"sub": "ann-1"}
    assert come_back(visitor, provider).headers["location"] == "/board"
    visitor.cookies.clear()
    provider.user_info["sub"] = provider.person["sub"] = "other"
    provider.user_info["sub"] = "ann-1"
    assert UNTRUSTED in come_back(visitor, provider).text


def test_the_secret_goes_the_way_that_the_provider_takes(visitor: TestClient, provider: Provider) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert come_back(visitor, provider).headers["location"] == "/board"
    assert "authorization" not in provider.asked_for("/token")[0].headers


def test_whoever_changes_their_mind_there_is_told_so(visitor: TestClient, provider: Provider) -> None:
    provider.returned = {"code": "", "error": "access_denied", "error_description": "<script>alert(1)</script>"}
    answer = come_back(visitor, provider)
    assert (answer.status_code, "Acme ID was cancelled" in answer.text) == (403, True)
    assert "<script" not in answer.text


def test_a_second_proof_is_asked_for_as_ever(visitor: TestClient, provider: Provider, ann: Person) -> None:
    with transaction() as db:
        accounts.change_policy(db, SYSTEM, PolicyChange(two_factor_from=Role.viewer))
    answer = come_back(visitor, provider)
    assert answer.headers["location"] == "/auth/enrol?next=/board"
    assert SESSION not in visitor.cookies


def test_while_the_provider_is_down_the_password_still_works(visitor: TestClient, provider: Provider) -> None:
    provider.server.close()
    answer = visitor.get("/auth/oidc")
    assert (answer.status_code, "Acme ID cannot be used right now. Sign in with your password" in answer.text) == (
        503,
        True,
    )
    form = {"email": "ann@example.com", "password": PASSWORD, "csrf": csrf(visitor)}
    assert visitor.post("/auth/login", data=form).status_code == 303


def test_a_description_that_leads_elsewhere_is_not_believed(visitor: TestClient, provider: Provider) -> None:
    for described in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ):
        provider.described = described
        assert visitor.get("/auth/oidc").status_code == 503, described


def test_a_provider_cannot_send_us_into_the_own_network(visitor: TestClient, provider: Provider) -> None:
    provider.described = {"jwks_uri": "https://169.254.169.254/keys"}
    answer = come_back(visitor, provider)
    assert answer.status_code == 503
    assert "169.254" not in answer.text


def test_starting_again_and_again_has_an_end(visitor: TestClient, provider: Provider) -> None:
    answers = [visitor.get("/auth/oidc") for _ in range(61)]
    assert [answer.status_code for answer in answers] == [303] * 60 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "Too many tries" in answers[-1].text


def test_an_identity_is_given_up_only_by_who_can_still_come_in(
    visitor: TestClient, provider: Provider, ann: Person, configured: Callable[..., None]
) -> None:
    configured(SIGNUP="open")
    come_back(visitor, provider)
    visitor.cookies.clear()
    provider.person |= {"sub": "new", "email": "new@example.com"}
    come_back(visitor, provider)
    with transaction() as db:
        row = accounts.person_with_email(db, "new@example.com")
        new, me = accounts.actor_of(db, row.id if row else None), accounts.actor_of(db, ann.id)
        [mine], [foreign] = admissions.identities(db, me, me.id), admissions.identities(db, new, new.id)
        with pytest.raises(admissions.NoOtherWayIn):
            admissions.unlink_identity(db, new, foreign.id)
        with pytest.raises(NotFound):
            admissions.unlink_identity(db, me, foreign.id)
        with pytest.raises(Forbidden):
            admissions.identities(db, me, new.id)
        boss = me.model_copy(update={"id": None, "role": Role.admin})
        assert admissions.identities(db, boss, new.id) == [foreign]
        admissions.unlink_identity(db, me, mine.id)
    assert len(trail("identity:unlinked")) == 1
    assert [row.subject for row in linked()] == ["new"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"OIDC_CLIENT_SECRET": ""},
        {"OIDC_CLIENT_ID": ""},
        {"OIDC_ISSUER": ""},
        {"OIDC_ISSUER": "http://id.example.com"},
        {"OIDC_ISSUER": "ftp://id.example.com"},
        {"OIDC_ISSUER": "https://user:pw@id.example.com"},
        {"OIDC_ISSUER": "https://id.example.com?x=1"},
    ],
)
def test_half_a_set_up_stops_the_start(wrong: dict[str, str]) -> None:
    given = {"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b", **wrong}
    with pytest.raises(SettingsError, match="OIDC_"):
        load(given)


def test_no_secret_is_written_to_the_log(
    visitor: TestClient, provider: Provider, capfd: pytest.CaptureFixture[str]
) -> None:
    provider.sign = provider.unsigned
    come_back(visitor, provider)
    provider.server.close()
    client._kept.clear()
    visitor.get("/auth/oidc")
    written = "".join(capfd.readouterr())
    assert "oidc_proof_refused" in written
    assert CLIENT_SECRET not in written
    assert "eyJ" not in written


def test_two_browsers_at_once_make_one_account(visitor: TestClient, configured: Callable[..., None]) -> None:
    configured(SIGNUP="open")
    claimed = Claimed(issuer="https://id", subject="new", email="new@example.com", email_verified=True, name="New")

    def come(_number: int) -> object:
        with transaction() as db:
            return admissions.admit_identity(db, claimed)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(come, range(4)))
    assert [type(outcome) for outcome in outcomes] == [SignedIn] * 4
    assert (len(linked()), len(everybody()), len(trail("identity:linked"))) == (1, 2, 1)
