"""A roadmap that runs: what has happened, what may be done next, and what follows. Pure: it knows no Temporal."""
