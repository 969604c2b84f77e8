"""What goes over the wire: a number asks, an answer of 1 KiB begins with the same number."""

from __future__ import annotations

from struct import Struct

HOST = "127.0.0.1"  # the loopback, and nothing else
REQUEST = Struct("!Q")
ANSWER_BYTES = 1_024
FILLING = bytes(ANSWER_BYTES - REQUEST.size)
# Asks the server for its own figures since it was asked last; answered without delay, and they
# follow the number.
FIGURES = 0xFFFF_FFFF_FFFF_FFFF
# Answers, CPU, time that passed (ns), and how late answers were: median, 99th percentile, most.
FIGURES_FORM = Struct("!6Q")
