"""Reads an SQL question the way DuckDB itself does, without running it. Imported by child processes only.

What is not known to be harmless is refused: functions by a list, tables unless they are datasets or names of WITH.
"""

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import duckdb

from app.core.errors import Invalid
from app.queries.engine import CLOSED, place_in
from app.queries.sql_functions import SCALAR, TABLE

Node = dict[str, Any]
CLOCK = ("now", "get_current_timestamp", "transaction_timestamp")
CLOCK_HINT = " Use current_date, or a parameter with the value today."


class NotOneSelect(Invalid):
    """Ask exactly one SELECT."""


class Refused(Invalid):
    """This question asks for something that questions may not do."""


@dataclass
class Reader:
    sql: str
    parameters: set[str]
    # Names of tables in the order in which they stand first, with the place of each.
    tables: dict[str, int] = field(default_factory=dict)

    def refuse(self, node: Node, text: str) -> Refused:
        return Refused(f"{place_in(self.sql, _position(node))}{text}")

    def walk(self, node: Any, names: frozenset[str]) -> None:
        if isinstance(node, list):
            for each in node:
                self.walk(each, names)
        elif isinstance(node, dict):
            names = self._with(node, names)
            self._check(node, names)
            for key, each in node.items():
                if key != "cte_map":
                    self.walk(each, names)

    def _with(self, node: Node, names: frozenset[str]) -> frozenset[str]:
        """A WITH name is known to what follows it; to its own text only when it is recursive."""
        for entry in (node.get("cte_map") or {}).get("map", []):
            name, body = entry["key"].casefold(), entry["value"]
            is_recursive = (body.get("query_node") or body.get("query", {}).get("node", {})).get(
                "type"
            ) == "RECURSIVE_CTE_NODE"
            self.walk(body, names | {name} if is_recursive else names)
            names |= {name}
        return names

    def _check(self, node: Node, names: frozenset[str]) -> None:
        kind, group = node.get("type"), node.get("class")
        if kind == "BASE_TABLE":
            self._table(node, names)
        elif kind == "TABLE_FUNCTION":
            self._function(node["function"], TABLE, _position(node))
        elif kind == "SHOW_REF":
            raise NotOneSelect("Ask exactly one SELECT; DESCRIBE, SHOW and SUMMARIZE are not questions to data.")
        elif group in ("FUNCTION", "WINDOW") and node.get("function_name") not in TABLE:
            self._function(node, SCALAR)
        elif group == "PARAMETER":
            name = str(node.get("identifier", ""))
            if name not in self.parameters:
                known = ", ".join(f"${each}" for each in sorted(self.parameters)) or "none"
                raise self.refuse(node, f"There is no parameter ${name}. Parameters: {known}.")

    def _table(self, node: Node, names: frozenset[str]) -> None:
        path = node.get("qualified_name", {}).get("path", [node.get("table_name", "")])
        if len(path) != 1:
            raise self.refuse(
                node, f'"{".".join(path)}": datasets have no schema before their name; in quotes if it has a dot.'
            )
        if path[0].casefold() not in names:
            self.tables.setdefault(path[0], _position(node))

    def _function(self, node: Node, allowed: frozenset[str], position: int | None = None) -> None:
        path = node.get("qualified_name", {}).get("path", [])
        name = str(node.get("function_name", "")).lower()
        is_plain = name[:1].isalpha() or name[:1] == "_"
        if len(path) > 1 or (is_plain and name not in allowed):
            meant = get_close_matches(name, allowed, 1)
            hint = CLOCK_HINT if name in CLOCK else f" Did you mean {meant[0]}?" if meant else ""
            place = place_in(self.sql, _position(node) if position is None else position)
            raise Refused(f"{place}questions may not call {'.'.join(path) or name}.{hint}")


def tables_in(sql: str, parameters: set[str]) -> dict[str, str]:
    """The datasets that it reads, each with its place in words. Raises NotOneSelect, Refused."""
    reader = Reader(sql, parameters)
    reader.walk(_statement(sql), frozenset())
    return {name: place_in(sql, position) for name, position in reader.tables.items()}


def _statement(sql: str) -> Node:
    with duckdb.connect(":memory:", config={**CLOSED, "enable_external_access": "false", "threads": "1"}) as connection:
        found = connection.execute("SELECT json_serialize_sql(?::VARCHAR, skip_null := true)", [sql]).fetchone()
    read: Node = json.loads(found[0]) if found else {}
    if read.get("error"):
        raise NotOneSelect(_refusal(read, sql))
    if len(read["statements"]) != 1:
        raise NotOneSelect(f"Ask exactly one SELECT; these are {len(read['statements'])} statements.")
    statement: Node = read["statements"][0]["node"]
    return statement


def _refusal(read: Node, sql: str) -> str:
    if read.get("error_type") == "parser":
        return f"{place_in(sql, read.get('position'))}{read['error_message']}."
    return "Ask exactly one SELECT: a question reads, it does not change, copy, attach, load or set anything."


def _position(node: Node) -> int:
    place = int(node.get("query_location", -1))
    return place if place < 2**63 else -1
