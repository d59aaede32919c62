// The ERP's database: prepared statements and transactions.

import { DatabaseSync } from 'node:sqlite';

/** Open the database file that the generator wrote; statements are prepared once and kept by their text. */
export class Database {
  #statements = new Map();

  constructor(file) {
    this.connection = new DatabaseSync(file);
    this.connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON');
  }

  #prepare(sql) {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  one(sql, ...values) {
    return this.#prepare(sql).get(...values);
  }

  all(sql, ...values) {
    return this.#prepare(sql).all(...values);
  }

  run(sql, ...values) {
    return this.#prepare(sql).run(...values);
  }

  /** Run `work` as one transaction: all of it or nothing. */
  transaction(work) {
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.connection.exec('COMMIT');
      return result;
    } catch (error) {
      this.connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** Figures over the whole database; `duplicates` counts references with more than one live order. */
  stats() {
    const orders = this.one("SELECT count(*) AS n, coalesce(sum(total_cents), 0) AS cents FROM sales_order WHERE status <> 'cancelled'");
    const duplicates = this.one(
      "SELECT count(*) AS n FROM (SELECT 1 FROM sales_order WHERE status <> 'cancelled' GROUP BY reference HAVING count(*) > 1)",
    );
    return {
      orders: orders.n,
      amount: orders.cents / 100,
      duplicates: duplicates.n,
      cancelled: this.one("SELECT count(*) AS n FROM sales_order WHERE status = 'cancelled'").n,
      customers: this.one('SELECT count(*) AS n FROM customer').n,
    };
  }

  close() {
    this.connection.close();
  }
}
