"""Pages that hold all words of a question, the best ones first."""

import re
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.actor import Actor, Role, require_role
from app.core.errors import Invalid
from app.core.paging import MAX_LIMIT, Page, decode, encode
from app.documents.access import access_document, visible_documents
from app.documents.schemas import Hit, Piece
from app.documents.tables import DocumentRow, PageRow

MAX_WORDS, MAX_QUESTION = 20, 200
OPEN, CLOSE, LESS, MORE = "\ue000\ue001\ue002\ue003"  # no stored text has them: `extract` takes them out
HEADLINE = f'StartSel="{OPEN}", StopSel="{CLOSE}", MaxFragments=2, MaxWords=30, MinWords=10, FragmentDelimiter=" … "'
PHRASE = re.compile(r'"([^"]*)"|(\S+)')


class NothingToFind(Invalid):
    """Write a word to look for."""


def search(
    db: Session,
    actor: Actor,
    question: str,
    *,
    document_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Hit]:
    """Words may be cut short; those in quotation marks stand side by side."""
    require_role(actor, Role.viewer)
    wanted = sa.func.to_tsquery("simple", _asked(question), type_=sa.types.NullType())
    limit, after = min(max(limit, 1), MAX_LIMIT), decode(cursor, [int])[0] if cursor else 0
    query = sa.select(PageRow.document_id, PageRow.number, sa.func.ts_rank_cd(PageRow.words, wanted, 1).label("rank"))
    query = query.join(DocumentRow, DocumentRow.id == PageRow.document_id).where(
        PageRow.words.op("@@")(wanted), visible_documents(actor)
    )
    if document_id is not None:
        access_document(db, actor, document_id)
        query = query.where(PageRow.document_id == document_id)
    best = (
        query.order_by(sa.desc("rank"), PageRow.document_id, PageRow.number).offset(after).limit(limit + 1).subquery()
    )
    plain = sa.func.translate(PageRow.text, "<>", LESS + MORE)  # tags would be left out
    # The snippets are made of those few pages only: it costs more than finding them.
    shown = (
        sa.select(DocumentRow, PageRow, sa.func.ts_headline("simple", plain, wanted, HEADLINE))
        .join(best, best.c.document_id == DocumentRow.id)
        .join(PageRow, sa.and_(PageRow.document_id == best.c.document_id, PageRow.number == best.c.number))
        .order_by(best.c.rank.desc(), best.c.document_id, best.c.number)
    )
    hits = [_hit(*found) for found in db.execute(shown).tuples()]
    return Page(items=hits[:limit], next_cursor=encode([after + limit]) if len(hits) > limit else None)


def _asked(question: str) -> str:
    """In the language of `to_tsquery`: each word quoted, so that none of its signs means anything."""
    if len(question) > MAX_QUESTION:
        raise NothingToFind(f"This question has {len(question)} characters; {MAX_QUESTION} are allowed.")
    parts = []
    for phrase, word in PHRASE.findall(question.replace("\0", " "))[:MAX_WORDS]:
        if text := (phrase or word).strip('" '):
            quoted = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
            parts.append(quoted if phrase else f"{quoted}:*")
    if not any(re.search(r"\w", part) for part in parts):
        raise NothingToFind
    return " & ".join(parts)


def _hit(document: DocumentRow, page: PageRow, headline: str) -> Hit:
    return Hit(
        document_id=document.id,
        document=document.name,
        form=document.form,
        page=page.page,
        title=page.title,
        snippet=list(_pieces(headline)),
    )


def _pieces(headline: str) -> list[Piece]:
    pieces = []
    for part in headline.replace(LESS, "<").replace(MORE, ">").split(OPEN):
        found, closed, rest = part.partition(CLOSE)
        pieces += [Piece(text=found, found=True), Piece(text=rest)] if closed else [Piece(text=part)]
    return [piece for piece in pieces if piece.text]
