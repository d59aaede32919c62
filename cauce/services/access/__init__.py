"""How people and programs get in: passwords, the second step of the login, sessions and tokens."""
