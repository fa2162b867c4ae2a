/**
 * A rule that is broken on purpose, in the source as it is loaded: whoever runs worlds on it has to find it. So it is
 * known that the checkers see what they are there to see.
 */
export interface Mutation {
  readonly name: string
  /** Under `services/core/src`. */
  readonly file: string
  /** Must be in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Seeds, from 1, within which it is found. */
  readonly seedsMax: number
  /** It takes minutes: only `npm run simulate -- --mutations` looks for it. */
  readonly isRare?: boolean
}

export const mutations: readonly Mutation[] = [
  {
    name: "goes on before the disk has written",
    file: "replication/write-ahead-log.ts",
    find: "await this.#file.write(bytes, this.#offset)",
    replace: "void this.#file.write(Buffer.from(bytes), this.#offset).catch(() => undefined)",
    seedsMax: 100,
  },
  {
    name: "wins with one vote too few",
    file: "raft/quorum.ts",
    find: "if (granted >= majority)",
    replace: "if (granted >= majority - 1)",
    seedsMax: 100,
  },
  {
    name: "commits entries of an older term by counting",
    file: "raft/lead.ts",
    find: "if (reached <= state.commit || log.termAt(reached) !== state.term) return false",
    replace: "if (reached <= state.commit) return false",
    seedsMax: 5000,
    isRare: true,
  },
  {
    name: "commits what one member too few has",
    file: "raft/quorum.ts",
    find: "return sorted[Math.floor(voters.length / 2)] ??",
    replace: "return sorted[Math.floor(voters.length / 2) - 1] ??",
    seedsMax: 100,
  },
  {
    name: "answers reads without asking whether it still leads",
    file: "raft/read-index.ts",
    find: "} else if (votesAlone(state) ||",
    replace: "} else if (state.term > 0 || votesAlone(state) ||",
    seedsMax: 1000,
    isRare: true,
  },
  {
    name: "takes itself for the only one who votes",
    file: "raft/quorum.ts",
    find: "return isOnly(voters, member) && (",
    replace: "return voters.includes(member) && (",
    seedsMax: 200,
  },
  {
    name: "answers reads before it has applied what they must see",
    file: "replication/reads.ts",
    find: "each.index <= index)",
    replace: "each.index <= index + 5)",
    seedsMax: 100,
  },
  {
    name: "forgets whom it has voted for",
    file: "raft/send.ts",
    find: "vote: state.vote,",
    replace: "vote: 0,",
    seedsMax: 5000,
    isRare: true,
  },
  {
    name: "votes for those that lack entries",
    file: "raft/election.ts",
    find: "const granted = free && state.log.isNotAheadOf(last)",
    replace: "const granted = free || state.log.isNotAheadOf(last)",
    seedsMax: 500,
    isRare: true,
  },
  {
    name: "applies what is not committed",
    file: "raft/send.ts",
    find: "Math.min(state.commit, state.log.persisted)",
    replace: "state.log.persisted",
    seedsMax: 100,
  },
  {
    name: "tells its leader that it has entries before the disk has them",
    file: "raft/replica.ts",
    find: "advanceCommitTo(state, out, Math.min(commit, match))\n  sendDurable(",
    replace: "advanceCommitTo(state, out, Math.min(commit, match))\n  sendAtOnce(",
    seedsMax: 500,
    isRare: true,
  },
  {
    name: "takes entries without having the one before them",
    file: "raft/replica.ts",
    find: "  if (!log.has(previous)) {",
    replace: "  if (previous.index > log.last.index) {",
    seedsMax: 200,
  },
  {
    name: "cuts its log off at every message of its leader, however old",
    file: "raft/replica.ts",
    find: "const at = entries.findIndex((entry) => !state.log.has(entry))",
    replace: "const at = entries.findIndex((entry) => entry.index > state.commit)",
    seedsMax: 200,
  },
  {
    name: "tells store time by its wall clock",
    file: "store/lease-alarm.ts",
    find: "return Math.floor(this.#clock.monotonic() + this.#offsetMs)",
    replace: "return Math.max(0, Math.floor(this.#clock.now() - 1_700_000_000_000))",
    seedsMax: 100,
  },
  {
    name: "tries again what may have been done",
    file: "replication/forwarding.ts",
    find: 'if ("value" in answer || answer.error instanceof UnavailableError) return',
    replace:
      'if ("value" in answer) return\n    if (answer.error instanceof UnavailableError) return proposals.returned(request, undefined)\n   ',
    seedsMax: 200,
  },
  {
    name: "reads records whose checksum is wrong",
    file: "replication/log-record.ts",
    find: 'if (crc32(payload, segment) !== bytes.readUInt32LE(offset + 4)) return "damaged"',
    replace: "",
    seedsMax: 200,
  },
  {
    name: "drops the log before the state is saved",
    file: "replication/saver.ts",
    find: "await this.#table.save(checkpoint)",
    replace: "await this.#log.release(checkpoint.applied.index)\n    await this.#table.save(checkpoint)",
    seedsMax: 5000,
    isRare: true,
  },
  {
    name: "goes on leading although it hears nobody",
    file: "raft/tick.ts",
    find: "if (!hasQuorum(state, role)) {",
    replace: "if (state.term < 0 && !hasQuorum(state, role)) {",
    seedsMax: 100,
  },
  {
    name: "skips a revision when a watch goes on from history",
    file: "store/watch-hub.ts",
    find: "this.#history.historyFrom(watcher.next,",
    replace: "this.#history.historyFrom(watcher.next + 1,",
    seedsMax: 100,
  },
]

/** Throws when the source has changed so that the mutation is none any more. */
export function mutate(source: string, { name, file, find, replace }: Mutation): string {
  const parts = source.split(find)
  if (parts.length !== 2)
    throw new Error(`mutation "${name}": ${file} has ${parts.length - 1} places to change, not one`)
  return parts.join(replace)
}
