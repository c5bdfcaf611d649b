import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  dateFromDays,
  dayMs,
  daysFromDate,
  daysInMonth,
  timestampText,
  utcMonth,
  weekdayOfDays,
} from '../../src/usage/calendar.ts';
import { assertProperty } from '../support/property.ts';

const firstDay = Date.parse('0000-01-01T00:00:00Z') / dayMs;
const lastDay = Date.parse('9999-12-31T00:00:00Z') / dayMs;

test('every day of the years 0 to 9999 is what Date says it is', () => {
  const date = new Date(0);
  for (let days = firstDay; days <= lastDay; days++) {
    date.setTime(days * dayMs);
    const { year, month, day } = dateFromDays(days);
    const same =
      year === date.getUTCFullYear() &&
      month === date.getUTCMonth() + 1 &&
      day === date.getUTCDate() &&
      weekdayOfDays(days) === date.getUTCDay() &&
      daysFromDate(year, month, day) === days;
    assert.ok(same, `day ${days}`);
  }
});

test('months have the days that Date gives them', () => {
  for (const year of [0, 1900, 1999, 2000, 2015, 2016, 2100, 2400])
    for (let month = 1; month <= 12; month++) {
      const lastDate = new Date(0);
      lastDate.setUTCFullYear(year, month, 0);
      assert.equal(daysInMonth(year, month), lastDate.getUTCDate(), `${year}-${month}`);
    }
});

test('an instant is written as toISOString writes it, and its month counted', () => {
  const instant = fc.oneof(
    fc.integer({ min: firstDay * dayMs, max: (lastDay + 1) * dayMs - 1 }),
    fc
      .tuple(
        fc.integer({ min: 0, max: 9_999 }),
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: -1, max: 1 }),
      )
      .map(([year, month, aside]) => new Date(0).setUTCFullYear(year, month, 1) + aside)
      .filter((ms) => ms >= firstDay * dayMs),
  );
  assertProperty(
    fc.property(instant, (ms) => {
      const date = new Date(ms);
      assert.equal(timestampText(ms), date.toISOString());
      assert.equal(utcMonth(ms), date.getUTCFullYear() * 12 + date.getUTCMonth());
    }),
    5_000,
  );
});
