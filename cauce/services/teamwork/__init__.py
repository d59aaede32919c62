"""How people work together: what they say about tasks, who has how much to do, and what changes while they look."""
