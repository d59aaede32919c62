"""Logs in where a request goes to: basic, bearer, digest, OAuth 2 and OpenID Connect; for processes and connections."""

from cauce.authentication.authenticator import Answer, Authenticator, Authorization
from cauce.authentication.policies import resolved

__all__ = ["Answer", "Authenticator", "Authorization", "resolved"]
