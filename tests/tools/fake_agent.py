"""An agent of a fleet that measures by `fake_cell.py`: `fake_agent.py NAME ADDRESS FOLDER [WORDS]`.

WORDS: "real" measures, "older" has another version of something, "kept" is started again when it
is killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ftbench.asv.machines import identity
from ftbench.fleet import agent, dask_link

CELL = Path(__file__).with_name("fake_cell.py")


def made(name: str, folder: Path) -> agent.Agent:
    """Return an agent."""
    own = folder / name
    return agent.Agent(
        host=name,
        folder=own,
        program=(sys.executable, "-S", str(CELL), identity(own)),
    )


def main(name: str, address: str, folder: str, *words: str) -> None:
    """Do what the words say."""
    if "usual" not in words:
        dask_link._AGAIN_SECONDS = 0.3  # type: ignore[misc]
    if "older" in words:
        agent._ALIKE = ("asv", "click")  # type: ignore[misc, assignment]
    own = made(name, Path(folder))
    if "real" in words:
        own = agent.Agent(host=name, folder=own.folder)
    if "kept" in words:
        dask_link.supervised(own, address, Path(folder) / "certificate")
    else:
        asyncio.run(dask_link.serve(own, address, Path(folder) / "certificate"))


if __name__ == "__main__":
    main(*sys.argv[1:])
