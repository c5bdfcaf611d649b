/** How the process ends, as sysexits.h numbers it; scripts and service managers rely on these. */
export const exitCode = {
  ok: 0,
  /** Something failed that is nobody's configuration. */
  failure: 1,
  /** The command line was wrong. */
  usage: 64,
  /** Another instance holds what this one needs (DATA_DIR, a port). */
  unavailable: 69,
  /** The configuration is wrong; every problem was listed on stderr. */
  config: 78,
} as const;
