"""A static site that runs bundles in the visitor's own browser."""
