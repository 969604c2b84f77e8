"""The interpreters of this machine: found, told apart, and obtained where they are missing."""

from ftbench.interpreters.discovery import Survey, Unusable, discover, survey
from ftbench.interpreters.install import DEFAULT_RELEASE, ensure, ensure_pair, find_pair
from ftbench.interpreters.interpreter import Interpreter, Origin, preferred
from ftbench.interpreters.provenance import PythonBuild

__all__ = [
    "DEFAULT_RELEASE",
    "Interpreter",
    "Origin",
    "PythonBuild",
    "Survey",
    "Unusable",
    "discover",
    "ensure",
    "ensure_pair",
    "find_pair",
    "preferred",
    "survey",
]
