"""The one way out by HTTP, against a real server on this machine: which is exactly what nobody may reach unasked."""

import gzip
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.core import outgoing
from app.core.outgoing import AnswerTooLarge, OutgoingFailed, OutgoingRefused, fetch
from app.core.settings import SettingsError, load, settings
from tests.smtp_server import Authority
from tests.web_server import Answer, Asked, WebServer

NAMES = {
    "site.example": ["127.0.0.1"],
    "other.example": ["127.0.0.1"],
    "mixed.example": ["93.184.215.14", "10.0.0.7"],
    "mixed6.example": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:192.168.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "ten.example": ["10.1.2.3"],
    "shared.example": ["100.64.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::"],
    "local6.example": ["fd12:3456::1"],
    "zone.example": ["fe80::1%1"],
    "nothing.example": [],
}


def names(host: str, _port: int) -> list[str]:
    """A name server that knows only these names."""
    return NAMES[host]


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    server.answers["/"] = Answer(body=b"hello")
    yield server
    server.close()


@pytest.fixture
def get(site: WebServer) -> Callable[..., outgoing.Fetched]:
    """Calls the server under a name that is allowed to be private."""

    def call(path: str = "/", **given: Any) -> outgoing.Fetched:
        given = {"allow": ["site.example"], "resolver": names, **given}
        return fetch(given.pop("method", "GET"), site.url(path, "site.example"), **given)

    return call


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


HOSTILE = [
    "http://127.0.0.1:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/", "http://2130706433:{port}/",
    "http://0x7f000001:{port}/", "http://0x7f.1:{port}/", "http://0177.0.0.1:{port}/", "http://017700000001:{port}/",
    "http://127.0.0.1.:{port}/", "http://0:{port}/", "http://0.0.0.0:{port}/", "http://127.255.255.254:{port}/",
    "http://localhost:{port}/", "http://LOCALHOST:{port}/", "http://localhost.:{port}/", "http://[::1]:{port}/",
    "http://[::]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/", "http://[64:ff9b::127.0.0.1]:{port}/", "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/", "http://[2001:0:7f00:1::]:{port}/", "http://[fe80::1]:{port}/",
    "http://[fe80::1%25lo]:{port}/", "http://[fd00:ec2::254]/latest/", "http://[fc00::1]:{port}/",
    "http://[ff02::1]:{port}/", "http://[2001:db8::1]:{port}/", "http://[100::1]:{port}/", "http://[::1", "http://::1/",
    "http://169.254.169.254/latest/meta-data/", "http://169.254.170.2/v2/credentials", "http://168.63.129.16/",
    "http://100.100.100.200/", "http://169.254.1.1/", "http://10.0.0.1/", "http://172.31.255.255/",
    "http://192.168.1.1/", "http://100.64.0.1/", "http://192.0.2.1/", "http://198.18.0.1/", "http://224.0.0.1/",
    "http://240.0.0.1/", "http://255.255.255.255/", "http://192.88.99.1/",
    "file:///etc/passwd", "ftp://site.example/", "gopher://127.0.0.1:{port}/_", "data:text/plain,x", "dict://127.0.0.1/",
    "unix:///run/x.sock", "//127.0.0.1:{port}/", "127.0.0.1:{port}", "", "http://", "http:///etc", "https:127.0.0.1",
    "http://user@127.0.0.1:{port}/", "http://user:pass@site.example/", "http://site.example@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@site.example/", "http://127.0.0.1:{port}%23@site.example/", "http://site.example:0/",
    "http://site.example:99999/", "http://site.example:8o/", "http://site.example:/", " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nX: y", "http://127.0.0.1\t:{port}/", "http://①②⑦.⓪.⓪.①:{port}/",
    "http://ｌｏｃａｌｈｏｓｔ:{port}/", "http://127。0。0。1:{port}/", "http://%31%32%37.0.0.1:{port}/", "http://a..b/",
    "http://-a.example/", "http://site.example:{port}/" + "x" * 5000, "http://mixed.example:{port}/",
    "http://mixed6.example/", "http://metadata.google.internal/", "http://ten.example/", "http://shared.example/",
    "http://mapped.example:{port}/", "http://nat64.example:{port}/", "http://sixtofour.example:{port}/",
    "http://local6.example/", "http://zone.example/", "http://site.example:{port}/",
]  # fmt: skip


def local_names(host: str, port: int) -> list[str]:
    """The names above, and what the machine's own name server says of itself."""
    return NAMES.get(host) or outgoing.resolve(host, port)


@pytest.mark.parametrize("url", HOSTILE)
def test_no_spelling_leads_into_the_own_network(site: WebServer, url: str) -> None:
    with pytest.raises(OutgoingRefused):
        fetch("GET", url.replace("{port}", str(site.port)), resolver=local_names, timeout=60)
    assert site.connections == 0


@pytest.mark.parametrize(
    "entry", ["site.example", "SITE.example.", "*.example", "127.0.0.0/8", "127.0.0.1", "::1, 127.0.0.1"]
)
def test_an_operator_can_permit_a_host_or_a_network(
    site: WebServer, environment: pytest.MonkeyPatch, entry: str
) -> None:
    environment.setenv("OUTGOING_ALLOW", entry)
    assert fetch("GET", site.url(host="site.example"), resolver=names).body == b"hello"


@pytest.mark.parametrize("entry", ["example", "*.site.example", "10.0.0.0/8", "xsite.example", "::ffff:0:0/96"])
def test_a_permission_reaches_no_further_than_it_says(
    site: WebServer, environment: pytest.MonkeyPatch, entry: str
) -> None:
    environment.setenv("OUTGOING_ALLOW", entry)
    with pytest.raises(OutgoingRefused):
        fetch("GET", site.url(host="site.example"), resolver=names)
    assert site.connections == 0


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://0.0.0.0/"])
def test_nothing_permits_the_addresses_that_hand_out_credentials(environment: pytest.MonkeyPatch, url: str) -> None:
    environment.setenv("OUTGOING_ALLOW", "0.0.0.0/0, ::/0, 169.254.169.254")
    with pytest.raises(OutgoingRefused):
        fetch("GET", url)


def test_with_a_list_of_hosts_nothing_else_is_called(site: WebServer, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OUTGOING_ONLY", "site.example")
    environment.setenv("OUTGOING_ALLOW", "site.example")
    assert fetch("GET", site.url(host="site.example"), resolver=names).status == 200
    with pytest.raises(OutgoingRefused, match=r"OUTGOING_ONLY"):
        fetch("GET", "https://public.example/", resolver=lambda *_: ["93.184.215.14"])
    environment.setenv("OUTGOING_ALLOW", "other.example")
    settings.cache_clear()
    for host in ("site.example", "other.example"):  # listed but private, and private but not listed
        with pytest.raises(OutgoingRefused):
            fetch("GET", site.url(host=host), resolver=names)
    assert fetch("GET", site.url(host="other.example"), resolver=names, allow=["other.example"]).status == 200


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "http://site.example", "a b", "*.*.example", "0x7f.1"])
def test_a_permission_that_says_nothing_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="OUTGOING_ALLOW"):
        load({"OUTGOING_ALLOW": wrong})


def test_a_name_is_asked_once_and_the_answer_that_was_checked_is_called(site: WebServer) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])  # public when it is checked, private when it would be called
    asked = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    started = time.monotonic()
    with pytest.raises(OutgoingFailed):
        fetch("GET", site.url(host="rebind.example"), resolver=rebinding, timeout=0.5)
    assert (asked, site.connections) == (["rebind.example"], 0)
    assert time.monotonic() - started < 60


def test_the_second_address_is_tried_when_the_first_is_dead(site: WebServer) -> None:
    answer = fetch(
        "GET", site.url(host="two.example"), resolver=lambda *_: ["127.0.0.2", "127.0.0.1"], allow=["two.example"]
    )
    assert answer.body == b"hello"


def test_what_is_sent_arrives_and_what_comes_back_is_whole(
    site: WebServer, get: Callable[..., outgoing.Fetched]
) -> None:
    site.answers["/in"] = Answer(201, b"made", {"X-One": "1", "Content-Type": "text/plain"})
    answer = get("/in?a=b%20c", method="post", body=b"{}", headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body, answer.headers["x-one"]) == (201, b"made", "1")
    seen = site.asked[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/in?a=b%20c", b"{}")
    assert seen.headers["host"] == f"site.example:{site.port}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["user-agent"].startswith("AutoReport/")


@pytest.mark.parametrize(
    "headers", [{"Host": "evil"}, {"Transfer-Encoding": "chunked"}, {"X": "a\r\nY: b"}, {"X\n": "a"}, {"X": "ü€"}]
)
def test_a_header_cannot_change_what_the_request_is(
    site: WebServer, get: Callable[..., outgoing.Fetched], headers: dict[str, str]
) -> None:
    with pytest.raises(OutgoingRefused):
        get(headers=headers)
    assert site.asked == []


def test_the_environment_names_no_proxy_and_no_password(
    site: WebServer, get: Callable[..., outgoing.Fetched], environment: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine site.example login ann password secret\n")
    netrc.chmod(0o600)
    environment.setenv("NETRC", str(netrc))
    environment.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        environment.setenv(name, "http://127.0.0.1:9")
    assert get().status == 200
    assert not {"authorization", "proxy-authorization", "cookie"} & set(site.asked[0].headers)


def test_a_redirect_is_an_answer_unless_it_is_asked_for(site: WebServer, get: Callable[..., outgoing.Fetched]) -> None:
    site.answers["/old"] = Answer(302, headers={"Location": "/"})
    assert (get("/old").status, len(site.asked)) == (302, 1)
    assert get("/old", redirects=1).body == b"hello"


def test_every_hop_is_checked(site: WebServer, get: Callable[..., outgoing.Fetched]) -> None:
    for place in (f"http://127.0.0.1:{site.port}/", "http://169.254.169.254/", "file:///etc/passwd", "//ten.example/"):
        site.answers["/old"] = Answer(302, headers={"Location": place})
        with pytest.raises(OutgoingRefused):
            get("/old", redirects=3)
    assert {asked.path for asked in site.asked} == {"/old"}


def test_a_circle_of_redirects_ends(site: WebServer, get: Callable[..., outgoing.Fetched]) -> None:
    site.answers["/old"] = Answer(302, headers={"Location": "/old"})
    with pytest.raises(OutgoingFailed, match="more than 4 times"):
        get("/old", redirects=4)
    assert len(site.asked) == 5


@pytest.mark.parametrize(("host", "keeps"), [("site.example", True), ("other.example", False)])
def test_a_password_is_not_carried_to_another_host(
    site: WebServer, get: Callable[..., outgoing.Fetched], host: str, keeps: bool
) -> None:
    site.answers["/old"] = Answer(302, headers={"Location": site.url("/", host)})
    secrets = {"Authorization": "Bearer secret", "X-Api-Key": "secret", "Accept": "text/csv"}
    get("/old", redirects=1, headers=secrets, allow=["*.example"])
    assert ("authorization" in site.asked[1].headers, "x-api-key" in site.asked[1].headers) == (keeps, keeps)
    assert site.asked[1].headers["accept"] == "text/csv"


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_form_is_sent_on_only_where_the_status_says_so(
    site: WebServer, get: Callable[..., outgoing.Fetched], status: int, method: str
) -> None:
    site.answers["/old"] = Answer(status, headers={"Location": "/"})
    get("/old", method="POST", body=b"secret", redirects=1)
    assert (site.asked[1].method, site.asked[1].body) == (method, b"secret" if method == "POST" else b"")
    if method == "POST":
        site.answers["/old"] = Answer(status, headers={"Location": site.url("/", "other.example")})
        with pytest.raises(OutgoingRefused, match="another host"):
            get("/old", method="POST", body=b"secret", redirects=1, allow=["*.example"])


def drip(pieces: int, pause: float) -> Callable[[Any], None]:
    def send(out: Any) -> None:
        for _ in range(pieces):
            out.write(b"x")
            out.flush()
            time.sleep(pause)

    return send


@pytest.mark.parametrize("where", ["body", "head"])
def test_a_server_that_drips_is_left_after_the_whole_time(
    site: WebServer, get: Callable[..., outgoing.Fetched], where: str
) -> None:
    headers = {"Content-Length": "1000"} if where == "body" else {}
    site.answers["/slow"] = Answer(200, headers=headers, send=drip(600, 0.1))
    if where == "head":
        site.answers["/slow"] = Answer(100, send=drip(600, 0.1))
    started = time.monotonic()
    with pytest.raises(OutgoingFailed, match="did not answer in time"):
        get("/slow", timeout=0.6)
    assert 0.5 < time.monotonic() - started < 30


def test_a_name_server_that_is_silent_is_left_too(get: Callable[..., outgoing.Fetched]) -> None:
    heard = threading.Event()
    with pytest.raises(OutgoingFailed, match="in time"):
        get(timeout=0.3, resolver=lambda *_: heard.wait(60) and ["127.0.0.1"])
    assert not heard.is_set()
    heard.set()


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "10000000"}])
def test_reading_stops_at_the_limit(
    site: WebServer, get: Callable[..., outgoing.Fetched], headers: dict[str, str]
) -> None:
    sent = []

    def endless(out: Any) -> None:
        for _ in range(10_000):
            sent.append(out.write(b"x" * 1000))

    site.answers["/big"] = Answer(headers=headers, send=endless)
    with pytest.raises(AnswerTooLarge, match="larger than 5000 bytes"):
        get("/big", max_bytes=5000)
    site.answers["/fits"] = Answer(body=b"x" * 5000)
    assert len(get("/fits", max_bytes=5000).body) == 5000


def test_a_packed_answer_is_unpacked_only_up_to_the_limit(
    site: WebServer, get: Callable[..., outgoing.Fetched]
) -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
    assert len(bomb) < 250_000
    site.answers["/bomb"] = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    site.answers["/empty"] = Answer(body=gzip.compress(b"") * 20_000, headers={"Content-Encoding": "gzip"})
    site.answers["/fine"] = Answer(body=gzip.compress(b"x" * 1000), headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    with pytest.raises(AnswerTooLarge):
        get("/bomb", max_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000  # 64 KiB at a time would be 64 MiB
    with pytest.raises((AnswerTooLarge, OutgoingFailed)):
        get("/empty", max_bytes=100_000)
    assert get("/fine", max_bytes=1000).body == b"x" * 1000


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"not gzip", "gzip"), (gzip.compress(b"x" * 99, mtime=0)[:-9], "gzip"), (b"x", "br")]
)
def test_a_damaged_answer_is_no_answer(
    site: WebServer, get: Callable[..., outgoing.Fetched], body: bytes, encoding: str
) -> None:
    site.answers["/bad"] = Answer(body=body, headers={"Content-Encoding": encoding})
    with pytest.raises(OutgoingFailed):
        get("/bad")


def test_the_certificate_must_be_for_the_name_and_from_somebody_known() -> None:
    authority = Authority()
    server = WebServer(authority.server_context("site.example"))
    trusting = ssl.create_default_context(cadata=authority.pem)
    server.answers["/"] = Answer(body=b"safe")
    try:
        given = {"resolver": names, "allow": ["*.example"]}
        assert fetch("GET", server.url(host="site.example"), tls=trusting, **given).body == b"safe"
        with pytest.raises(OutgoingFailed, match=r"certificate of other.example was refused"):
            fetch("GET", server.url(host="other.example"), tls=trusting, **given)
        with pytest.raises(OutgoingFailed, match=r"certificate of site.example was refused"):
            fetch("GET", server.url(host="site.example"), **given)
        server.answers["/"] = Answer(302, headers={"Location": "http://site.example/"})
        with pytest.raises(OutgoingRefused, match="from https:// to http://"):
            fetch("GET", server.url(host="site.example"), tls=trusting, redirects=1, **given)
    finally:
        server.close()


def test_an_error_tells_no_address_and_no_name_of_a_library(get: Callable[..., outgoing.Fetched]) -> None:
    def unknown(*_: object) -> list[str]:
        raise OSError("name server 10.0.0.53 refused")

    for failing in ({"resolver": unknown}, {"resolver": lambda *_: []}, {"resolver": lambda *_: ["10.0.0.5"]}):
        with pytest.raises((OutgoingFailed, OutgoingRefused)) as raised:
            get(**{"allow": [], **failing})
        assert "10.0.0" not in raised.value.message
        assert "httpcore" not in raised.value.message


def test_an_answer_that_is_not_http_is_a_failure(site: WebServer, get: Callable[..., outgoing.Fetched]) -> None:
    def broken(_asked: Asked) -> Answer:
        raise RuntimeError("the server falls over")

    site.answers["/broken"] = broken
    with pytest.raises(OutgoingFailed, match=r"site.example cannot be reached"):
        get("/broken")
