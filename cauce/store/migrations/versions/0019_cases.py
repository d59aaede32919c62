"""Cases of customers, each under a code of its own; customers are found by their phone."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the register of cases."""
    op.create_table(
        "cases",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("code", "kind", "series", "customer", "subject", "reference")
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("opened_at", instant, nullable=False),
        sa.Column("closed_at", instant, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_cases"),
        sa.UniqueConstraint("series", "number", name="uq_cases_series_number"),
        sa.UniqueConstraint("reference", name="uq_cases_reference"),
        sa.UniqueConstraint("open_key", name="uq_cases_open_key"),
    )
    op.create_index("ix_cases_customer", "cases", ["customer", "kind", "opened_at"])
    op.create_index("ix_customers_phone", "customers", ["phone"])


def downgrade() -> None:
    """Go back to customers without cases."""
    op.drop_index("ix_customers_phone", "customers")
    op.drop_table("cases")
