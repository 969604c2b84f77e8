"""The independent programs: they know nothing of the harness, and each checks its own result."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

LITERAL = Path(__file__).parent.parent / "tools" / "literal"
PROGRAMS = sorted(LITERAL.glob("*.py"))
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc or pins threads (Linux)")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_an_independent_program_imports_the_standard_library_alone(program: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            imported.add(str(node.module).partition(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names


@ON_LINUX
@pytest.mark.parametrize(
    "command",
    [
        "tasks.py --mode loop --tasks 40 --steps 10 --writes 0.1",
        "tasks.py --mode threads --workers 2 --tasks 40 --steps 10 --writes 0.1",
        "tasks.py --mode fork --workers 2 --tasks 40 --steps 10 --writes 0.1",
        "tasks.py --mode spawn --workers 2 --tasks 40 --steps 10 --writes 0.1 --locked",
        "set_operations.py --strategy lock --workers 2 --operations 2000 --rounds 2",
        "set_operations.py --strategy atomic --workers 2 --operations 2000 --rounds 2",
        "set_operations.py --strategy local --workers 2 --operations 2000 --rounds 2",
        "windows.py --mode threads --window 1 --count 200",
        "windows.py --mode threads --count 200",
        "windows.py --mode fork --count 200",
        "windows.py --mode fork --count 200 --batch",
        "latency.py --mode loop --steps 10 --requests 20",
        "latency.py --mode threads --workers 2 --steps 10 --requests 20",
    ],
)
def test_an_independent_program_finds_its_own_result_sound(command: str) -> None:
    program, *arguments = command.split()
    ended = subprocess.run(
        [sys.executable, str(LITERAL / program), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["sound"] is True


@ON_LINUX
def test_a_lost_write_is_found_unsound() -> None:
    """The programs' own check can fail: a share of writes that none records."""
    source = (LITERAL / "tasks.py").read_text(encoding="utf-8")
    broken = source.replace("seen.add(number)", "pass")
    assert broken != source
    ended = subprocess.run(
        [sys.executable, "-", "--mode", "threads", "--tasks", "40", "--writes", "0.1"],
        input=broken,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["sound"] is False
