/** Small things that every part of the page needs of the document. */

/** @param {string} id */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {...(Node | string)} children
 */
export function make(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** Only what changed is written, so that readers, selections and the layout are left in peace. */
/** @param {Element} at @param {string} text */
export function write(at, text) {
  if (at.textContent !== text) at.textContent = text;
}

/**
 * Rows that are kept by key: made once, changed in place, in the order given.
 * @template T
 * @param {Element} parent
 * @param {{ key(item: T): string, make(item: T): HTMLElement, change(row: HTMLElement, item: T): void }} row
 */
export function keyedRows(parent, row) {
  /** @type {Map<string, HTMLElement>} */
  const rows = new Map();
  /** @param {readonly T[]} items */
  return (items) => {
    const wanted = items.map((item) => {
      const key = row.key(item);
      const known = rows.get(key) ?? row.make(item);
      rows.set(key, known);
      row.change(known, item);
      return known;
    });
    const isSame =
      wanted.length === parent.children.length && wanted.every((at, i) => parent.children[i] === at);
    if (!isSame) parent.replaceChildren(...wanted);
  };
}

/** A bar that shows a share beside the number that tells it. @param {HTMLElement} bar @param {number | null} share */
export function fillBar(bar, share) {
  const shown = Math.min(1, Math.max(0, share ?? 0));
  const fill = /** @type {HTMLElement} */ (bar.firstElementChild);
  fill.style.width = `${(shown * 100).toFixed(1)}%`;
  bar.dataset.level = shown >= 0.9 ? 'full' : shown >= 0.7 ? 'high' : 'low';
}

export function makeBar() {
  const bar = make('div', 'bar', make('i'));
  bar.setAttribute('aria-hidden', 'true');
  return bar;
}
