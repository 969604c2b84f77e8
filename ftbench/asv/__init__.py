"""asv, told what CPython's releases are; only `plugin` changes anything in it."""

from ftbench.results import asv_import as _first  # noqa: F401
