"""The definitions that ship with Cauce; a company mounts its own folder of this shape."""
