"""What makes asv walk CPython's releases: loaded by asv.conf.json's `plugins`."""

from ftbench.asv import patches, publisher, repository

__all__ = ["patches", "publisher", "repository"]

patches.install()
