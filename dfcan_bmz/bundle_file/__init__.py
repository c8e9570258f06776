"""A bundle as a file: safe to open, its description, its weights, and what a stranger may have put there."""
