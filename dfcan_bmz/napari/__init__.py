"""The napari plugin: predict layers, map where to doubt, and train, without blocking the window."""
