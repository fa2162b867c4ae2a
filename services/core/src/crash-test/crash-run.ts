import { isDeepStrictEqual } from "node:util"
import { must } from "@wick/sdk/assert"
import { type Random, seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { type KeyValue, noEnd, type Storage } from "#store"
import { EtcdStorage } from "../etcd-client/etcd-storage.ts"
import { KeyPrefix } from "../etcd-client/key-prefix.ts"
import { Link } from "../etcd-client/link.ts"
import { Upstream } from "../etcd-client/upstream.ts"
import { checkLinearizable } from "../simulation/linearizability.ts"
import { type StoreInput, type StoreOutput, type StoreState, storeModel } from "../simulation/store-model.ts"
import { makeCluster } from "./cluster.ts"
import { answer, type Call, runClient, type Traffic } from "./load.ts"

export interface CrashOptions {
  readonly kills: number
  readonly seed: number
  readonly clients: number
  /** One unless it is said. */
  readonly members?: number
  /** Where the members keep their stores. */
  readonly directory: string
  /** Called while there is no process. */
  readonly onKilled?: () => Promise<void>
  readonly onRound?: (report: CrashReport) => void
}

export interface CrashReport {
  kills: number
  /** Of these, while the member was starting. */
  killsAtStart: number
  answered: number
  /** Calls whose outcome nobody was told. */
  unknown: number
  /** Rounds whose history the checker gave up on. */
  undecided: number
  /** Times from a start to the first answer, in milliseconds. */
  readonly startsMs: number[]
  revision: number
}

/** Longest time under load before a kill. */
const loadMaxMs = 500
/** Some rounds are so long that the state is saved in them, after which the log before can go. */
const longLoadMs = 6_000
const longEvery = 50
/** A member is killed so soon after its start that it may still be reading its log. */
const startMaxMs = 450
const watchTimeoutMs = 20_000
const attemptsMax = 100
/** Search steps per round: some seconds of work. Many calls without an outcome at once can take any number of them. */
const stepsMax = 20_000

/**
 * Clients call a member that is killed by SIGKILL again and again. After each kill and start all that the clients were told
 * must be explained by one store that did one thing at a time, from the state before to the state found now; and the events
 * since the state before must lead to just that state. Throws when they do not.
 */
export async function crash(options: CrashOptions): Promise<CrashReport> {
  const { kills, seed, clients, directory } = options
  const random = seededRandom(seed)
  const { members, endpoints } = await makeCluster(directory, options.members ?? 1)
  const report: CrashReport = {
    kills: 0,
    killsAtStart: 0,
    answered: 0,
    unknown: 0,
    undecided: 0,
    startsMs: [],
    revision: 1,
  }
  await Promise.all(members.map((member) => timed(report, () => member.start())))
  const storages = await Promise.all(
    Array.from({ length: clients }, (_, client) => openClient(turned(endpoints, client), random)),
  )
  const traffic = newTraffic(random)
  let state = storeModel.initial
  try {
    for (let round = 0; report.kills < kills; round++) {
      const calls = await underLoad(storages, traffic, async () => {
        await sleep(round % longEvery === longEvery - 1 ? longLoadMs : random.below(loadMaxMs))
        const member = must(members[random.below(members.length)], "there is one")
        await member.kill()
        report.kills++
        await options.onKilled?.()
        if (random.below(10) === 0 && report.kills < kills) {
          await member.startAndKill(random.below(startMaxMs))
          report.kills++
          report.killsAtStart++
        }
        await timed(report, () => member.start())
      })
      state = await checkRound(storages[0] as Storage, state, calls, traffic, report)
      options.onRound?.(report)
    }
  } finally {
    await Promise.all(storages.map((storage) => storage.close()))
    await Promise.all(members.map((member) => member.kill()))
  }
  return report
}

/** Clients begin with different members, so that followers are asked too. */
function turned(endpoints: readonly string[], by: number): readonly string[] {
  const at = by % endpoints.length
  return [...endpoints.slice(at), ...endpoints.slice(0, at)]
}

/** A client of its own connection. Without what a platform's client does by itself: each write is one of the history. */
async function openClient(endpoints: readonly string[], random: Random): Promise<Storage> {
  const common = { clock: systemClock, log: silentLog }
  const link = new Link({ endpoints, tls: {}, ...common })
  const upstream = new Upstream(link, systemClock, silentLog)
  const storage = new EtcdStorage({ link, upstream, prefix: new KeyPrefix(""), clock: systemClock, random })
  await storage.begin()
  return storage
}

/** All calls that were begun until `action` is over. */
async function underLoad(storages: readonly Storage[], traffic: Traffic, action: () => Promise<void>): Promise<Call[]> {
  const stop = new AbortController()
  const running = storages.map((storage, client) => runClient(client, storage, traffic, stop.signal))
  try {
    await action()
  } finally {
    stop.abort()
  }
  return (await Promise.all(running)).flat()
}

async function checkRound(
  storage: Storage,
  before: StoreState,
  calls: Call[],
  traffic: Traffic,
  report: CrashReport,
): Promise<StoreState> {
  const known = calls.filter(({ output }) => output !== undefined).length
  report.answered += known
  report.unknown += calls.length - known
  // Which leases there are cannot be read as keys can: so in the end there are none.
  for (const id of traffic.leases.splice(0)) await called(storage, { kind: "end-lease", id }, calls)
  const last = await called(storage, { kind: "range", request: { key: noEnd, end: noEnd } }, calls)
  const { result } = last as StoreOutput & { kind: "range" }
  const verdict = checkLinearizable({ ...storeModel, initial: before }, calls, stepsMax)
  if (verdict.kind === "undecided") report.undecided++
  if (verdict.kind === "illegal")
    throw new CrashError("what clients were told is of no one store", before, calls, verdict.stuck)
  const told = new Set(calls.flatMap(changesTold))
  const replayed = await replay(storage, before, result.revision, told)
  if (told.size > 0)
    throw new CrashError("writes that were acknowledged are not among the events", before, calls, [...told])
  if (!isDeepStrictEqual(plain(replayed), plain(result.kvs))) {
    throw new CrashError("events lead to another state than there is", before, calls, replayed)
  }
  report.revision = result.revision
  traffic.revision = result.revision
  traffic.compactable = result.revision
  return { revision: result.revision, kvs: result.kvs, leases: [] }
}

/** A call after all others, made until it is answered: nothing kills a member meanwhile, but one may still be elected. */
async function called(storage: Storage, input: StoreInput, calls: Call[]): Promise<StoreOutput> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const calledAt = performance.now()
    const output = await answer(storage, input)
    if (output === "not-done") continue
    calls.push({ client: "last", input, output, calledAt, returnedAt: performance.now() })
    if (output !== undefined) return output
  }
  throw new Error("no member answers after the start")
}

/** What a client was told that it had put, and at which revision. */
function changesTold({ input, output }: Call): string[] {
  if (input.kind !== "txn" || output?.kind !== "txn") return []
  const { succeeded, revision } = output.result
  const operations = succeeded ? input.request.success : input.request.failure
  return operations.flatMap((each) => (each.kind === "put" ? [changeName(revision, each.key, each.value)] : []))
}

function changeName(revision: number, key: string, value: Uint8Array): string {
  return `${revision} ${key} ${Buffer.from(value).toString("latin1")}`
}

/** The state that the events since another one lead to. What they tell is taken out of `told`. */
async function replay(
  storage: Storage,
  before: StoreState,
  until: number,
  told: Set<string>,
): Promise<readonly KeyValue[]> {
  if (until === before.revision) return before.kvs
  const kvs = new Map(before.kvs.map((kv) => [kv.key, kv]))
  let revision = before.revision
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no event after revision ${revision}`)), watchTimeoutMs)
    const watch = storage.watch(
      { key: noEnd, end: noEnd, fromRevision: before.revision + 1 },
      {
        onBatch: ({ events }) => {
          for (const event of events) {
            const at = event.kind === "put" ? event.kv.modRevision : event.modRevision
            if (at !== revision && at !== revision + 1) reject(new Error(`revision ${at} follows on ${revision}`))
            revision = at
            if (event.kind === "put") {
              kvs.set(event.kv.key, event.kv)
              told.delete(changeName(at, event.kv.key, event.kv.value))
            } else kvs.delete(event.key)
          }
          if (revision < until) return
          clearTimeout(timer)
          watch.close()
          resolve()
        },
        onEnd: reject,
      },
    )
  })
  return [...kvs.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

function plain(kvs: readonly KeyValue[]): unknown {
  return kvs.map((kv) => ({ ...kv, value: Buffer.from(kv.value).toString("latin1") }))
}

/** Something acknowledged is lost, or something else is wrong; `calls` is the history of the round. */
export class CrashError extends Error {
  override name = "CrashError"
  readonly before: StoreState
  readonly calls: readonly Call[]
  readonly stuck: unknown

  constructor(message: string, before: StoreState, calls: readonly Call[], stuck: unknown) {
    super(message)
    this.before = before
    this.calls = calls
    this.stuck = stuck
  }
}

function newTraffic(random: Random): Traffic {
  const leases: number[] = []
  let last = 0
  return {
    random,
    leases,
    next: () => ++last,
    grant: () => {
      leases.push(++last)
      return last
    },
    revision: 1,
    compactable: 1,
  }
}

async function timed(report: CrashReport, start: () => Promise<void>): Promise<void> {
  const startedAt = performance.now()
  await start()
  report.startsMs.push(performance.now() - startedAt)
}

function sleep(ms: number): Promise<void> {
  return systemClock.sleep(ms)
}
