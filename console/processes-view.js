/** Every process of the instance: whether it is up, and how much of itself it uses. */

import { bytes, count, percent } from './numbers.js';
import { fillBar, keyedRows, make, makeBar, write } from './page-elements.js';

/** @typedef {import('../src/admin/console/snapshot.ts').ConsoleSnapshot} Snapshot */
/** @typedef {import('../src/admin/console/snapshot.ts').ProcessState} ProcessState */

/** @param {HTMLElement} table */
export function createProcessesView(table) {
  keepTableRoles(table);
  const body = /** @type {HTMLElement} */ (table.querySelector('tbody'));
  const show = keyedRows(body, {
    key: (/** @type {ProcessState} */ { role, worker }) => `${role} ${worker}`,
    make: makeRow,
    change,
  });
  /** @param {Snapshot} snapshot */
  return (snapshot) => show(snapshot.processes);
}

/**
 * At phone width a row is a grid, and a browser may then forget that it is one of a table.
 * @param {HTMLElement} table
 */
function keepTableRoles(table) {
  table.setAttribute('role', 'table');
  const roles = { thead: 'rowgroup', tbody: 'rowgroup', 'thead tr': 'row', 'thead th': 'columnheader' };
  for (const [selector, role] of Object.entries(roles))
    for (const part of table.querySelectorAll(selector)) part.setAttribute('role', role);
}

/** @param {ProcessState} process */
function makeRow({ role, worker }) {
  const name = make('th', '', role === 'front' ? `${role} ${worker}` : role);
  name.setAttribute('scope', 'row');
  name.setAttribute('role', 'rowheader');
  const state = make('td', '', make('span', 'state'));
  const cpu = make('td', '', make('span'), makeBar());
  const loop = make('td', '', make('span'), makeBar());
  const memory = make('td', 'number', make('span'));
  const restarts = make('td', 'number', make('span'));
  const labels = ['', 'CPU', 'loop', 'memory', 'restarts'];
  [state, cpu, loop, memory, restarts].forEach((cell, index) => {
    cell.setAttribute('role', 'cell');
    if (labels[index]) cell.dataset.label = labels[index];
  });
  const row = make('tr', '', name, state, cpu, loop, memory, restarts);
  row.setAttribute('role', 'row');
  return row;
}

/** @param {HTMLElement} row @param {ProcessState} process */
function change(row, { ready, cpu, loop, memoryBytes, restarts }) {
  const cells = /** @type {HTMLElement[]} */ ([...row.children]).slice(1);
  row.dataset.tone = ready ? 'ok' : 'bad';
  const texts = [ready ? 'up' : 'away', percent(cpu), percent(loop), bytes(memoryBytes), count(restarts)];
  cells.forEach((cell, index) => {
    write(/** @type {Element} */ (cell.firstElementChild), texts[index] ?? '');
    const bar = /** @type {HTMLElement | null} */ (cell.querySelector('.bar'));
    if (bar) fillBar(bar, index === 1 ? cpu : loop);
  });
}
