"""What is said in the terminal of what was measured."""

from ftbench.report.summary import summary_table

__all__ = ["summary_table"]
