"""Choose, the site's first page: the modes side by side, a page per machine, release and build."""
