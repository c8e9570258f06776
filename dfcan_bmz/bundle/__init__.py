"""What leaves the house: BioImage Model Zoo bundles."""
