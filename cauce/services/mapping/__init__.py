"""Maps fields between what processes say and what the other system wants: trees, samples, suggestions, trials."""
