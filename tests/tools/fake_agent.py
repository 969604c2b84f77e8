"""An agent of a fleet that measures by `fake_cell.py`: `fake_agent.py NAME ADDRESS FOLDER [WORDS]`.

WORDS: "older" has another version of something, "once" answers one request of standard input,
"kept" is started again when it is killed, "group..." a group that it is of.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ftbench.asv.machines import identity
from ftbench.fleet import agent, dask_link, links
from ftbench.fleet.certificates import Certificates

CELL = Path(__file__).with_name("fake_cell.py")


def made(name: str, folder: Path, *words: str) -> agent.Agent:
    """Return an agent."""
    own = folder / name
    return agent.Agent(
        host=name,
        groups=[word for word in words if word.startswith("group")],
        folder=own,
        program=(sys.executable, "-S", str(CELL), identity(own)),
    )


def main(name: str, address: str, folder: str, *words: str) -> None:
    """Do what the words say."""
    dask_link._AGAIN_SECONDS = 0.3  # type: ignore[misc]
    if "older" in words:
        agent._ALIKE = ("asv", "click")  # type: ignore[misc, assignment]
    own = made(name, Path(folder), *words)
    if "once" in words:
        links.answer_once(own)
    elif "kept" in words:
        rest = [word for word in words if word != "kept"]
        sys.exit(dask_link.supervised([sys.executable, __file__, name, address, folder, *rest]))
    else:
        asyncio.run(dask_link.serve(own, address, Certificates(Path(folder) / "certificate")))


if __name__ == "__main__":
    main(*sys.argv[1:])
