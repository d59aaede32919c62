"""What Cauce keeps beside Temporal: definitions, inbox, ledger, event log, people, audit.

Functions are in one module per subject and take the session that `Store.transaction()` or `Store.read()` gives out;
none of them commits.
"""

from cauce.store.session import Db, Store

__all__ = ["Db", "Store"]
