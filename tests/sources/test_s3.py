"""A store that speaks S3: moto's server, and the signatures that Amazon's own library makes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.settings import settings
from app.sources import service as sources
from app.sources.connectors.s3 import BadListing, parsed
from app.sources.connectors.s3_signing import S3Keys, object_url, signed
from tests.s3_server import S3Server
from tests.sources.conftest import dataset, load_all, pull, rows, source, states

OSLO, BERGEN = b"city,people\nOslo,700000\n", b"city,people\nBergen,290000\n"
NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def bucket(store: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("OUTGOING_ALLOW", "127.0.0.1")
    settings.cache_clear()
    yield store.bucket()
    monkeypatch.undo()
    settings.cache_clear()


def given(store: S3Server, bucket: Any, **rest: Any) -> dict[str, Any]:
    keys = {"access_key": "AKIDEXAMPLE", "secret_key": "a-very-secret-key"}
    return {"endpoint": store.url, "bucket": bucket.name, "prefix": "in/", "pattern": "*.csv", **keys, **rest}


def test_new_and_changed_objects_are_loaded_once(database: str, store: S3Server, bucket: Any) -> None:
    dataset()
    one = source("s3", given(store, bucket))
    bucket.put("in/oslo å + 100%.csv", OSLO)
    bucket.put("in/deep/er/copy.csv", OSLO)
    bucket.put("out/bergen.csv", BERGEN)
    bucket.put("in/notes.txt", b"x")
    first = pull(one.id).result
    assert (first["taken"], first["duplicates"]) == (1, 1)
    assert pull(one.id).result["size"] == 0
    bucket.put("in/deep/er/copy.csv", BERGEN)
    assert pull(one.id).result["taken"] == 1
    load_all()
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]
    assert "in/oslo å + 100%.csv" in states(one.id)


def test_a_long_list_is_read_to_its_end_and_a_pull_takes_no_more_than_told(
    database: str, store: S3Server, bucket: Any
) -> None:
    dataset()
    for number in range(1003):
        bucket.put(f"in/{number:04}.txt", b"")
    bucket.put("in/zzz.csv", BERGEN)
    bucket.put("in/zzy.csv", OSLO)
    one = source("s3", given(store, bucket), max_items=1)
    assert [pull(one.id).result["taken"] for _ in range(3)] == [1, 1, 0]


def test_what_is_wrong_is_said_in_the_words_of_the_store(database: str, store: S3Server, bucket: Any) -> None:
    dataset()
    bucket.put("in/Oslo.csv", OSLO)
    one = source("s3", given(store, bucket))
    lost = source("s3", given(store, bucket) | {"bucket": "no-such-bucket"}, name="lost")
    with transaction() as db:
        good, bad = (sources.check_source(db, SYSTEM, each.id) for each in (one, lost))
    assert (good.ok, good.found) == (True, ["in/Oslo.csv"])
    assert good.message == "1 object fits *.csv; the newest is in/Oslo.csv."
    assert (bad.ok, "NoSuchBucket" in bad.message) == (False, True)
    with pytest.raises(Invalid, match="'Box' is no name of a bucket"):
        source("s3", given(store, bucket) | {"bucket": "Box"}, name="Box")
    assert "NoSuchBucket" in (pull(lost.id).error or "")


@pytest.mark.parametrize("token", ["", "a/session+token=="])
def test_requests_are_signed_as_amazons_own_library_does(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = S3Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    query = {"list-type": "2", "prefix": "a b/ü+~", "continuation-token": "x/=="}
    url, ours = signed(object_url("https://s3.example.com", "box", "a b/c+d~.csv"), query, "eu-west-1", keys, NOW)
    theirs = AWSRequest("GET", url, headers={"host": urlsplit(url).netloc})
    theirs.context["timestamp"] = "20261122T103000Z"
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None))
    theirs.context["payload_signing_enabled"] = False
    S3SigV4Auth(Credentials(keys.access_key, keys.secret_key, token or None), "s3", "eu-west-1").add_auth(theirs)
    assert ours["authorization"] == theirs.headers["Authorization"]


def test_a_listing_with_entities_is_refused_before_it_is_read() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ListBucketResult><Key>&b;</Key></ListBucketResult>'
    for body in (bomb, b"not xml", b"<ListBucketResult><Contents><Size>many</Size></Contents></ListBucketResult>"):
        with pytest.raises(BadListing):
            parsed(body)
