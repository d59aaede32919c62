// Items: read, price, availability, reservations.

import { customer } from './customers.mjs';
import { Refusal } from './faults.mjs';

const TIER_DISCOUNT = { gold: 6, silver: 3, standard: 0 };
const QUANTITY_BREAKS = [[100, 5], [25, 2]];

/** Cents as the decimal that goes into the XML. */
export const money = (cents) => (cents / 100).toFixed(2);

/** The item with that sku; refuses when there is none or it is not sold any more. */
export function item(db, sku) {
  const row = db.one('SELECT * FROM item WHERE sku = ? AND active = 1', String(sku));
  if (row === undefined) throw new Refusal('UNKNOWN_ITEM', `There is no item ${sku}.`);
  return row;
}

/** A quantity from the wire; refuses what is not a whole number above 0. */
export function quantity(value) {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 1e6) throw new Refusal('INVALID_REQUEST', 'A quantity is a whole number from 1 to 1000000.');
  return number;
}

/** A percentage from the wire, 0 when absent. */
export function percent(value) {
  const number = Number(value ?? 0);
  if (!(number >= 0 && number <= 100)) throw new Refusal('INVALID_REQUEST', 'A discount is between 0 and 100 per cent.');
  return number;
}

/** What one unit costs this customer before a discount agreed for the order, in cents. */
export function unitPrice(row, tier, count) {
  const [, onQuantity] = QUANTITY_BREAKS.find(([least]) => count >= least) ?? [0, 0];
  return Math.round(row.list_price_cents * (1 - TIER_DISCOUNT[tier] / 100) * (1 - onQuantity / 100));
}

/** Units that are neither sold nor held. */
export const available = (row) => Math.max(0, row.on_hand - row.reserved);

function simulatePrice(db, { CustomerNumber, Sku, Quantity, DiscountPct }) {
  const who = customer(db, CustomerNumber);
  const what = item(db, Sku);
  const count = quantity(Quantity);
  const net = Math.round(unitPrice(what, who.tier, count) * (1 - percent(DiscountPct) / 100));
  return {
    ListPrice: money(what.list_price_cents), NetPrice: money(net), Cost: money(what.cost_cents), LineTotal: money(net * count),
    MarginPct: net === 0 ? '-100.00' : (((net - what.cost_cents) / net) * 100).toFixed(2), Currency: 'EUR',
  };
}

function availability(db, { Sku }) {
  const row = item(db, Sku);
  return {
    Sku: row.sku, OnHand: row.on_hand, Reserved: row.reserved, AvailableToPromise: available(row),
    NextReplenishment: row.next_replenishment ?? undefined, ReplenishmentQuantity: row.replenishment_quantity ?? undefined,
  };
}

function reserve(db, { Reference, Sku, Quantity }) {
  if (!Reference) throw new Refusal('INVALID_REQUEST', 'A reservation needs a Reference.');
  const count = quantity(Quantity);
  return db.transaction(() => {
    const row = item(db, Sku);
    if (available(row) < count) throw new Refusal('NOT_ENOUGH_STOCK', `Only ${available(row)} of ${Sku} can be promised.`);
    const held = db.run('INSERT INTO reservation (reference, sku, quantity) VALUES (?, ?, ?)', String(Reference), row.sku, count);
    db.run('UPDATE item SET reserved = reserved + ? WHERE sku = ?', count, row.sku);
    return { ReservationNumber: Number(held.lastInsertRowid) };
  });
}

/** Let go of all that is held for a reference (inside the caller's transaction); returns the units. */
export function release(db, reference) {
  const held = db.all('SELECT sku, quantity FROM reservation WHERE reference = ?', reference);
  if (held.length === 0) return 0;
  for (const { sku, quantity: count } of held) db.run('UPDATE item SET reserved = reserved - ? WHERE sku = ?', count, sku);
  db.run('DELETE FROM reservation WHERE reference = ?', reference);
  return held.reduce((sum, { quantity: count }) => sum + count, 0);
}

function shownItem(row) {
  return {
    Sku: row.sku, Name: row.name, Family: row.family, Unit: row.unit, ListPrice: money(row.list_price_cents),
    Cost: money(row.cost_cents), Currency: 'EUR', Active: row.active === 1,
  };
}

/** The day so many months after another; the last of the month when it is shorter. */
function after(date, months) {
  const [year, month, date_] = date.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + months, 0));
  last.setUTCDate(Math.min(date_, last.getUTCDate()));
  return last.toISOString().slice(0, 10);
}

function warranty(db, { Sku, DeliveredOn }) {
  const row = item(db, Sku);
  const from = DeliveredOn instanceof Date ? DeliveredOn.toISOString() : DeliveredOn;
  return { Sku: row.sku, Months: row.warranty_months, Until: from ? after(String(from).slice(0, 10), row.warranty_months) : undefined };
}

/** Items that are sold whose number or name has the text, by number. */
function find(db, { Text }) {
  const pattern = `%${String(Text ?? '').replace(/[\\%_]/g, '\\$&')}%`;
  const rows = db.all("SELECT * FROM item WHERE active = 1 AND (sku LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\') ORDER BY sku LIMIT 50", pattern, pattern);
  return { Item: rows.map(shownItem) };
}

export const itemOperations = {
  FindItems: find,
  GetItem: (db, args) => ({ Item: shownItem(item(db, args.Sku)) }),
  GetWarranty: warranty,
  SimulatePrice: simulatePrice,
  GetAvailability: availability,
  ReserveStock: reserve,
  ReleaseStock: (db, args) => ({ Released: db.transaction(() => release(db, String(args.Reference))) }),
};
