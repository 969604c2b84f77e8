"""The interpreters of this machine: found, told apart, and obtained where they are missing."""

from ftbench.pythons.discovery import Survey, Unusable, discover, survey
from ftbench.pythons.install import DEFAULT_RELEASE, ensure, ensure_pair, find_pair
from ftbench.pythons.interpreter import Interpreter, Origin, PythonBuild, preferred

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
