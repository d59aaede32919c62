"""The kernel: what every layer may know."""
