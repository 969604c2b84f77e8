"""How CPython is built from source: what to say to configure, what the build is then called."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass
from typing import Any

from ftbench.releases import Release

# No tests, no pip; everything else as upstream has it by default.
_ALWAYS = ("--disable-test-modules", "--with-ensurepip=no")
_FREE_THREADED = ("--disable-gil",)
_OPTIMIZED = ("--enable-optimizations", "--with-lto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what a build from pure upstream sources comes out as."""

    release: Release
    free_threaded: bool
    optimized: bool
    compiler: str

    @property
    def configure(self) -> tuple[str, ...]:
        """Arguments for configure, without the prefix."""
        return (
            *_ALWAYS,
            *(_FREE_THREADED if self.free_threaded else ()),
            *(_OPTIMIZED if self.optimized else ()),
        )

    def record(self) -> dict[str, Any]:
        """Return the JSON-able recipe."""
        return {
            "release": self.release.name,
            "configure": list(self.configure),
            "compiler": self.compiler,
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()),
        }

    @property
    def title(self) -> str:
        """Release, threading and optimization, for people."""
        threading = "t" if self.free_threaded else ""
        return f"{self.release}{threading}{' with PGO and LTO' if self.optimized else ''}"

    @property
    def name(self) -> str:
        """The build's folder: readable, and another one for every other recipe."""
        text = json.dumps(self.record(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        threading = "t" if self.free_threaded else ""
        optimized = "-optimized" if self.optimized else ""
        return f"{self.release}{threading}{optimized}-{digest}"
