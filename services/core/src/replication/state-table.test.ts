import { execFileSync } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Random, seededRandom } from "@wick/sdk/clock"
import { ownSeeds } from "@wick/sdk/testing/property-seed"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type Command, emptyPosition, type Mvcc, noEnd, type RevisionChanges } from "#store"
import { StateTable } from "./state-table.ts"

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-table-"))
})
afterEach(() => rm(directory, { recursive: true }))

/** So few that removals are left over from one save to the next, and to the next start. */
const removalsMax = 2
const configuration = { voters: [1], outgoing: [], learners: [] }

function randomCommand(random: Random, revision: number): Command {
  const key = `key-${random.below(6)}`
  const dice = random.below(100)
  if (dice < 8) return { kind: "compact", revision: random.below(revision + 1) }
  if (dice < 12) return { kind: "grant", id: 0, ttlSeconds: 10 }
  if (dice < 15) return { kind: "revoke", id: 1 + random.below(5) }
  if (dice < 30) return txn({ kind: "delete", key, end: `key-${random.below(8)}` })
  const value = Buffer.alloc(random.below(3_000), revision)
  return txn({ kind: "put", key, value, lease: dice < 45 ? 1 + random.below(5) : 0 })
}

function txn(operation: (Command & { kind: "txn" })["request"]["success"][number]): Command {
  return { kind: "txn", request: { compare: [], success: [operation], failure: [] } }
}

/** Everything that can be asked of a store. */
function answers(mvcc: Mvcc): unknown {
  const ranges = Array.from({ length: mvcc.revision + 1 }, (_, revision) =>
    mvcc.range({ key: noEnd, end: noEnd, revision }),
  )
  const alone = Array.from({ length: 6 }, (_, name) => mvcc.range({ key: `key-${name}` }))
  const history = mvcc.historyFrom(mvcc.compactRevision, Number.POSITIVE_INFINITY)
  const slices: RevisionChanges[] = []
  for (let from = mvcc.compactRevision; from <= mvcc.revision; ) {
    const slice = mvcc.historyFrom(from, 3)
    if ("reason" in slice || slice.length === 0) break
    slices.push(...slice)
    from = (slice.at(-1)?.revision ?? from) + 1
  }
  expect(slices).toEqual(history)
  return plain({ position: mvcc.position, deadline: mvcc.earliestDeadlineMs, ranges, alone, history })
}

/** Bytes are the same bytes whether they are a Buffer or not. */
function plain(given: unknown): unknown {
  return JSON.parse(
    JSON.stringify(given, function (this: Record<string, unknown>, key, item) {
      const raw = this[key]
      return raw instanceof Uint8Array ? Buffer.from(raw).toString("hex") : item
    }),
  )
}

it.each([1, 2, 3, 4, ...ownSeeds(3)])(
  "a state that is saved, lost and applied again at any moments answers like one that never was (seed %i)",
  async (seed) => {
    const random = seededRandom(seed)
    const log: Command[] = []
    let table = new StateTable(join(directory, "real"), removalsMax)
    let { mvcc } = table.load()
    const twinTable = new StateTable(join(directory, "twin"), removalsMax)
    const twin = twinTable.load().mvcc
    for (let at = 0; at < 150; at++) {
      const command = randomCommand(random, mvcc.revision)
      log.push(command)
      const applied = mvcc.apply({ timeMs: at, command })
      expect(plain(twin.apply({ timeMs: at, command }))).toEqual(plain(applied))
      const dice = random.below(100)
      const applicationOf = (index: number) => ({ applied: { index, term: 1 }, configuration, position: mvcc.position })
      if (dice < 10) {
        const saving = table.save(applicationOf(log.length))
        expect(answers(mvcc)).toEqual(answers(twin)) // while it is being written
        await saving
      } else if (dice < 16) {
        await table.close() // what was not saved is gone
        table = new StateTable(join(directory, "real"), removalsMax)
        const loaded = table.load()
        mvcc = loaded.mvcc
        const from = loaded.checkpoint?.applied.index ?? 0
        for (const [index, again] of log.slice(from).entries()) mvcc.apply({ timeMs: from + index, command: again })
      }
      if (at % 10 === 0) expect(answers(mvcc)).toEqual(answers(twin))
    }
    expect(answers(mvcc)).toEqual(answers(twin))
    await table.close()
    await twinTable.close()
  },
)

it("begins empty", async () => {
  const table = new StateTable(join(directory, "real"), removalsMax)
  const { mvcc, checkpoint } = table.load()
  expect(mvcc.position).toEqual(emptyPosition)
  expect(checkpoint).toBeUndefined()
  await table.close()
})

it("programs that are started have nothing of the table open", async () => {
  const table = new StateTable(directory, removalsMax)
  expect(execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" })).not.toContain(directory)
  await table.close()
})
