// Customers: find, read, enter, change, block.

import { Refusal } from './faults.mjs';

const FIELDS = { Name: 'name', Email: 'email', Phone: 'phone', Street: 'street', PostalCode: 'postal_code', Town: 'town', Province: 'province', Country: 'country', Tier: 'tier' };
const TIERS = ['gold', 'silver', 'standard'];
const TAX_ID = /^[0-9A-Z][0-9]{7}[0-9A-Z]$/;

/** A row as the WSDL's type Customer; the order of the keys is the order in the XML. */
function shown(row) {
  return {
    CustomerNumber: row.number, Name: row.name, TaxId: row.tax_id, Email: row.email ?? undefined, Phone: row.phone ?? undefined,
    Street: row.street ?? undefined, PostalCode: row.postal_code ?? undefined, Town: row.town ?? undefined,
    Province: row.province ?? undefined, Country: row.country, Tier: row.tier, Blocked: row.blocked === 1,
    BlockReason: row.block_reason ?? undefined, CreatedAt: row.created_at,
  };
}

/** The customer with that number; refuses when there is none. */
export function customer(db, number) {
  const row = db.one('SELECT * FROM customer WHERE number = ?', String(number));
  if (row === undefined) throw new Refusal('UNKNOWN_CUSTOMER', `There is no customer ${number}.`);
  return row;
}

function checked(data) {
  if (data.Tier !== undefined && !TIERS.includes(data.Tier)) throw new Refusal('INVALID_REQUEST', 'Tier is gold, silver or standard.');
  if (data.Name !== undefined && String(data.Name).trim() === '') throw new Refusal('INVALID_REQUEST', 'Name is empty.');
  return data;
}

function find(db, { TaxId, Email, Name }) {
  const wanted = [];
  const values = [];
  if (TaxId) { wanted.push('tax_id = ?'); values.push(String(TaxId)); }
  if (Email) { wanted.push('email = ?'); values.push(String(Email).toLowerCase()); }
  if (Name) { wanted.push("name LIKE ? ESCAPE '\\'"); values.push(`%${String(Name).replace(/[\\%_]/g, '\\$&')}%`); }
  if (wanted.length === 0) throw new Refusal('INVALID_REQUEST', 'Give a TaxId, an Email or a Name to look for.');
  const rows = db.all(`SELECT * FROM customer WHERE ${wanted.join(' AND ')} ORDER BY number LIMIT 50`, ...values);
  return { Customer: rows.map(shown) };
}

function create(db, data) {
  if (!data?.Name || !TAX_ID.test(data.TaxId ?? '')) throw new Refusal('INVALID_REQUEST', 'A customer needs a Name and a TaxId.');
  checked(data);
  return db.transaction(() => {
    if (db.one('SELECT 1 AS there FROM customer WHERE tax_id = ?', data.TaxId) !== undefined) {
      throw new Refusal('CUSTOMER_EXISTS', `There is a customer with tax identifier ${data.TaxId} already.`);
    }
    const last = db.one("SELECT coalesce(max(CAST(substr(number, 2) AS INTEGER)), 0) AS n FROM customer WHERE number LIKE 'C%'").n;
    const number = `C${String(last + 1).padStart(6, '0')}`;
    db.run(
      `INSERT INTO customer (number, name, tax_id, email, phone, street, postal_code, town, province, country, tier, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      number, data.Name, data.TaxId, data.Email?.toLowerCase() ?? null, data.Phone ?? null, data.Street ?? null,
      data.PostalCode ?? null, data.Town ?? null, data.Province ?? null, data.Country ?? 'ES', data.Tier ?? 'standard',
      new Date().toISOString(),
    );
    return { CustomerNumber: number };
  });
}

function update(db, number, changes) {
  checked(changes ?? {});
  return db.transaction(() => {
    customer(db, number);
    for (const [field, column] of Object.entries(FIELDS)) {
      if (changes?.[field] !== undefined) db.run(`UPDATE customer SET ${column} = ? WHERE number = ?`, String(changes[field]), number);
    }
    return { Customer: shown(customer(db, number)) };
  });
}

function block(db, number, blocked, reason) {
  customer(db, number);
  db.run('UPDATE customer SET blocked = ?, block_reason = ? WHERE number = ?', blocked ? 1 : 0, blocked ? (reason ?? null) : null, number);
  return { Customer: shown(customer(db, number)) };
}

export const customerOperations = {
  FindCustomer: (db, args) => find(db, args),
  GetCustomer: (db, args) => ({ Customer: shown(customer(db, args.CustomerNumber)) }),
  CreateCustomer: (db, args) => create(db, args.Customer),
  UpdateCustomer: (db, args) => update(db, args.CustomerNumber, args.Changes),
  BlockCustomer: (db, args) => block(db, args.CustomerNumber, String(args.Blocked) === 'true', args.Reason),
};
