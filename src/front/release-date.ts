/**
 * A clock before this is wrong, since this release did not exist then (a board without a battery starts in 1970).
 * Such a front would refuse usages for lying in the future, for good: so it is not ready, and answers 503 instead.
 */
export const releasedAtMs = Date.UTC(2026, 10, 1);
