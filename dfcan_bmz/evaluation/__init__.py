"""How good a model is, and how good its baselines are."""
