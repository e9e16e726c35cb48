"""Pages that run: what `make book LIVE=1` adds to the built book."""
