/** The `code` of a foreign error, such as ENOENT or ECONNREFUSED; undefined where it has none. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
