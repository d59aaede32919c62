"""The hub over HTTP: REST for programs, pages for people."""
