"""Logs in where a request goes to, for processes and connections: basic, bearer, digest, NTLM, OAuth 2 and OpenID."""

from cauce.authentication.authenticator import Authenticator, Authorization
from cauce.authentication.oauth2_policy import OAuth2, missing_properties
from cauce.authentication.policies import resolved

__all__ = ["Authenticator", "Authorization", "OAuth2", "missing_properties", "resolved"]
