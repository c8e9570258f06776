"""All plotting and HTML."""
