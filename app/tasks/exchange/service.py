"""The one way into imports and exports of boards."""

from app.tasks.exchange.append import add_cards
from app.tasks.exchange.exports import BoardFile, export_board
from app.tasks.exchange.imports import (
    ImportedBefore,
    RowsRejected,
    board_import,
    discard_import,
    import_board,
    import_report,
    is_small_import,
    largest_import_mb,
    preview_import,
    read_import,
    report_text,
    store_import,
)

__all__ = [
    "BoardFile",
    "ImportedBefore",
    "RowsRejected",
    "add_cards",
    "board_import",
    "discard_import",
    "export_board",
    "import_board",
    "import_report",
    "is_small_import",
    "largest_import_mb",
    "preview_import",
    "read_import",
    "report_text",
    "store_import",
]
