"""Nothing of the caller's Python settings reaches a measured process."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ftbench.probe.run.child import clean_environment

NAMES = st.sampled_from(["PYTHON_GIL", "PYTHONPATH", "PYTHON", "PATH", "HOME", "MYPYTHON"])


@given(st.dictionaries(NAMES, st.text()), st.dictionaries(NAMES, st.text()))
def test_only_what_is_added_may_begin_with_python(
    environ: dict[str, str], extra: dict[str, str]
) -> None:
    before = dict(environ)
    clean = clean_environment(environ, extra)
    assert environ == before
    assert {name for name in clean if name.startswith("PYTHON")} <= set(extra)
    assert {name for name in before if not name.startswith("PYTHON")} <= set(clean)
    assert extra.items() <= clean.items()
