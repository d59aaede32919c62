"""SCIM 2.0: how a company's directory keeps people and groups here."""
