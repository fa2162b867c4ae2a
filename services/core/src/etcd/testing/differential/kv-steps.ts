import type { Random } from "@wick/sdk/clock"
import { compactionRequest, deleteRequest, putRequest, rangeRequest, txnRequest } from "#etcd-wire"
import { chance, of, openToAll, type Step, unaryStep, type World } from "./step.ts"

const keys = ["a", "a\0", "ab", "b", "b/1", "b/2", "c", "d", "\xff", "\xff\xff", "e".repeat(100)]
const ends = ["", "", "", "\0", "b", "b0", "c", "e", "a", "\xff", "\xff\xff\xff"]
const values = ["", "1", "2", "x", "\xff\0", "y".repeat(300)]
/** As etcd's default. */
const operationsMax = 128

const bytes = (text: string): Buffer => Buffer.from(text, "latin1")

export const someKey = (random: Random): string => (chance(random, 60) ? "" : of(random, keys))
export const someEnd = (random: Random): string => of(random, ends)

/** A revision that is there, or is compacted, or is not yet, or is none. */
export function someRevision(random: Random, { revision }: World): number {
  const near = revision - random.below(12)
  return of(random, [0, 0, near, near, near, near, revision, revision + 1, 1, -1, 2, random.below(revision + 1)])
}

function range(random: Random, world: World) {
  const bound = (): number => (chance(random, 8) ? someRevision(random, world) : 0)
  return {
    key: someKey(random),
    rangeEnd: someEnd(random),
    limit: of(random, [0, 0, 0, 1, 2, 3, 100, -1]),
    revision: chance(random, 3) ? someRevision(random, world) : 0,
    sortOrder: chance(random, 3) ? random.below(3) : 0,
    sortTarget: chance(random, 3) ? random.below(5) : 0,
    serializable: chance(random, 4),
    keysOnly: chance(random, 5),
    countOnly: chance(random, 8),
    minModRevision: bound(),
    maxModRevision: bound(),
    minCreateRevision: bound(),
    maxCreateRevision: bound(),
  }
}

function put(random: Random, { leases }: World): object {
  const ignoreValue = chance(random, 8)
  const ignoreLease = chance(random, 8)
  return {
    key: someKey(random),
    value: ignoreValue && !chance(random, 6) ? Buffer.alloc(0) : bytes(of(random, values)),
    lease: ignoreLease && !chance(random, 6) ? 0 : chance(random, 4) ? of(random, [...leases, -1, 2 ** 40]) : 0,
    previous: chance(random, 3),
    ignoreValue,
    ignoreLease,
  }
}

function deletion(random: Random) {
  return { key: someKey(random), rangeEnd: chance(random, 3) ? "" : someEnd(random), previous: chance(random, 3) }
}

function compare(random: Random, world: World): object {
  return {
    result: random.below(4),
    target: random.below(5),
    key: someKey(random),
    version: of(random, [0, 1, 2, -1]),
    create: someRevision(random, world),
    mod: someRevision(random, world),
    value: bytes(of(random, values)),
    lease: of(random, [0, ...world.leases, -1]),
    rangeEnd: chance(random, 3) ? someEnd(random) : "",
  }
}

/** etcd takes one of them as what is compared with: the one that the target names, unless a client mixes things up. */
function compareOne(random: Random, world: World): object {
  const { result, target, key, rangeEnd, ...operands } = compare(random, world) as {
    readonly [name: string]: unknown
    readonly target: number
  }
  const names = ["version", "create", "mod", "value", "lease"] as const
  const name = names[chance(random, 50) ? random.below(5) : target]
  return { result, target, key, rangeEnd, ...(name !== undefined && { [name]: operands[name] }) }
}

/** What transactions within a transaction change: etcd overlooks some that both put and delete. */
type Inner = "puts" | "deletes"

function operation(random: Random, world: World, depth: number, inner: Inner): object {
  if (chance(random, 80)) return {}
  if (depth > 0 && chance(random, 6)) return { txn: txn(random, world, depth - 1, inner) }
  const isOuter = depth === world.depth
  const kind = random.below(5)
  if (kind < 2 && (isOuter || inner === "puts")) return { put: put(random, world) }
  if (kind === 4 && (inner === "deletes" || isOuter)) return { delete: narrow(deletion(random)) }
  const { revision, ...rest } = range(random, world)
  return { range: { ...rest, revision: Math.max(revision, 0) } }
}

/** An interval without end, or one that ends before it begins, is not seen where etcd looks for keys that are changed twice. */
function narrow<Interval extends { readonly key: string; readonly rangeEnd: string }>(interval: Interval): Interval {
  return interval.rangeEnd <= interval.key ? { ...interval, rangeEnd: "" } : interval
}

function txn(
  random: Random,
  world: World,
  depth = world.depth,
  inner = of<Inner>(random, ["puts", "deletes"]),
): object {
  const many = (make: () => object, max: number): object[] => {
    const size = chance(random, 200) ? operationsMax + random.below(2) : random.below(max)
    return Array.from({ length: size }, make)
  }
  return {
    compare: many(() => compareOne(random, world), 3),
    success: many(() => operation(random, world, depth, inner), 4),
    failure: many(() => operation(random, world, depth, inner), 4),
  }
}

export function kvStep(random: Random, world: World): Step {
  const kind = random.below(40)
  if (kind < 14) return unaryStep("KV/Put", putRequest, put(random, world))
  if (kind < 24) return unaryStep("KV/Range", rangeRequest, range(random, world))
  if (kind < 28) return unaryStep("KV/DeleteRange", deleteRequest, deletion(random))
  if (kind < 39) return unaryStep("KV/Txn", txnRequest, txn(random, world))
  // 0 is a revision to etcd, once.
  const revision = someRevision(random, world) - (chance(random, 2) ? 5 : 0) || 1
  if (revision <= world.revision) world.compacted = Math.max(world.compacted, revision)
  return openToAll(unaryStep("KV/Compact", compactionRequest, { revision, physical: chance(random, 2) }))
}
