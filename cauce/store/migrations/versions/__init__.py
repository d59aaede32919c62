"""One module per step from an older shape of the store to the next."""
