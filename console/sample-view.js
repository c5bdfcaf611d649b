/** The button that sends a sample usage, and the answer it got. */

import { duration } from './numbers.js';
import { make } from './page-elements.js';

/** @param {HTMLElement} button @param {HTMLElement} answer */
export function listenForSample(button, answer) {
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    answer.replaceChildren(...(await send()));
    button.removeAttribute('aria-busy');
  });
}

/** @returns {Promise<(Node | string)[]>} */
async function send() {
  const startedMs = performance.now();
  try {
    const response = await fetch('/sample', { method: 'POST', headers: { 'x-usage-console': 'sample' } });
    const body = await response.json();
    if (response.status !== 201) return [`${response.status}: ${body.detail ?? body.title}`];
    const took = duration((performance.now() - startedMs) / 1_000);
    return [
      `Durable after ${took}, as `,
      make('code', '', body.id),
      '. Its patient is ',
      make('code', '', 'console-sample'),
      '.',
    ];
  } catch {
    return ['The server does not answer: it is not known whether the sample was taken.'];
  }
}
