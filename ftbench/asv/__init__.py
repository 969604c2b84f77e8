"""asv, told what CPython's releases are; only `plugin` changes anything in it."""

import ftbench.results  # noqa: F401 - by which asv is imported
