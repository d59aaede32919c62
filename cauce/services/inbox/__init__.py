"""The inbox of a person: how much is in it, the views they keep of it, and what is done with many tasks at once."""
