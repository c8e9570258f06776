"""One file per command: parse, call, print. Only these know run folders *and* bundles."""
