"""Jobs: what was asked for, what was tried, and how it ended."""
