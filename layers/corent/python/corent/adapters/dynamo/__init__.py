"""One file a table; each draws its items at the top."""
