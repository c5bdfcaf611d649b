/** The environment of Postgres' programs. Nothing of ours: no secret, no locale, no PG* variable that would change what the programs do. */
export const serverEnvironment: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};
