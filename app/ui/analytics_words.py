"""How each table of figures comes about, in the words of the page. The same formulas stand in docs/analytics.md."""

from app.tasks.metrics.service import days

HOW = {
    "flow": "**Flow.** Cards by column at the end of each day (midnight in the chosen zone), each in the column its "
    "last line of the log before that moment names. Completed cards that were archived or deleted later stay "
    "in a band of their own; a card that left the board without being completed is not counted any more.",
    "burndown": "**Burndown.** Open = on the board and not completed at the end of the day; the estimate is the sum of "
    "theirs, and cards without one are counted apart. The straight way runs from what was open before the "
    "first day to nothing at the end of the target day.",
    "days": "**Each day.** Created = the first line of a card is of that day. Completed = its last completion is of "
    "that day and it was not opened again until the end of the window.",
    "weeks": "**Each week** from Monday: the sum of its days. A week that the window cuts is marked.",
    "times": "**Times.** Lead time = completion − first line of the card. Cycle time = completion − the first entry "
    "into a column that, at that time, was neither the first of the board nor a done one; cards that skipped "
    "these columns have none. Days are 24 hours. p85 is the shortest time that 85 of 100 of these cards did "
    "not exceed (nearest rank).",
    "completed": "**Completed cards,** the latest 2,000. A card that was opened again counts by its last completion.",
    "ageing": "**In progress.** Age = end of the window − start, for cards on the board that have started and are not "
    "completed; late = older than the p85 of the cycle times above. The oldest 200.",
    "columns": "**Columns.** For each completed card the sum of its visits to a column until its last completion; over "
    "these cards the middle, p85 and p95.",
    "workload": "**People.** Open cards, the sum of their estimates, those due before the day of the end, and cards "
    "completed in the window, by who was assigned at the end of the window. A card of two people counts for "
    "both.",
    "boards": "**Boards.** The same figures for each board.",
}


def length(number: float | None) -> str:
    return "–" if number is None else days(number)
