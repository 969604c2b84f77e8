"""The third-party files that asv's pages need, from npm packages kept in the user's cache.

asv loads them from three content networks and shows nothing but an error page without them.  We
commit none of them: npm, where there is one, fetches them once per machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import filelock

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError
from ftbench.files import cache_folder, folder_made
from ftbench.processes import run

_NPM_SECONDS: Final = 120
_LOCK_SECONDS: Final = 180


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: the package that has it, and the hash that it must have.

    `instead_of` is the last part of the address that asv's index.html loads.  `integrity` is the
    word of that page's own `integrity` attribute where the package has the same bytes,
    and otherwise ours: flot and stupidtable are on npm in another build than asv's.
    """

    instead_of: str
    package: str
    path: str
    integrity: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


ASSETS: Final = (
    Asset(
        "jquery-3.3.1.min.js",
        "jquery@3.3.1",
        "dist/jquery.min.js",
        "sha256-FgpCb/KJQlLNfOu91ta32o/NMZxltwRo8QtmkMRdAu8=",
    ),
    Asset(
        "jquery.flot.min.js",
        "jquery-flot@0.8.3",
        "jquery.flot.js",
        "sha256-t7kx8nPDixJ3ucbB9OBcTsCYhaSHvdrzJ54tfkmjjhI=",
    ),
    Asset(
        "jquery.flot.time.min.js",
        "jquery-flot@0.8.3",
        "jquery.flot.time.js",
        "sha256-pYLIMq3HE4prBar2HxbrrCdHAfG+Sv6nfnOaHDS5xBo=",
    ),
    Asset(
        "jquery.flot.selection.min.js",
        "jquery-flot@0.8.3",
        "jquery.flot.selection.js",
        "sha256-5shfbB6+S02inYriOMfFBgKD8F9+8FT2uRgX0CwJKRg=",
    ),
    Asset(
        "jquery.flot.categories.min.js",
        "jquery-flot@0.8.3",
        "jquery.flot.categories.js",
        "sha256-boFmSyjqeVxzSQb0qhVhRkCnWsf705mn+5CEBAaYNRo=",
    ),
    Asset(
        "jquery.flot.orderBars.js",
        "flot-orderbars@1.0.0",
        "js/jquery.flot.orderBars.js",
        "sha256-OXNbT0b5b/TgglckAfR8VaJ2ezZv0dHoIeRKjYMKEr8=",
    ),
    Asset(
        "stupidtable.min.js",
        "stupid-table-plugin@1.1.3",
        "stupidtable.min.js",
        "sha256-RkI4Dyjr6e18rCUXk7KB74YgxDhiBdkniPmxL1zOtOA=",
    ),
    Asset(
        "md5.min.js",
        "blueimp-md5@2.19.0",
        "js/md5.min.js",
        "sha512-8pbzenDolL1l5OPSsoURCx9TEdMFTaeFipASVrMYKhuYtly+k3tcsQYliOEKTmuB1t7yuzAiVo+yd7SJz"
        "+ijFQ==",
    ),
    Asset(
        "bootstrap.min.js",
        "bootstrap@3.1.1",
        "dist/js/bootstrap.min.js",
        "sha256-iY0FoX8s/FEg3c26R6iFw3jAtGbzDwcA5QJ1fiS0A6E=",
    ),
    Asset(
        "bootstrap.min.css",
        "bootstrap@3.1.1",
        "dist/css/bootstrap.min.css",
        "sha256-6VA0SGkrc43SYPvX98q/LhHwm2APqX5us6Vuulsafps=",
    ),
)


def integrity(content: bytes, algorithm: str) -> str:
    """Return the hash of a file as `integrity` attributes write it: `sha256-…=`."""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def is_sound(asset: Asset, content: bytes) -> bool:
    """Tell whether `content` is the asset's, byte for byte."""
    return integrity(content, asset.integrity.partition("-")[0]) == asset.integrity


def assets_folder(cache: Path | None = None) -> Path:
    """Return a folder with every asset, sound, by `Asset.name`; npm fetches them if need be.

    `cache` defaults to ftbench's cache folder.  Raises `NotAvailableError` where there is no npm
    or it finds no packages, `DeadlineError` where it does not end, `FtbenchError` where it brings
    other bytes.
    """
    cache = cache or cache_folder()
    # The folder's name says what is in it: another table never takes an older one's files.
    words = json.dumps([[asset.package, asset.path, asset.integrity] for asset in ASSETS])
    folder = cache / "site-assets" / hashlib.sha256(words.encode()).hexdigest()[:12]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.with_suffix(".lock"), timeout=_LOCK_SECONDS):
            if not _is_complete(folder):
                _fetch(folder)
    except filelock.Timeout as error:
        raise DeadlineError(
            f"Another ftbench has been fetching the site's files for {_LOCK_SECONDS} s."
        ) from error
    except OSError as error:
        raise NotAvailableError(f"The cache folder {cache} cannot be used: {error}") from error
    return folder


def _is_complete(folder: Path) -> bool:
    try:
        return all(is_sound(asset, (folder / asset.name).read_bytes()) for asset in ASSETS)
    except OSError:
        return False


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as packages, folder_made(folder) as ready:
        npm_install(sorted({asset.package for asset in ASSETS}), Path(packages))
        for asset in ASSETS:
            (ready / asset.name).write_bytes(_checked(asset, Path(packages)))


def _checked(asset: Asset, packages: Path) -> bytes:
    package = asset.package.rpartition("@")[0]
    content = (packages / "node_modules" / package / asset.path).read_bytes()
    if not is_sound(asset, content):
        raise FtbenchError(
            f"{asset.path} of the npm package {asset.package} is not the file that it should be.",
            hint=f"It should have the hash {asset.integrity}.",
        )
    return content


def npm_install(packages: list[str], folder: Path) -> None:
    """Install npm packages under `folder`/node_modules, running none of their scripts.

    Raises `NotAvailableError` where that cannot be done, `DeadlineError` where it does not end.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotAvailableError("There is no npm on this machine.")
    # In a folder of its own with a manifest of its own, npm never looks into the ones above.
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--no-save"]
    command = [npm, "install", *flags, *packages]
    done = run(command, environ=os.environ, deadline=_NPM_SECONDS, folder=folder)
    if done.code:
        raise NotAvailableError("npm could not install the packages.", story=done.err[-800:])
