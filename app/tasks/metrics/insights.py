"""What the figures say, in sentences. Each is said only when its figures are there. Pure."""

from app.tasks.metrics.schemas import Metrics, Spread

FEW = 5  # fewer completed cards than this make no distribution
WEEKS_BEFORE = 4


def insights(metrics: Metrics) -> list[str]:
    found = (_throughput(metrics), _cycle(metrics), _oldest(metrics), _slowest(metrics), _balance(metrics))
    return [sentence for sentence in (*found, _overdue(metrics)) if sentence]


def _throughput(metrics: Metrics) -> str:
    """Weeks as they passed, so that a window of any length compares."""
    total = metrics.totals
    if not total.completed and not total.completed_before:
        return ""
    weeks = len(metrics.days) / 7
    now, before = total.completed / weeks, total.completed_before / WEEKS_BEFORE
    said = f"{_cards(total.completed)} completed, {now:.1f} a week"
    if not before:
        return f"{said}; none in the four weeks before."
    said = f"{said}; in the four weeks before it was {before:.1f} a week"
    change = round((now - before) / before * 100)
    return f"{said} ({abs(change)} % {'more' if change > 0 else 'fewer'})." if change else f"{said}: no change."


def _cycle(metrics: Metrics) -> str:
    time = metrics.totals.cycle
    if time.cards < FEW or time.p50 is None or time.p85 is None:
        return ""
    half, most = days(time.p50), days(time.p85)
    return f"From start to completion half of the cards took at most {half}, 85 of 100 at most {most}."


def _oldest(metrics: Metrics) -> str:
    if not metrics.ageing:
        return ""
    card = metrics.ageing[0]
    number = "" if card.number is None else f" (#{card.number})"
    what = f"“{card.title}”{number} in “{card.column}”"
    said = f"The oldest card in progress is {what}: {days(card.age_days)} since its start"
    return f"{said}, longer than 85 of 100 completed cards took." if card.late and _enough(metrics) else f"{said}."


def _slowest(metrics: Metrics) -> str:
    """A card that was opened again has been in a done column, where nothing waited for anybody."""
    if not _enough(metrics):
        return ""
    over = {column.id for column in metrics.columns if column.is_done}
    stays = [stay for stay in metrics.stays if stay.column_id not in over]
    timed = [(stay.time.p50, stay) for stay in stays if stay.time.p50 is not None]
    if len(timed) < 2:
        return ""
    longest, stay = max(timed, key=lambda each: each[0])
    return f"Completed cards stayed longest in “{stay.name}”: half of those that were there at most {days(longest)}."


def _balance(metrics: Metrics) -> str:
    total = metrics.totals
    if not total.created and not total.completed:
        return ""
    if total.created == total.completed:
        return f"As many cards were created as completed: {total.created}."
    more = "More" if total.created > total.completed else "Fewer"
    return f"{more} cards were created ({total.created}) than completed ({total.completed})."


def _overdue(metrics: Metrics) -> str:
    late = sum(board.overdue for board in metrics.by_board)
    return f"{late} open {'card is' if late == 1 else 'cards are'} overdue." if late else ""


def _enough(metrics: Metrics) -> bool:
    time: Spread = metrics.totals.cycle
    return time.cards >= FEW


def _cards(number: int) -> str:
    return "1 card was" if number == 1 else f"{number} cards were"


def days(number: float) -> str:
    """Short times in hours: nobody thinks in hundredths of a day."""
    if number < 1:
        hours = number * 24
        return "less than an hour" if hours < 1 else f"{hours:.0f} {'hour' if round(hours) == 1 else 'hours'}"
    shown = f"{number:.1f}".removesuffix(".0")
    return f"{shown} {'day' if shown == '1' else 'days'}"
