"""File formats of micrographs: one file each, `open_...(path)`, from which pixels are read when they are asked for."""
