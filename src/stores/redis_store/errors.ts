import { type Remedies, UNREACHABLE, withRemedy } from "../server_kit/remedies.ts";

/** Which rights a user needs, given what all keys begin with. */
const rightsFor = (key: string): string =>
  `let the user run all commands that read, write, publish and subscribe, and scripts, on these keys and channels: ~${key}* &${key}*`;

const REMEDIES: Remedies = [
  [/^(NOAUTH|WRONGPASS)/, "give the client the user and the password that the server asks for"],
  [/^OOM/, "give the server more memory (maxmemory), or purge the jobs that have ended"],
  [
    /^ERR Protocol error: invalid bulk length/,
    "a text is longer than the server takes: raise proto-max-bulk-len, or keep what is large elsewhere, and its address in the job",
  ],
  [/^READONLY/, "connect to the primary server, not to a replica"],
  [/^NOREPLICAS/, "look at the server's replicas: min-replicas-to-write says how many it needs"],
  [/^MISCONF/, "look at the server's disk and log: it cannot save, and takes no writes until it can"],
  [/^(MOVED|ASK|CROSSSLOT)/, "use the client's class for clusters (createCluster of redis, Cluster of ioredis)"],
  [/^CLUSTERDOWN/, "look at the state of the cluster (CLUSTER INFO): no server has these keys"],
  [
    /^(WRONGTYPE|ERR value is not an integer|ERR user_script|Redis has answered)/,
    "somebody else has changed its keys: restore them from a backup, or choose another prefix by the option `prefix`",
  ],
  [
    /^(The client is closed|Connection is closed)/,
    "connect the client before the store is used, and close the engine and its store before the client",
  ],
  UNREACHABLE,
];

/** Says of an error what to do about it, where that is known; `key` is what all keys begin with. */
export function explained(error: unknown, key: string): unknown {
  return withRemedy(error, `Cannot use the Redis store whose keys begin with ${key}`, [
    [/^(NOPERM|ERR The user executing the script can't run)/, rightsFor(key)],
    ...REMEDIES,
  ]);
}

/** Refuses a user who may write, but not tell the others: a write would fail when it is half done. */
export function cannotPublish(key: string): Error {
  return new Error(`Cannot open the Redis store: the user may not publish to ${key}:events; ${rightsFor(key)}`);
}
