"""What the two sample tables demand of their rows: each rule is broken by a few rows of the file."""

from app.datasets.schemas import Column, ColumnType, DatasetCreate, DatasetSchema, Rule
from app.sample.rows import CHANNELS, PRIORITIES, PRODUCTS, REGIONS, TOPICS
from app.sharing.service import OPEN

SALES = DatasetCreate(
    share_with=OPEN,
    name="sample_sales",
    description="Orders of a small furniture shop.",
    definition=DatasetSchema(
        columns=[
            Column(name="order_id", required=True, pattern=r"^S-\d{5}$", unique=True),
            Column(name="ordered_on", type=ColumnType.date, required=True, formats=["%Y-%m-%d"]),
            Column(name="region", required=True, allowed=REGIONS),
            Column(name="channel", required=True, allowed=CHANNELS),
            Column(name="product", required=True, allowed=list(PRODUCTS)),
            Column(name="quantity", type=ColumnType.integer, required=True, min=1),
            Column(name="amount", type=ColumnType.decimal, decimals=2, required=True, exclusive_min=0),
        ],
    ),
)
TICKETS = DatasetCreate(
    share_with=OPEN,
    name="sample_tickets",
    description="Support tickets of the same shop.",
    definition=DatasetSchema(
        columns=[
            Column(name="ticket_id", required=True, pattern=r"^T-\d{4}$", unique=True),
            Column(name="opened_at", type=ColumnType.timestamp, required=True),
            Column(name="closed_at", type=ColumnType.timestamp),
            Column(name="topic", required=True, allowed=TOPICS),
            Column(name="priority", required=True, allowed=PRIORITIES),
            Column(name="satisfaction", type=ColumnType.integer, min=1, max=5),
        ],
        rules=[
            Rule(name="closed_after_opened", expression="closed_at >= opened_at", message="closed before it was opened")
        ],
    ),
)
