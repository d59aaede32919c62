// Credit notes: enter, read, find, revoke. As with orders, a second one with the same reference is entered like the first.

import { customer } from './customers.mjs';
import { Refusal } from './faults.mjs';
import { money } from './items.mjs';

const noteNumber = (id) => `CN-${String(id).padStart(6, '0')}`;

function shown(row) {
  return {
    Number: noteNumber(row.id), Reference: row.reference, CustomerNumber: row.customer_number, Invoice: row.invoice ?? undefined,
    Amount: money(row.amount_cents), Currency: 'EUR', Reason: row.reason, Status: row.status,
  };
}

function note(db, number) {
  const row = db.one('SELECT * FROM credit_note WHERE id = ?', Number(/^CN-(\d{6,})$/.exec(String(number))?.[1] ?? 0));
  if (row === undefined) throw new Refusal('UNKNOWN_CREDIT_NOTE', `There is no credit note ${number}.`);
  return row;
}

function create(db, { Reference, CustomerNumber, Invoice, Amount, Reason }) {
  const cents = Math.round(Number(Amount) * 100);
  if (!Reference || !Reason) throw new Refusal('INVALID_REQUEST', 'A credit note needs a Reference and a Reason.');
  if (!(cents > 0)) throw new Refusal('INVALID_REQUEST', 'The amount of a credit note is more than nothing.');
  const who = customer(db, CustomerNumber);
  const entered = db.run(
    "INSERT INTO credit_note (reference, customer_number, invoice, amount_cents, reason, status) VALUES (?, ?, ?, ?, ?, 'entered')",
    String(Reference), who.number, Invoice ?? null, cents, String(Reason),
  );
  return { CreditNote: shown(note(db, noteNumber(Number(entered.lastInsertRowid)))) };
}

function findByReference(db, { Reference }) {
  const rows = db.all('SELECT * FROM credit_note WHERE reference = ? ORDER BY id', String(Reference));
  return { Count: rows.length, CreditNote: rows.length === 0 ? undefined : shown(rows[0]) };
}

function revoke(db, args) {
  const { id } = note(db, args.Number);
  db.run("UPDATE credit_note SET status = 'revoked' WHERE id = ?", id);
  return { CreditNote: shown(note(db, args.Number)) };
}

export const creditNoteOperations = {
  CreateCreditNote: create,
  GetCreditNote: (db, args) => ({ CreditNote: shown(note(db, args.Number)) }),
  FindCreditNoteByReference: findByReference,
  RevokeCreditNote: revoke,
};
