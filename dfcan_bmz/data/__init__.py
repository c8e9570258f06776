"""Pairs of images, and patches cut from them."""
