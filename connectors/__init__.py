"""One folder per connector kind; the folder's name is the kind."""
