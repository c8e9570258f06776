"""Fiji: find it, put a bundle and its macros into it, take them away again."""
