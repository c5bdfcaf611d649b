/** Pure: `500,000 of 1,000,000 rows  80,000/s  6 s left` */
export function rowsText(done: number, total: number, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? `${Math.ceil((total - done) / rate)} s left` : 'starting';
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  return `${count(done)} of ${count(total)} rows  ${count(rate)}/s  ${left}`;
}
