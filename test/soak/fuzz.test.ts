/** The front's fuzzed requests, 1,000,000 of them. */

process.env.FUZZ_REQUESTS ??= '1000000';
await import('../front/fuzz.test.ts');
