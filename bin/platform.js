// Plain JavaScript on purpose, as bin/usage-ingest.js: it runs under whatever Node there is, also before the
// install ("preinstall" in package.json), so that a machine that cannot run the server is told so at once.

const builds = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/**
 * Why the server cannot run on this machine and what to do, or null where it can.
 * @param {{ platform: string, arch: string, glibcVersion: string | undefined }} machine
 * @returns {string | null}
 */
export function platformProblem({ platform, arch, glibcVersion }) {
  if (!builds.includes(`${platform}-${arch}`)) {
    return `usage-ingest has no build of its HTTP server and its Postgres for ${platform}/${arch}: run it on Linux (glibc) or macOS, x64 or arm64, for example in a Debian container.`;
  }
  if (platform === 'linux' && glibcVersion === undefined) {
    return 'usage-ingest needs glibc, and this Linux has musl (Alpine): its HTTP server, its Node 22 and its Postgres have no build for it. Run it on Debian, Ubuntu or Fedora, for example in the image node:22-slim.';
  }
  return null;
}

/** What `platformProblem` asks about, of the machine this runs on. */
export function thisMachine() {
  const { platform, arch } = process;
  /** @type {{ header?: { glibcVersionRuntime?: string } }} */
  const report = platform === 'linux' ? process.report.getReport() : {};
  const glibcVersion = report.header?.glibcVersionRuntime;
  return { platform, arch, glibcVersion };
}

/** Ends the process with the problem, where there is one: 78, as for any wrong configuration. */
export function requirePlatform() {
  const problem = platformProblem(thisMachine());
  if (problem === null) return;
  process.stderr.write(`${problem}\n`);
  process.exit(78);
}
