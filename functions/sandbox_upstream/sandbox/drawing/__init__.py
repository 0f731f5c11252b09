"""Drawing: a prompt becomes a theme, a palette, a composition, and a file."""
