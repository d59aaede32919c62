"""What sets a checkout up; not part of the program."""
