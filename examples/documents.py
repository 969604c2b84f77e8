"""JSON of many small documents: batches of lines are read, changed and written.

    ftbench try documents.py:enriched --inputs-from documents.py:batches

A batch goes to the worker and its result comes back: where workers are processes, both are pickled.
"""

import json


def batches():
    """Return eight batches of 150 orders, a JSON document on each line."""
    return [
        "\n".join(json.dumps(order(number)) for number in range(first, first + 150))
        for first in range(0, 1200, 150)
    ]


def order(number):
    """Return an order as a shop's API has it."""
    lines = [
        {"sku": f"A-{number * 7 + line:05}", "count": 1 + line, "price": 3.5 + number % 11}
        for line in range(1 + number % 4)
    ]
    customer = {"id": number % 97, "name": f"Customer {number % 97}", "tags": ["web", "paid"]}
    return {"id": number, "customer": customer, "lines": lines, "paid": number % 3 == 0}


def enriched(batch):
    """Return the batch with each order's total, its keys in order."""
    documents = []
    for line in batch.splitlines():
        document = json.loads(line)
        document["total"] = sum(each["count"] * each["price"] for each in document["lines"])
        documents.append(json.dumps(document, sort_keys=True, separators=(",", ":")))
    return "\n".join(documents)
