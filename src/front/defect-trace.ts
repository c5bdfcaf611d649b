/** Where an unexpected error came from, and nothing of what it says: its message may quote a body. */
export function codeLines(error: unknown): { name: string; at: string[] } {
  if (!(error instanceof Error)) return { name: typeof error, at: [] };
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { name: error.name, at: lines.slice(0, 10).map((line) => line.trim()) };
}
