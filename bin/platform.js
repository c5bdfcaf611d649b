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

/** The Node releases that strip types and that a package of the HTTP server has a binary for, by that package. */
const nodeMajors = { older: [22], newer: [22, 24, 25] };

/** The oldest glibc with which the newer package of the HTTP server loads: Debian 13, Ubuntu 24.04, Fedora 39. */
const newerGlibc = { major: 2, minor: 38 };

/**
 * Why this Node cannot run the server on this machine and what to do, or null where it can.
 * @param {{ platform: string, arch: string, glibcVersion: string | undefined }} machine
 * @param {string} version of Node, without the v
 * @returns {string | null}
 */
export function nodeProblem(machine, version) {
  const major = Number(version.split('.')[0]);
  const majors = loadsNewer(machine) ? nodeMajors.newer : nodeMajors.older;
  if (majors.includes(major)) return null;
  const listed =
    majors.length === 1 ? `${majors[0]}` : `${majors.slice(0, -1).join(', ')} or ${majors.at(-1)}`;
  const glibc = machine.glibcVersion === undefined ? '' : ` with glibc ${machine.glibcVersion}`;
  return (
    `usage-ingest runs on Node ${listed} here (${machine.platform}/${machine.arch}${glibc}); this is v${version}.\n` +
    'Start it with "npm start" or "npx usage-ingest": both use the Node 22 that "npm ci" installed.\n' +
    `Where it was installed with --omit=optional, install Node ${listed} yourself and put it first in PATH.`
  );
}

/** @param {{ platform: string, glibcVersion: string | undefined }} machine */
function loadsNewer({ platform, glibcVersion }) {
  if (platform !== 'linux') return true;
  const [major = 0, minor = 0] = (glibcVersion ?? '').split('.').map(Number);
  return major > newerGlibc.major || (major === newerGlibc.major && minor >= newerGlibc.minor);
}

/** What the functions above ask about, of the machine this runs on. */
export function thisMachine() {
  const { platform, arch } = process;
  /** @type {{ header?: { glibcVersionRuntime?: string } }} */
  const report = platform === 'linux' ? process.report.getReport() : {};
  const glibcVersion = report.header?.glibcVersionRuntime;
  return { platform, arch, glibcVersion };
}

/** Ends the process with the problem, where there is one: 78, as for any wrong configuration. */
export function requirePlatform() {
  endWith(platformProblem(thisMachine()));
}

/** As `requirePlatform`, for the Node this runs on. */
export function requireNode() {
  endWith(nodeProblem(thisMachine(), process.versions.node));
}

/** @param {string | null} problem */
function endWith(problem) {
  if (problem === null) return;
  process.stderr.write(`${problem}\n`);
  process.exit(78);
}
