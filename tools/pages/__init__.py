"""What the book's pages need beyond Jupyter Book: a Sphinx extension and its scripts."""
