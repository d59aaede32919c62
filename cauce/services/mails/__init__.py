"""Mails of the hub to its people: what they are told, at once or once a day, with links that ask for a login."""
