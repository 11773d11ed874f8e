"""Commands: one file each, nothing heavy imported before one runs."""
