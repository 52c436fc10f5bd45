"""The question that somebody is working on in this tab: plain dicts in the session until it is saved."""

from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from app.queries.schemas import NamedQuery, QueryResult, QuerySpec, Question, SqlQuery
from app.ui.template_draft import sentence

BUILD, SQL = "Build", "SQL"
QUESTION: TypeAdapter[QuerySpec | SqlQuery] = TypeAdapter(Question)
DRAFT = "query_draft"
NEW_SQL: dict[str, Any] = {"connection": None, "sql": "", "parameters": [], "limit": 200}


class QueryDraft:
    """`spec` and `sql` are both kept while somebody looks at the other tab."""

    def __init__(self, saved: NamedQuery | None, number: int) -> None:
        self.id: UUID | None = saved.id if saved else None
        self.version = saved.version if saved else 0
        plain: dict[str, Any] = saved.question.model_dump(mode="json") if saved else {}
        self.is_sql = "sql" in plain
        self.spec: dict[str, Any] = {} if self.is_sql else plain
        self.sql: dict[str, Any] = plain if self.is_sql else dict(NEW_SQL)
        self.saved = plain
        self.asked: dict[str, Any] | None = None
        self.answer: QueryResult | None = None
        self.seconds = 0.0
        # Widgets remember what was typed by their key: another draft must not show what this one held.
        self.edition = f"query_{number}"

    @property
    def plain(self) -> dict[str, Any]:
        return self.sql if self.is_sql else self.spec

    @property
    def is_changed(self) -> bool:
        found = self.question()
        return found is not None and found.model_dump(mode="json") != self.saved

    def question(self) -> QuerySpec | SqlQuery | None:
        """None while it makes no sense yet; `problem` says why."""
        try:
            return QUESTION.validate_python(self.plain)
        except ValidationError:
            return None

    def problem(self) -> str:
        try:
            QUESTION.validate_python(self.plain)
        except ValidationError as error:
            return sentence(error)
        return ""


def open_draft(saved: NamedQuery | None) -> QueryDraft:
    """The one of this tab, unless it is about another query or another version of it."""
    draft = st.session_state.get(DRAFT)
    version = saved.version if saved else 0
    if not isinstance(draft, QueryDraft) or (draft.id, draft.version) != (saved.id if saved else None, version):
        number = st.session_state.get("query_drafts", 0) + 1
        st.session_state["query_drafts"] = number
        draft = st.session_state[DRAFT] = QueryDraft(saved, number)
    return draft


def close_draft() -> None:
    st.session_state.pop(DRAFT, None)
