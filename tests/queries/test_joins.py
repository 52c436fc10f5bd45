"""Questions over several datasets, moving dates, figures of figures: equal to plain Python over the same rows."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

import pytest

from app.queries.build_sql import UnfitValue, build_sql
from app.queries.execute import execute
from app.queries.joins import UndeclaredJoin, links
from app.queries.moments import fix_periods
from app.queries.periods import Period
from app.queries.schemas import QueryResult, QuerySpec, Source
from app.queries.scope import UnknownColumn
from app.queries.translate import NotTranslatable, translate_built, translate_sql
from tests.queries.stored import DIAMONDS, ECONOMICS, diamonds, economics, store

GRADES = [("D", "white", 1), ("E", "white", 2), ("F", "near", 3), ("G", "near", 4), ("H", "yellow", 5)]
TODAY = date(2015, 3, 18)
TO_GRADES = {"dataset": "grades", "on": [{"left": "color", "right": "letter"}]}


@pytest.fixture(scope="module")
def gems() -> Source:
    return store("diamonds", DIAMONDS, diamonds(), files=2).model_copy(
        update={"references": {"color": ("grades", "letter")}}
    )


@pytest.fixture(scope="module")
def grades() -> Source:
    stored = store("grades", [("letter", "text"), ("family", "text"), ("place", "integer")], GRADES)
    return stored.model_copy(update={"unique": [["letter"]]})


@pytest.fixture(scope="module")
def months() -> Source:
    return store("economics", ECONOMICS, economics())


def ask(spec: dict[str, Any], *sources: Source) -> QueryResult:
    found = {source.dataset: source for source in sources}
    question = QuerySpec.model_validate(spec)
    return execute(question, found[question.dataset], found, TODAY)


def test_a_joined_column_can_be_grouped_by_filtered_and_sorted(gems: Source, grades: Source) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for _cut, color, carat, _price in diamonds():
        family = {letter: family for letter, family, _ in GRADES}.get(color)
        if family and family != "yellow":
            expected[family] += carat
    answer = ask(
        {
            "dataset": "diamonds",
            "joins": [{**TO_GRADES, "kind": "inner", "as": "g"}],
            "filters": [{"column": "g.family", "op": "ne", "value": "yellow"}],
            "group_by": [{"column": "g.family", "as": "family"}],
            "measures": [{"function": "sum", "column": "diamonds.carat", "as": "carats"}],
        },
        gems,
        grades,
    )
    assert {family: Decimal(carats) for family, carats in answer.rows} == expected
    assert [(pinned.dataset, pinned.batches) for pinned in answer.joined] == [("grades", [1])]
    assert answer.warnings == []


def test_a_left_join_keeps_rows_without_a_partner(gems: Source, grades: Source) -> None:
    spec = {"dataset": "diamonds", "joins": [TO_GRADES], "filters": [{"column": "grades.family", "op": "is_empty"}]}
    colors = Counter(color for _cut, color, *_ in diamonds())
    [[count]] = ask({**spec, "measures": [{}]}, gems, grades).rows
    assert count == colors["I"] + colors["J"]
    [row] = ask({**spec, "limit": 1}, gems, grades).rows
    assert row[4:] == [None, None, None]


def test_rows_that_would_count_twice_are_told(gems: Source) -> None:
    twice = store("grades", [("letter", "text"), ("place", "integer")], [("D", 1), ("D", 2), ("E", 3)])
    answer = ask({"dataset": "diamonds", "joins": [TO_GRADES], "measures": [{}]}, gems, twice)
    assert answer.warnings == [
        "grades has several rows for 1 value of letter: what is joined to them counts once for each."
    ]


def test_columns_that_are_not_declared_to_belong_together_are_not_joined(gems: Source, grades: Source) -> None:
    by_cut = {"dataset": "grades", "on": [{"left": "cut", "right": "family"}]}
    with pytest.raises(UndeclaredJoin, match=r"Declared: color = grades.letter"):
        ask({"dataset": "diamonds", "joins": [by_cut]}, gems, grades)
    by_price = {"dataset": "grades", "on": [{"left": "carat", "right": "letter"}]}
    with pytest.raises(UndeclaredJoin, match=r'"carat" is decimal and "grades.letter" is text'):
        ask({"dataset": "diamonds", "joins": [by_price]}, gems, grades)
    with pytest.raises(UnknownColumn, match=r'Did you mean "grades.place"'):
        ask({"dataset": "diamonds", "joins": [TO_GRADES], "columns": ["grades.pace"]}, gems, grades)


def test_what_can_be_joined_is_offered(gems: Source, grades: Source) -> None:
    assert [[(pair.left, pair.right) for pair in pairs] for pairs in links(gems, grades)] == [[("color", "letter")]]
    assert [[(pair.left, pair.right) for pair in pairs] for pairs in links(grades, gems)] == [[("letter", "color")]]


def test_median_and_share_equal_plain_python_whatever_having_leaves_out(gems: Source) -> None:
    prices: dict[str, list[int]] = defaultdict(list)
    for cut, _color, _carat, price in diamonds():
        prices[cut].append(price)
    total = sum(map(sum, prices.values()))
    answer = ask(
        {
            "dataset": "diamonds",
            "group_by": [{"column": "cut"}],
            "measures": [
                {"function": "median", "column": "price"},
                {"function": "share", "column": "price"},
                {"as": "stones"},
            ],
            "having": [{"column": "stones", "op": "gt", "value": 10000}],
            "order_by": [{"column": "stones", "descending": True}],
        },
        gems,
    )
    large = sorted((cut for cut in prices if len(prices[cut]) > 10000), key=lambda cut: -len(prices[cut]))
    expected = [[cut, median(prices[cut]), pytest.approx(sum(prices[cut]) / total), len(prices[cut])] for cut in large]
    assert answer.rows == expected


@pytest.mark.parametrize(
    ("rule", "first", "last"),
    [
        ({"op": "in_period", "value": "last_full_quarter"}, "2014-10-01", "2014-12-01"),
        ({"op": "ge", "value": "start_of_year"}, "2015-01-01", "2015-04-01"),
        ({"op": "lt", "value": "start_of_month"}, "1967-07-01", "2015-02-01"),
    ],
)
def test_moving_dates_are_those_of_the_day_of_the_question(
    months: Source, rule: dict[str, Any], first: str, last: str
) -> None:
    measures = [{"function": name, "column": "month"} for name in ("min", "max")]
    filters = [{"column": "month", **rule}]
    assert ask({"dataset": "economics", "filters": filters, "measures": measures}, months).rows == [[first, last]]


def test_a_named_period_is_fixed_before_it_is_shifted() -> None:
    rule = {"column": "month", "op": "in_period", "value": "last_full_month"}
    fixed = fix_periods(QuerySpec.model_validate({"dataset": "economics", "filters": [rule]}), TODAY)
    assert fixed.filters[0].value == Period(since=date(2015, 2, 1), until=date(2015, 3, 1))


def test_a_day_that_nobody_knows_is_refused(months: Source) -> None:
    with pytest.raises(UnfitValue, match="last_full_month"):
        ask({"dataset": "economics", "filters": [{"column": "month", "op": "in_period", "value": "someday"}]}, months)
    with pytest.raises(UnfitValue, match="or a day such as yesterday"):
        ask({"dataset": "economics", "filters": [{"column": "month", "value": "someday"}]}, months)


def test_a_text_that_reads_like_a_day_stays_a_text() -> None:
    words = store("words", [("word", "text")], [("today",), ("tomorrow",)])
    assert ask({"dataset": "words", "filters": [{"column": "word", "value": "today"}]}, words).rows == [["today"]]


def test_a_question_is_put_in_the_words_of_another_database(gems: Source) -> None:
    spec = QuerySpec.model_validate(
        {
            "dataset": "diamonds",
            "filters": [{"column": "cut", "op": "contains", "value": "a:b?"}, {"column": "price", "value": 5}],
            "measures": [{"function": "median", "column": "price"}],
            "having": [{"column": "median_price", "op": "gt", "value": 7}],
        }
    )
    translated = translate_built(build_sql(spec, gems), "postgres")
    assert (translated.values, translated.columns[0].type) == ({"v0": "a:b?", "v1": 5, "v2": 7.0}, "number")
    assert 'POSITION(LOWER(:v0) IN LOWER("cut")) > 0' in translated.sql
    assert "PERCENTILE_CONT(0.5) WITHIN GROUP" in translated.sql
    assert translated.sql.index(":v1") < translated.sql.index(":v2")


def test_sql_of_people_keeps_its_texts_and_only_reads() -> None:
    translated = translate_sql("SELECT ':x' AS a FROM t WHERE b = $least LIMIT 5", {"least": 1, "unused": 2}, "mysql")
    assert (translated.sql, translated.values) == ("SELECT '\\:x' AS a FROM t WHERE b = :least LIMIT 5", {"least": 1})
    for sql in ("DELETE FROM t", "SELECT 1; SELECT 2", "SELECT * INTO x FROM t", "SELECT * FROM t FOR UPDATE"):
        with pytest.raises(NotTranslatable):
            translate_sql(sql, {}, "postgres")
    with pytest.raises(NotTranslatable, match="Line 1, column"):
        translate_sql("SELECT FROM FROM", {}, "postgres")
