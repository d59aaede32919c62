"""Lets `python -m cauce.cli` be the command `cauce`; the embedded stack starts its parts so."""

from cauce.cli.root import main

if __name__ == "__main__":
    main()
