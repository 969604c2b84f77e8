"""Measures a work in a suite's folder, by the code of that suite: `... FILE MACHINE`."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from rich.console import Console

from ftbench.asv.command import SOME_FAILED, Asv
from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.experiments.bench import environment_names
from ftbench.facts.profiles import PROFILES
from ftbench.facts.profiles import VARIABLE as PROFILE
from ftbench.fleet.plan import Work
from ftbench.pythons.install import ensure_pair


def measure(work: Work, folder: Path, machine: str, console: Console) -> None:
    """Have asv measure; cells that fail are results, any other end is an `FtbenchError`."""
    pairs = [ensure_pair(console, release) for release in work.releases]
    names = {
        name: None for pair in pairs for name in environment_names(pair, work.profile, work.arms)
    }
    if not names:  # asv would take that for all of them
        raise NotAvailableError(
            f"No build here has the arms {', '.join(work.arms)}.",
            hint="'ftbench pythons' on this host says which builds it has.",
        )
    hashes = folder / "releases.txt"
    hashes.write_text("".join(f"{pair[0].release.commit_id}\n" for pair in pairs), "utf-8")
    rounds = work.rounds or PROFILES[work.profile].processes
    Asv(folder=folder, console=console, variables={PROFILE: work.profile})(
        *("run", f"HASHFILE:{hashes}", "--machine", machine, "--record-samples"),
        *("--attribute", f"rounds={rounds}"),
        *(("--interleave-rounds",) if rounds > 1 else ()),
        *(word for name in names for word in ("-E", name)),
        *("--bench", work.bench),
        show=work.title,
        tolerate=[SOME_FAILED],
    )


def main() -> int:
    """Do what the arguments say; return the exit code."""
    asked, machine = sys.argv[1:]
    work = msgspec.json.decode(Path(asked).read_bytes(), type=Work)
    try:
        measure(work, Path.cwd(), machine, Console(highlight=False, soft_wrap=True))
    except FtbenchError as error:
        print(f"ftbench: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
