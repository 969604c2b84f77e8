"""CPython built from Debian's source packages, where nobody else has a build of it."""
