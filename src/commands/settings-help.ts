/** The settings as `--help` lists them, from the one schema. */

import { describeSettings } from '../config/describe.ts';

const nameWidth = 30;
const textWidth = 78;

export function settingsHelp(): string {
  const entries = describeSettings().map(({ name, default: value, bounds, description }) => {
    const facts = `${value === null ? 'not set' : `default ${value}`}; ${bounds}`;
    const lines = [...wrap(description), facts];
    return `  ${name.padEnd(nameWidth)}${lines.join(`\n  ${' '.repeat(nameWidth)}`)}`;
  });
  return [
    'Settings are environment variables. A value that is wrong, a name that is unknown, an empty value: each is',
    'an error that says what to do, and all are told at once.',
    '',
    ...entries,
  ].join('\n');
}

function wrap(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last.length + word.length + 1 > textWidth) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
