"""Pages fetched over HTTP from a server of our own, which answers after 5 ms.

    ftbench try pages.py:fetch --inputs-from pages.py:paths --before pages.py:serve --yes
    ftbench try pages.py:fetch_async --inputs-from pages.py:paths --before pages.py:serve --yes

Waits: threads do on any build, and one loop with coroutines takes the fewest of everything.
More workers than cores pay here: --workers 2,8,32.
"""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time

# In the folder for temporary files, which the workers of a trial share.
ADDRESS = os.path.join(tempfile.gettempdir(), "pages-server")
HOST = "127.0.0.1"


def paths():
    """Return what is fetched."""
    return [f"/page/{number}" for number in range(32)]


def serve():
    """Start the server unless it is there, and wait until it listens."""
    if listens():
        return
    subprocess.Popen([sys.executable, __file__, ADDRESS])
    while not listens():
        time.sleep(0.01)


def listens():
    """Tell whether there is a server."""
    try:
        socket.create_connection((HOST, port())).close()
    except (OSError, ValueError):
        return False
    return True


def port():
    """Return the port on which the server listens."""
    with open(ADDRESS, encoding="ascii") as file:
        return int(file.read())


def fetch(path):
    """Return a page."""
    connection = http.client.HTTPConnection(HOST, port(), timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


async def fetch_async(path):
    """Return a page, by a coroutine."""
    reader, writer = await asyncio.open_connection(HOST, port())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2].decode()


async def answer(reader, writer):
    """Answer one request, as a server would that asks a database."""
    try:
        request = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:  # it only looked whether somebody listens
        writer.close()
        return
    await asyncio.sleep(0.005)
    body = f"This is {request.split()[1].decode()}.".encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
    writer.write(body)
    await writer.drain()
    writer.close()


async def listen(address):
    """Serve until the process that started it has gone."""
    server = await asyncio.start_server(answer, HOST, 0, backlog=512)
    with open(f"{address}.new", "w", encoding="ascii") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(f"{address}.new", address)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1]))
