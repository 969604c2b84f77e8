"""A query of SQLite: each worker has a connection of its own to one file.

    ftbench try orders.py:spent --inputs-from orders.py:customers --worker-setup orders.py:connect

The set-up of a worker is no part of what is timed.  SQLite works without the GIL; rows become
Python's objects with it.
"""

import os
import sqlite3
import tempfile
import threading

DATABASE = os.path.join(tempfile.gettempdir(), "orders.sqlite")
# By thread: of a pool's subinterpreter, threading.local forgets what it had after each call.
CONNECTIONS = {}


def customers():
    """Make the database, and return the customers to ask it about."""
    with sqlite3.connect(DATABASE) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS orders (customer, day, amount)")
        if not connection.execute("SELECT count(*) FROM orders").fetchone()[0]:
            rows = ((n * 7919 % 50, n % 365, (n * 31 % 997) / 7) for n in range(40_000))
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.close()
    return range(0, 50, 5)


def connect():
    """Open this worker's connection."""
    connection = sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)
    CONNECTIONS[threading.get_ident()] = connection


def spent(customer):
    """Return what a customer spent, day by day."""
    query = "SELECT day, sum(amount) FROM orders WHERE customer = ? GROUP BY day ORDER BY day"
    return CONNECTIONS[threading.get_ident()].execute(query, (customer,)).fetchall()
