"""The built-in functions; `load` fills the registry."""

from importlib import import_module

_modules = ("core", "arrays", "strings", "mathematics", "dates", "regex", "generators", "closures_to_paths")


def load() -> None:
    """Import the modules that register functions."""
    for name in _modules:
        import_module(f"{__name__}.{name}")
