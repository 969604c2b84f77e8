"""A function with a race: it keeps its lines in a list that all threads share.

    ftbench try receipts.py:receipt --inputs-from receipts.py:purchases

Serially, in processes and in subinterpreters it is right.  In threads some receipts have the lines
of another: the trial says so, with what was got and wanted, and never ranks those modes.
"""

LINES = []


def purchases():
    """Return what was bought: names and prices."""
    return [[[f"item {n}-{k}", 1.25 * k] for k in range(400)] for n in range(12)]


def receipt(items):
    """Return the receipt of a purchase."""
    LINES.clear()
    for name, price in items:
        LINES.append(f"{name:<12}{price:>8.2f}")
    LINES.append(f"{'total':<12}{sum(price for _, price in items):>8.2f}")
    return "\n".join(LINES)
