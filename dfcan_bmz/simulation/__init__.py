"""Simulated pairs: structures (ground truth), optics (optical image), camera (digital image), fields (all of it)."""
