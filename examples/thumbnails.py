# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow", "matplotlib"]
# ///
"""Thumbnails of a photograph by Pillow, whose C code lets go of the GIL for most of a call.

    ftbench try thumbnails.py:thumbnail --inputs-from thumbnails.py:widths

The photograph is one that Matplotlib ships.
"""

import importlib.util
import io
from pathlib import Path

from PIL import Image

# Found, not imported: it is here for its picture alone.
PACKAGE = Path(importlib.util.find_spec("matplotlib").origin).parent
PHOTOGRAPH = (PACKAGE / "mpl-data" / "sample_data" / "grace_hopper.jpg").read_bytes()


def widths():
    """Yield the widths that a gallery wants."""
    return range(80, 320, 20)


def thumbnail(width):
    """Return the photograph as a JPEG of this width."""
    with Image.open(io.BytesIO(PHOTOGRAPH)) as image:
        height = round(image.height * width / image.width)
        small = image.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return file.getvalue()
