"""The browser of the page tests: the system's Chromium, installed from Debian where we may."""

from __future__ import annotations

import os
import shutil

from tools.steps import SetupError, command, say

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL = ("apt-get", "install", "-y", "chromium")


def chromium() -> str | None:
    """Return the path of a Chromium; None when there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def chromium_command() -> str:
    """Return what a person with root runs."""
    return " ".join(_INSTALL)


def bring_chromium() -> str:
    """Install Chromium as root; anybody else is told the command, because all other tests work without it."""
    if found := chromium():
        return f"{found} is used"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            command(["apt-get", "update"], source="The Debian package archive")
            command(list(_INSTALL), source="The Debian package archive")
        except SetupError as cause:
            say(f"      {cause}")
    if chromium():
        return "installed"
    say(f"      Without a browser the tests of the pages do not run. As root: {chromium_command()}")
    return "left out"
