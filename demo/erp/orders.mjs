// Orders: enter, read, find, cancel. A second order with the same reference is entered like the first, on purpose:
// that there is never one is the hub's work, and the figures show whether it does it.

import { customer } from './customers.mjs';
import { Refusal } from './faults.mjs';
import { available, item, money, percent, quantity, release, unitPrice } from './items.mjs';

const orderNumber = (id) => `SO-${String(id).padStart(6, '0')}`;
const day = (value) => (value instanceof Date ? value.toISOString() : String(value)).slice(0, 10);
const list = (value) => (value === undefined || value === null ? [] : [value].flat());

function shownLine(row) {
  return {
    LineNumber: row.line_number, Sku: row.sku, Quantity: row.quantity, Price: money(row.price_cents),
    DiscountPct: Number(row.discount_pct).toFixed(2), Total: money(row.total_cents),
    ConfirmedQuantity: row.confirmed_quantity, ConfirmedDate: row.confirmed_date ?? undefined,
  };
}

function lines(db, id) {
  return { Line: db.all('SELECT * FROM order_line WHERE order_id = ? ORDER BY line_number', id).map(shownLine) };
}

function shown(db, row) {
  return {
    OrderNumber: orderNumber(row.id), Reference: row.reference, CustomerNumber: row.customer_number, Status: row.status,
    DeliveryPolicy: row.delivery_policy, Total: money(row.total_cents), Currency: 'EUR', CreatedAt: row.created_at, Lines: lines(db, row.id),
  };
}

/** The order with that number; refuses when there is none. */
export function order(db, number) {
  const row = db.one('SELECT * FROM sales_order WHERE id = ?', Number(/^SO-(\d{6,})$/.exec(String(number))?.[1] ?? 0));
  if (row === undefined) throw new Refusal('UNKNOWN_ORDER', `There is no order ${number}.`);
  return row;
}

function pricedLine(db, who, policy, line, number) {
  const what = item(db, line.Sku);
  const count = quantity(line.Quantity);
  const discount = percent(line.DiscountPct);
  const price = line.Price === undefined ? unitPrice(what, who.tier, count) : Math.round(Number(line.Price) * 100);
  if (!(price >= 0)) throw new Refusal('INVALID_REQUEST', 'A price is a number from 0.');
  const free = available(what);
  const enough = free >= count;
  const confirmed = enough ? count : policy === 'partial' ? free : 0;
  const requested = line.RequestedDate === undefined ? null : day(line.RequestedDate);
  return {
    line_number: number, sku: what.sku, quantity: count, price_cents: price, discount_pct: discount,
    total_cents: Math.round(price * count * (1 - discount / 100)), requested_date: requested, confirmed_quantity: confirmed,
    confirmed_date: confirmed > 0 ? (requested ?? day(new Date())) : what.next_replenishment,
  };
}

function store(db, id, row) {
  db.run(
    `INSERT INTO order_line (order_id, line_number, sku, quantity, price_cents, discount_pct, total_cents, requested_date, confirmed_quantity, confirmed_date)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id, row.line_number, row.sku, row.quantity, row.price_cents, row.discount_pct, row.total_cents, row.requested_date,
    row.confirmed_quantity, row.confirmed_date,
  );
  if (row.confirmed_quantity > 0) db.run('UPDATE item SET reserved = reserved + ? WHERE sku = ?', row.confirmed_quantity, row.sku);
}

function create(db, { Reference, CustomerNumber, DeliveryPolicy = 'complete', Lines }) {
  const wanted = list(Lines?.Line);
  if (!Reference) throw new Refusal('INVALID_REQUEST', 'An order needs a Reference.');
  if (wanted.length === 0) throw new Refusal('INVALID_REQUEST', 'An order needs a line.');
  if (!['complete', 'partial'].includes(DeliveryPolicy)) throw new Refusal('INVALID_REQUEST', 'DeliveryPolicy is complete or partial.');
  return db.transaction(() => {
    const who = customer(db, CustomerNumber);
    if (who.blocked === 1) throw new Refusal('CUSTOMER_BLOCKED', `Customer ${who.number} is blocked for new orders.`);
    release(db, String(Reference)); // what was held for this order is now taken by it
    const entered = db.run(
      "INSERT INTO sales_order (reference, customer_number, delivery_policy, status, total_cents, created_at) VALUES (?, ?, ?, 'confirmed', 0, ?)",
      String(Reference), who.number, DeliveryPolicy, new Date().toISOString(),
    );
    const id = Number(entered.lastInsertRowid);
    let total = 0;
    // One after the other: a line sees what the line before it took.
    const rows = wanted.map((line, index) => {
      const row = pricedLine(db, who, DeliveryPolicy, line, index + 1);
      store(db, id, row);
      total += row.total_cents;
      return row;
    });
    db.run('UPDATE sales_order SET total_cents = ? WHERE id = ?', total, id);
    return { OrderNumber: orderNumber(id), Reference: String(Reference), Total: money(total), Currency: 'EUR', Lines: { Line: rows.map(shownLine) } };
  });
}

function findByReference(db, { Reference, IncludeCancelled }) {
  const live = String(IncludeCancelled) === 'true' ? '' : "AND status <> 'cancelled'";
  const rows = db.all(`SELECT * FROM sales_order WHERE reference = ? ${live} ORDER BY id`, String(Reference));
  return { Count: rows.length, Order: rows.length === 0 ? undefined : shown(db, rows[0]) };
}

function cancel(db, { OrderNumber, Reason }) {
  return db.transaction(() => {
    const row = order(db, OrderNumber);
    if (row.status === 'released') throw new Refusal('ORDER_RELEASED', `Order ${OrderNumber} is with the warehouse already.`);
    if (row.status === 'confirmed') {
      for (const line of db.all('SELECT sku, confirmed_quantity FROM order_line WHERE order_id = ?', row.id)) {
        db.run('UPDATE item SET reserved = reserved - ? WHERE sku = ?', line.confirmed_quantity, line.sku);
      }
      db.run("UPDATE sales_order SET status = 'cancelled', cancel_reason = ? WHERE id = ?", Reason ?? null, row.id);
    }
    return { Order: shown(db, order(db, OrderNumber)) };
  });
}

/** Hand an order to the warehouse, after which it cannot be cancelled. */
export function releaseOrder(db, number) {
  const { id } = order(db, number);
  db.run("UPDATE sales_order SET status = 'released' WHERE id = ? AND status = 'confirmed'", id);
  return order(db, number).status;
}

export const orderOperations = {
  CreateOrder: create,
  GetOrder: (db, args) => ({ Order: shown(db, order(db, args.OrderNumber)) }),
  FindOrderByReference: findByReference,
  CancelOrder: cancel,
};
