"""The order of cards as base-62 fractions: there is always room between two of them.

A rank is the digits after the point, without trailing zeros, so that two ranks compare as plain ASCII text.
Pure: nothing here reads or writes anything.
"""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
WIDTH = 4  # 14 million cards fit at either end before ranks grow longer
SLOTS = BASE**WIDTH
MAX_LENGTH = 24  # a longer rank is the sign to spread the column anew
Gap = tuple[str | None, str | None]  # the ranks on both sides of a place; None is the open end


def between(low: str | None, high: str | None) -> str:
    """A rank after `low` and before `high`; None is the open end. `low` must be smaller than `high`."""
    if low is not None and high is not None:
        if low >= high:
            raise ValueError(f"no rank fits between {low!r} and {high!r}")
        return _middle(low, high)
    if low is not None:
        slot = _slot(low) + 1
        return _digits(slot) if slot < SLOTS else _middle(low, None)
    if high is not None:
        slot = _slot(high) - 1
        return _digits(slot) if slot > 0 else _middle("", high)
    return DIGITS[BASE // 2]


def spread(count: int) -> list[str]:
    """`count` short ranks in order, with even room between them."""
    width = 1
    while BASE**width <= 4 * count:
        width += 1
    step = BASE**width // (count + 1)
    return [_digits(step * (place + 1), width) for place in range(count)]


def _slot(rank: str) -> int:
    number = 0
    for digit in rank[:WIDTH].ljust(WIDTH, "0"):
        number = number * BASE + DIGITS.index(digit)
    return number


def _digits(number: int, width: int = WIDTH) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, BASE)
        digits = DIGITS[digit] + digits
    return digits.rstrip("0")


def _middle(low: str, high: str | None) -> str:
    """The shortest rank strictly between; "" is zero and None is one."""
    prefix = 0
    if high is not None:
        while (low[prefix] if prefix < len(low) else "0") == high[prefix]:
            prefix += 1
        if prefix:
            return high[:prefix] + _middle(low[prefix:], high[prefix:])
    first_low = DIGITS.index(low[0]) if low else 0
    first_high = BASE if high is None else DIGITS.index(high[0])
    if first_high - first_low > 1:
        return DIGITS[(first_low + first_high) // 2]
    if high is not None and len(high) > 1:
        return high[0]
    return DIGITS[first_low] + _middle(low[1:], None)
