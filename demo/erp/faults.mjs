// Faults that can be switched on while the ERP runs: what a hub must survive, made on purpose.

import { setTimeout as sleep } from 'node:timers/promises';

export const MODES = ['slow', 'busy', 'drop-after-work', 'fault', 'non-xml'];

/** A refusal that the caller gets as a SOAP fault with a typed detail. */
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }

  /** The fault in the shape that the soap library sends. */
  get Fault() {
    const busy = this.code === 'SERVER_BUSY';
    const server = busy || this.code === 'INTERNAL_ERROR';
    return {
      faultcode: server ? 'soap:Server' : 'soap:Client',
      faultstring: this.message,
      detail: { 'tns:ErpFault': { 'tns:Code': this.code, 'tns:Message': this.message } },
      statusCode: busy ? 503 : 500,
    };
  }
}

/** A small generator of numbers in [0, 1), so that a run with the same seed has the same faults. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The faults that are on, at most one for each operation and one for all of them. */
export class Faults {
  #active = new Map();

  constructor(operations) {
    this.operations = new Set(operations);
  }

  /** Switch a fault on, or off; throws an Error whose message says what is wrong with the order. */
  set({ mode, operation = null, count = null, delay_ms = 1000, probability = 1, seed = 1, code = 'INTERNAL_ERROR' }) {
    if (operation !== null && !this.operations.has(operation)) throw new Error(`There is no operation '${operation}'.`);
    if (mode === 'off') {
      if (operation === null) this.#active.clear();
      else this.#active.delete(operation);
      return;
    }
    if (!MODES.includes(mode)) throw new Error(`There is no mode '${mode}'; there are: ${[...MODES, 'off'].join(', ')}.`);
    if (count !== null && !(Number.isInteger(count) && count > 0)) throw new Error('count is a whole number above 0, or null.');
    if (!(probability >= 0 && probability <= 1)) throw new Error('probability is between 0 and 1.');
    if (!(delay_ms >= 0 && delay_ms <= 600000)) throw new Error('delay_ms is between 0 and 600000.');
    this.#active.set(operation, { mode, operation, left: count, delay_ms, probability, code, struck: 0, random: randomFrom(seed) });
  }

  /** The fault that strikes this call, or undefined; counts it. */
  strike(operation) {
    const fault = this.#active.get(operation) ?? this.#active.get(null);
    if (fault === undefined || fault.left === 0 || fault.random() >= fault.probability) return undefined;
    if (fault.left !== null) fault.left -= 1;
    fault.struck += 1;
    return fault;
  }

  /** What is switched on, for people and tests. */
  list() {
    return [...this.#active.values()].map(({ random, ...rest }) => rest);
  }
}

/**
 * Do `work` as the fault says and return its result. `slow` and `drop-after-work` do the work first: the caller
 * cannot tell from the silence whether it was done.
 */
export async function suffer(fault, res, work) {
  if (fault === undefined) return work();
  switch (fault.mode) {
    case 'busy':
      throw new Refusal('SERVER_BUSY', 'Too many users; try again later.');
    case 'fault':
      throw new Refusal(fault.code, 'A fault that was switched on for a test.');
    case 'non-xml':
      res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      res.end('<!doctype html><html><body><h1>Mantenimiento</h1><p>Vuelva más tarde.<br></body></html>');
      return new Promise(() => {}); // already answered: the library must not answer again
    case 'slow': {
      const result = work();
      await sleep(fault.delay_ms);
      return result;
    }
    default: // drop-after-work
      work();
      res.socket?.destroy();
      return new Promise(() => {});
  }
}
