-- Supply chain: what is where, what is coming, what was delivered. Runs on SQLite, PostgreSQL and MariaDB.
CREATE TABLE site (
  site VARCHAR(3) PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  town VARCHAR(80) NOT NULL,
  postal_code VARCHAR(10) NOT NULL
);

CREATE TABLE stock (
  sku VARCHAR(30) NOT NULL,
  site VARCHAR(3) NOT NULL REFERENCES site (site),
  on_hand INTEGER NOT NULL,
  reserved INTEGER NOT NULL,
  PRIMARY KEY (sku, site)
);

CREATE TABLE replenishment (
  id INTEGER PRIMARY KEY,
  sku VARCHAR(30) NOT NULL,
  site VARCHAR(3) NOT NULL REFERENCES site (site),
  quantity INTEGER NOT NULL,
  arrives_on DATE NOT NULL,
  status VARCHAR(10) NOT NULL -- open, arrived, cancelled
);
CREATE INDEX replenishment_sku ON replenishment (sku, site);

CREATE TABLE delivery (
  delivery_no VARCHAR(20) PRIMARY KEY,
  customer_id VARCHAR(7) NOT NULL,
  sku VARCHAR(30) NOT NULL,
  site VARCHAR(3) NOT NULL REFERENCES site (site),
  quantity INTEGER NOT NULL,
  promised_on DATE NOT NULL,
  delivered_on DATE,
  status VARCHAR(12) NOT NULL, -- delivered, in-transit, damaged, returned
  signed_by VARCHAR(80) -- whoever took it in: the proof of delivery
);
CREATE INDEX delivery_customer ON delivery (customer_id);

-- What customers send back; the reference is of whoever asked for it.
CREATE TABLE goods_return (
  return_no INTEGER PRIMARY KEY,
  reference VARCHAR(60) NOT NULL UNIQUE,
  customer_id VARCHAR(7) NOT NULL,
  delivery_no VARCHAR(20) REFERENCES delivery (delivery_no),
  sku VARCHAR(30) NOT NULL,
  quantity INTEGER NOT NULL,
  reason VARCHAR(200) NOT NULL,
  status VARCHAR(10) NOT NULL -- announced, received, cancelled
);

CREATE VIEW stock_level AS
SELECT
  s.sku,
  s.site,
  s.on_hand,
  s.reserved,
  s.on_hand - s.reserved AS available,
  (
    SELECT MIN(r.arrives_on) FROM replenishment r
    WHERE r.sku = s.sku AND r.site = s.site AND r.status = 'open'
  ) AS next_arrival
FROM stock s;
