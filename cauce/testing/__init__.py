"""Tests of definitions: cases in YAML, run by the real interpreter on a server whose time can be moved.

`suite` reads the files and runs them, `course` takes one instance to its end, `stubs` answer in place of everything
outside, `verdict` compares what came of it with what was expected, `coverage` tells what was never tried.
"""
