"""From pairs to a run folder."""
