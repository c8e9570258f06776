"""Sets of training pairs: simulated, degraded, imported, registered."""
