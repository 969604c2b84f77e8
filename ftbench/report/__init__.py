"""What commands say: one document, told as a table, as Markdown, as JSON or as a page."""
