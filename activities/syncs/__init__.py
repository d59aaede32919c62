"""What a sync does in the world: reads rows, compares, writes what changed, and remembers how far it is."""
