"""What the guides claim, as data, and whether it holds on the figures of one machine and release.

series   a series of figures as a claim names it
claim    the sources and their claims (claims.toml; the article's by way of article.toml)
reading  the figures of one machine and release, as cells
judging  whether a claim holds on them
tables   the article's tables, filled in from them
"""
