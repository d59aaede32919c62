"""REST for programs, under `/api/v1`: JSON in, JSON or problem details out."""
