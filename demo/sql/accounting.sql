-- Accounting: what customers owe. Runs as it is on SQLite, PostgreSQL and MariaDB.
CREATE TABLE customer (
  customer_id VARCHAR(7) PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  tax_id VARCHAR(9) NOT NULL UNIQUE,
  tier VARCHAR(10) NOT NULL,
  payment_terms_days INTEGER NOT NULL,
  credit_limit DECIMAL(14, 2) NOT NULL
);

CREATE TABLE open_item (
  item_no VARCHAR(20) PRIMARY KEY,
  customer_id VARCHAR(7) NOT NULL REFERENCES customer (customer_id),
  issued_on DATE NOT NULL,
  due_on DATE NOT NULL,
  amount DECIMAL(14, 2) NOT NULL,
  open_amount DECIMAL(14, 2) NOT NULL,
  days_overdue INTEGER NOT NULL -- aged by the nightly run; 0 when not due yet
);
CREATE INDEX open_item_customer ON open_item (customer_id);

CREATE TABLE open_order (
  order_no VARCHAR(20) PRIMARY KEY,
  customer_id VARCHAR(7) NOT NULL REFERENCES customer (customer_id),
  amount DECIMAL(14, 2) NOT NULL
);
CREATE INDEX open_order_customer ON open_order (customer_id);

-- What customers are given back. Money is in cents; the reference is of whoever asked for it.
CREATE TABLE credit_note (
  credit_note_no INTEGER PRIMARY KEY,
  reference VARCHAR(60) NOT NULL UNIQUE,
  customer_id VARCHAR(7) NOT NULL REFERENCES customer (customer_id),
  invoice_no VARCHAR(20),
  amount_cents INTEGER NOT NULL,
  reason VARCHAR(200) NOT NULL,
  status VARCHAR(10) NOT NULL -- entered, revoked
);

-- Higher limits that somebody granted, in cents; the reference is of whoever asked for it. The last one holds.
CREATE TABLE credit_limit_grant (
  grant_no INTEGER PRIMARY KEY,
  reference VARCHAR(60) NOT NULL UNIQUE,
  customer_id VARCHAR(7) NOT NULL REFERENCES customer (customer_id),
  limit_cents BIGINT NOT NULL,
  reason VARCHAR(200) NOT NULL
);

-- What was booked on projects, under the names that their plan gives to activities. Money is in cents; a correction is less than nothing.
CREATE TABLE project_cost (
  booking_no VARCHAR(20) PRIMARY KEY,
  project VARCHAR(40) NOT NULL,
  activity VARCHAR(80) NOT NULL,
  factor VARCHAR(20) NOT NULL, -- training, data, integration, management
  booked_on DATE NOT NULL,
  amount_cents INTEGER NOT NULL,
  description VARCHAR(200) NOT NULL
);

-- What was granted holds where it is more than the limit of the customer's own record, which is not touched by it.
CREATE VIEW credit_limit_granted AS
SELECT c.customer_id, COALESCE(
  (SELECT g.limit_cents / 100.0 FROM credit_limit_grant g
   WHERE g.customer_id = c.customer_id ORDER BY g.grant_no DESC LIMIT 1), 0
) AS granted
FROM customer c;

-- `0.0 +` keeps these columns fractions on SQLite, whose ODBC driver takes a column's type from its first row.
CREATE VIEW credit_status AS
SELECT
  c.customer_id,
  0.0 + CASE WHEN l.granted > c.credit_limit THEN l.granted ELSE c.credit_limit END AS credit_limit,
  0.0 + COALESCE((SELECT SUM(i.open_amount) FROM open_item i WHERE i.customer_id = c.customer_id), 0) AS open_balance,
  0.0 + COALESCE((SELECT SUM(o.amount) FROM open_order o WHERE o.customer_id = c.customer_id), 0) AS open_orders,
  COALESCE(
    (SELECT MAX(i.days_overdue) FROM open_item i WHERE i.customer_id = c.customer_id AND i.open_amount > 0), 0
  ) AS max_overdue_days,
  c.tier,
  c.tax_id
FROM customer c JOIN credit_limit_granted l ON l.customer_id = c.customer_id;
