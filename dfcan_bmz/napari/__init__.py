"""The napari plugin: predict layers, map the uncertainty, and train, without blocking the window."""
