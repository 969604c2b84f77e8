"""What texts claim, as data, and whether it holds, by whatever has the figures.

data      the article's tables and the claims of all texts (article.toml, claims.toml)
quantity  a figure, or why there is none, and the arithmetic that keeps the reason
rule      the range that a relation names, the verdict, and both in words
judge     claims on figures: those of asv's results, or whatever else can name them
tables    the article's tables, filled in from asv's results
"""
