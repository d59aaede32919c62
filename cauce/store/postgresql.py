"""What is particular to PostgreSQL: pooling, and what its errors mean."""

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cauce.errors import CauceError, InputError, PermanentError, TransientError

pool_size = 10
pool_timeout_s = 30.0


def engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Return the engine for writing and the one for reading; both share one pool."""
    writer = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=pool_timeout_s,
        pool_pre_ping=True,  # a restarted server must not cost the first request after it
        connect_args={"connect_timeout": 10, "application_name": "cauce"},
    )
    return writer, writer.execution_options(postgresql_readonly=True)


# SQLSTATEs (or the class they begin with), what they mean, and what to do about it.
meanings: tuple[tuple[tuple[str, ...], type[CauceError], str, str], ...] = (
    (
        ("53100",),
        TransientError,
        "The disk of the store {place} is full; nothing was written.",
        "Free some space on the database server, then try again.",
    ),
    (
        ("40001", "40P01", "55P03"),
        TransientError,
        "The store {place} is locked: another transaction is at the same rows and does not let go.",
        "Try again.",
    ),
    (
        ("53300",),
        TransientError,
        "The store {place} takes no more connections.",
        "Raise max_connections on the server, or run fewer workers.",
    ),
    (("28",), PermanentError, "The store {place} refused the login.", "Check user and password in CAUCE_STORE_URL."),
    (("3D000",), PermanentError, "The store {place} does not exist.", "Create the database, then run cauce again."),
    (
        ("42P01", "42703"),
        PermanentError,
        "The store {place} has no tables yet, or those of an older version.",
        "Run the migration job of the container, or `cauce up`, which upgrade it.",
    ),
    (
        ("25006",),
        TransientError,
        "The store {place} is read-only at the moment.",
        "It may be a standby; check CAUCE_STORE_URL.",
    ),
    (("22P05", "22021"), InputError, "A text holds the character U+0000, which the store cannot keep.", "Remove it."),
    # Without a code the server never answered: refused, unknown host, or cut while we waited.
    (
        ("08", "57P", "lost"),
        TransientError,
        "The connection to the store {place} was lost or could not be made.",
        "Check that the database server is running and reachable, then try again.",
    ),
)


def explain(error: BaseException, place: str) -> CauceError | None:
    """Return what an error of the driver means to a person, or None when it means a bug."""
    state: str = getattr(error, "sqlstate", None) or code_without_answer(error)
    for states, kind, problem, hint in meanings:
        if state.startswith(states):
            return kind(problem.format(place=place), hint=hint)
    return None


def code_without_answer(error: BaseException) -> str:
    """Return a code for what the driver found out by itself; it gives none."""
    # Loaded by then; a store in a file starts a tenth of a second sooner without it.
    from psycopg import OperationalError  # noqa: PLC0415 - see above

    text = str(error)
    if "NUL" in text:
        return "22021"
    # libpq does not hand out the SQLSTATE of a refused login or of an unknown database.
    if "authentication failed" in text or "no password supplied" in text:
        return "28P01"
    if text.endswith("does not exist") or "does not exist\n" in text:
        return "3D000"
    return "lost" if isinstance(error, OperationalError) else ""
