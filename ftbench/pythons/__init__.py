"""The interpreters of this machine: found, told apart, and obtained where they are missing."""

from ftbench.pythons.discovery import Survey, Unusable, discover, survey
from ftbench.pythons.interpreter import Interpreter, Origin, PythonBuild, preferred

__all__ = [
    "Interpreter",
    "Origin",
    "PythonBuild",
    "Survey",
    "Unusable",
    "discover",
    "preferred",
    "survey",
]
