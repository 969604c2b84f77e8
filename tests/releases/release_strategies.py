"""What hypothesis makes up for the tests of the releases."""

from hypothesis import strategies as st

from ftbench.releases import Level, Release

_numbers = st.integers(min_value=0, max_value=99)
_finals = st.tuples(st.just(Level.FINAL), st.just(0))
_others = st.tuples(st.sampled_from([Level.ALPHA, Level.BETA, Level.CANDIDATE]), _numbers)

any_release = st.builds(
    lambda major, minor, micro, rest: Release(
        major=major, minor=minor, micro=micro, level=rest[0], serial=rest[1]
    ),
    st.integers(min_value=1, max_value=9),
    _numbers,
    _numbers,
    st.one_of(_finals, _others),
)
# Those that the history can meet: 3.13 and a few series more.
history_release = any_release.map(
    lambda release: Release(
        major=3,
        minor=13 + release.minor % 5,
        micro=release.micro % 30,
        level=release.level,
        serial=release.serial,
    )
)
