"""asv, told what CPython's releases are; only `plugin` changes anything in it."""
