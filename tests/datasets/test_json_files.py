"""JSON in lines and in lists: nothing is lost, and what is no object is one rejected row with its reason."""

import io
import json

import pytest

from app.core.errors import AppError
from app.datasets.formats.json_text import Elements, first_lines, shape_of, write_lines
from app.datasets.formats.look import text_look
from app.datasets.schemas import Pins
from tests.datasets.reading import Reading, read_json, rules_of

OBJECTS = [
    {"a": 1.50, "b": 'x"\\, [{ü'},
    {"a": None, "b": {"deep": [1, 2]}},
    {},
    {"b": "\n", "a": 12345678901234567890},
]


def lists() -> list[bytes]:
    texts = [json.dumps(OBJECTS), json.dumps(OBJECTS, indent=2), '{"rows": ' + json.dumps(OBJECTS, indent=1) + "}\n"]
    return [text.encode() for text in [*texts, json.dumps(OBJECTS).replace("}, {", "}\r\n , {"), "\n" + texts[0]]]


def test_a_list_a_pretty_list_and_lines_are_the_same_rows() -> None:
    lines = read_json("\n".join(map(json.dumps, OBJECTS)).encode())
    assert lines.values[1:] == [(None, '{"deep": [1, 2]}'), (None, None), ("12345678901234567890", "\n")]
    for text in lists():
        found = read_json(text)
        assert [found.values[0], *found.values[2:]] == [lines.values[0], *lines.values[2:]]
        assert json.loads(found.values[1][1]) == {"deep": [1, 2]}


@pytest.mark.parametrize("text", lists())
def test_a_list_is_cut_the_same_way_wherever_its_pieces_end(text: bytes) -> None:
    shape = shape_of(text, whole=True)
    whole = first_lines(text, shape, whole=True)
    for size in (1, 3, 64):
        elements = Elements(shape)
        lines = [line for at in range(0, len(text), size) for line in elements.feed(text[at : at + size])]
        assert b"\n".join([*lines, *elements.finish()]) + b"\n" == whole


@pytest.mark.parametrize(
    ("line", "rule", "words"),
    [
        (b"[1, 2]", "json", "not a JSON object but a list"),
        (b"17", "json", "but a number"),
        (b'"text"', "json", "but a text"),
        (b"null", "json", "but null"),
        (b'{"a": NaN}', "json", "NaN is not a JSON number. Write null"),
        (b'{"a": -Infinity}', "json", "-Infinity is not a JSON number"),
        (b'{"a": 1, "a": 2}', "json", "names 'a' twice"),
        (b'{"a": 1, "c": 2, "c": 3}', "json", "names 'c' twice"),
        (b'{"a": 01}', "json", "byte 8 of the line"),
        (b'{"a": 1', "json", "it ends too early"),
        (b'{"a": 1} {"a": 2}', "json", "more text follows"),
        (b'{"a": 1,}', "json", "a comma stands before"),
        (b'{"a": "\xff"}', "encoding", "bytes that are not utf-8"),
        (b'{"a": "x\0"}', "json", "NUL byte"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "json", "nested too deeply"),
    ],
)
def test_a_bad_line_is_one_rejected_row_with_its_reason(line: bytes, rule: str, words: str) -> None:
    for size in (8 << 20, 32):
        found = read_json(b'{"a": 1, "b": "x"}\n' + line + b'\n\n{"a": 3}\r\n', block=size)
        assert found.values == [("1", "x"), ("3", None)]
        assert rules_of(found) == {2: [rule]}
        assert words in found.messages[2][0]
        assert found.lines == {1: 1, 2: 2, 3: 4}


def test_values_keep_their_text() -> None:
    lines = b'{"a": 1.50, "b": 1e2}\n{"a": -0.0, "b": true}\n{"a": "", "b": "a\\u0041\\n"}\n{"a": "007", "b": [1.0]}\n'
    assert read_json(lines).values == [("1.50", "1e2"), ("-0.0", "true"), (None, "aA\n"), ("007", "[1.0]")]


def test_a_nul_written_as_an_escape_is_rejected_before_it_is_stored() -> None:
    assert rules_of(read_json(b'{"a": "x\\u0000", "b": 1}\n')) == {1: ["nul"]}


@pytest.mark.parametrize(
    "twice", [b'{"a": 1, "a": 2}', b'{"a": 1, "a" \t: 2}', b'{"\\u0061": 1, "a": 2}', b'{"a": 1, "\\u0061" : 2}']
)
@pytest.mark.parametrize("other", [b'{"b": 3}', b'{"a" : 3}', b'{"\\u0061": 3}', b'{"a": null, "b": "\\"a\\":"}'])
def test_a_key_named_twice_is_seen_whatever_the_other_rows_lack(twice: bytes, other: bytes) -> None:
    found = read_json(twice + b"\n" + other + b"\n", names=["a", "b"])
    assert rules_of(found) == {1: ["json"]}
    assert found.messages[1] == ["The object names 'a' twice."]


def test_objects_deeper_than_can_be_read_are_rejected_one_by_one() -> None:
    """What reads rows and what looks for repeated names give up at depths of their own, which hang on the caller."""
    found = read_json(
        b'{"b": 1}\n' + b"".join(b'{"a":' * depth + b"1" + b"}" * depth + b"\n" for depth in range(700, 1000))
    )
    assert (found.count, bool(found.rows), bool(found.failures)) == (301, True, True)
    assert {words for messages in found.messages.values() for words in messages} == {
        "The row cannot be read: it is nested too deeply."
    }


def test_keys_may_hold_signs_that_json_must_escape() -> None:
    names = ['size 5"', "a\\b", "tab\there", "line\nend"]
    objects = [{name: number for number, name in enumerate(names)}, {names[2]: "x"}]
    lines = [json.dumps(one) for one in objects] + [f"{{{json.dumps(names[0])}: 1, {json.dumps(names[0])}: 2}}", "7"]
    found = read_json("\n".join(lines).encode(), names=['size 5"'])
    assert found.values == [("0",), (None,)]
    assert found.messages[3] == ["The object names 'size 5\"' twice."]
    assert rules_of(found) == {3: ["json"], 4: ["json"]}


def test_keys_that_come_late_are_read_and_unknown_ones_are_named() -> None:
    found = read_json(b'{"x": 1, "A": 2}\n{"b": 3, "y": 4}\n', names=["a", "b", "c"])
    assert found.values == [("2", None, None), (None, "3", None)]
    assert found.dialect.ignored == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[]", "no JSON objects"),
        (b"[1, 2]", "no JSON objects"),
        (b"[{}]", "objects of this file are empty"),
        (b'[{"a": 1}', "ends in the middle of its list"),
        (b'[{"a": 1}] [2]', "More text follows"),
        (b'{"rows": [{"a": 1}], "total": 1, "x":\n 1}', "More text follows"),
        (b'[{"a": 1, "A": 2}]', "Two columns are called"),
        (b'[{"": 1}]', "has no name"),
        (b'[{"a": 1, "b\\u0000": 1}]', "column 2 of 2 holds a NUL byte"),
        (b"id,name\n1,x\n", "no JSON objects"),
    ],
)
def test_a_file_that_is_no_list_of_objects_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(AppError, match=words):
        text_look(text, "rows.json", Pins())


def test_a_list_that_breaks_off_far_behind_its_beginning_is_refused() -> None:
    row = b'{"a": "' + b"x" * 1000 + b'"},\n'
    with pytest.raises(AppError, match="ends in the middle of its list, after 6,000 elements"):
        write_lines(io.BytesIO(b"[" + row * 6000), "utf-8", 0, "list", io.BytesIO())


def test_utf_16_is_read() -> None:
    text = json.dumps(OBJECTS[:1], ensure_ascii=False)
    found: list[Reading] = [read_json(one.encode("utf-16")) for one in (text, text[1:-1] + "\n")]
    assert found[0].values == found[1].values == [("1.5", 'x"\\, [{ü')]
