"""What the author of a connector kind is given: a folder to begin with, and eight rules to be judged by.

`making` writes the folder (or a package of its own) from `templates`; `quality` judges a kind by `rules`, which look at
`evidence`. The tests that every kind has to pass are `cauce.testing.connectors`.
"""
