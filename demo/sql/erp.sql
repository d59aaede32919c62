-- The ERP's own database. Money is kept in cents, so that sums are exact everywhere.
CREATE TABLE customer (
  number VARCHAR(7) PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  tax_id VARCHAR(9) NOT NULL UNIQUE,
  email VARCHAR(120),
  phone VARCHAR(30),
  street VARCHAR(120),
  postal_code VARCHAR(10),
  town VARCHAR(80),
  province VARCHAR(80),
  country VARCHAR(2) NOT NULL DEFAULT 'ES',
  tier VARCHAR(10) NOT NULL DEFAULT 'standard',
  blocked INTEGER NOT NULL DEFAULT 0,
  block_reason VARCHAR(500),
  created_at VARCHAR(30) NOT NULL
);
CREATE INDEX customer_email ON customer (email);

CREATE TABLE item (
  sku VARCHAR(30) PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  family VARCHAR(60) NOT NULL,
  unit VARCHAR(10) NOT NULL,
  list_price_cents BIGINT NOT NULL,
  cost_cents BIGINT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1,
  on_hand INTEGER NOT NULL DEFAULT 0,
  reserved INTEGER NOT NULL DEFAULT 0,
  next_replenishment VARCHAR(10),
  replenishment_quantity INTEGER,
  warranty_months INTEGER NOT NULL DEFAULT 24
);

CREATE TABLE sales_order (
  id INTEGER PRIMARY KEY,
  reference VARCHAR(80) NOT NULL,
  customer_number VARCHAR(7) NOT NULL REFERENCES customer (number),
  delivery_policy VARCHAR(10) NOT NULL,
  status VARCHAR(10) NOT NULL,
  total_cents BIGINT NOT NULL,
  cancel_reason VARCHAR(500),
  created_at VARCHAR(30) NOT NULL
);
CREATE INDEX sales_order_reference ON sales_order (reference);

CREATE TABLE order_line (
  order_id INTEGER NOT NULL REFERENCES sales_order (id),
  line_number INTEGER NOT NULL,
  sku VARCHAR(30) NOT NULL REFERENCES item (sku),
  quantity INTEGER NOT NULL,
  price_cents BIGINT NOT NULL,
  discount_pct DECIMAL(5, 2) NOT NULL,
  total_cents BIGINT NOT NULL,
  requested_date VARCHAR(10),
  confirmed_quantity INTEGER NOT NULL,
  confirmed_date VARCHAR(10),
  PRIMARY KEY (order_id, line_number)
);

CREATE TABLE reservation (
  id INTEGER PRIMARY KEY,
  reference VARCHAR(80) NOT NULL,
  sku VARCHAR(30) NOT NULL REFERENCES item (sku),
  quantity INTEGER NOT NULL
);
CREATE INDEX reservation_reference ON reservation (reference);

CREATE TABLE credit_note (
  id INTEGER PRIMARY KEY,
  reference VARCHAR(80) NOT NULL,
  customer_number VARCHAR(7) NOT NULL REFERENCES customer (number),
  invoice VARCHAR(500),
  amount_cents BIGINT NOT NULL,
  reason VARCHAR(500) NOT NULL,
  status VARCHAR(10) NOT NULL -- entered, revoked
);
CREATE INDEX credit_note_reference ON credit_note (reference);
