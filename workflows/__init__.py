"""The process language and its interpreter: deterministic, without I/O."""
