/** A URL without its password, for people to read; what is no URL is not shown at all. */
export function concealPassword(url: string): string {
  if (!URL.canParse(url)) return '(hidden)';
  const parsed = new URL(url);
  if (parsed.password) parsed.password = '***';
  // libpq takes it as a parameter too.
  for (const name of [...parsed.searchParams.keys()]) {
    if (/pass/i.test(name)) parsed.searchParams.set(name, '***');
  }
  return parsed.href;
}
