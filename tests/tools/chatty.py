"""An interpreter that prints when it starts and when it ends, as sites with hooks have it."""

from __future__ import annotations

import shutil
from pathlib import Path

from ftbench.pythons import Interpreter

# Lines that look like an answer, and one that does not end.
_HOOK = """
import atexit, os
os.write(1, b'site hook: tracing is on\\n{"event": "failed", "reader": null}\\n\\xff null ')
atexit.register(os.write, 1, b'site hook: {"version": "bye"}\\n')
"""


def chatty_copy(interpreter: Interpreter, prefix: Path, hook: str = _HOOK) -> Path:
    """Return the executable of a copy of `interpreter` at `prefix` whose `sitecustomize` prints.

    It does what `hook` says.
    """
    executable = prefix / "bin" / "python3"
    executable.parent.mkdir(parents=True)
    shutil.copy(interpreter.executable.resolve(), executable)
    for name in ("lib", "include", "share"):
        if (interpreter.prefix / name).is_dir():
            (prefix / name).mkdir()
            for each in (interpreter.prefix / name).iterdir():
                (prefix / name / each.name).symlink_to(each)
    (library,) = (prefix / "lib").glob("python3.*")
    real = library.resolve()
    library.unlink()
    library.mkdir()
    for each in real.iterdir():
        if each.name != "__pycache__":  # a hook of this size and second may have its bytecode there
            (library / each.name).symlink_to(each)
    (library / "sitecustomize.py").unlink(missing_ok=True)
    (library / "sitecustomize.py").write_text(hook, encoding="utf-8")
    return executable
