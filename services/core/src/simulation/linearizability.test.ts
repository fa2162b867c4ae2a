import { must } from "@wick/sdk/assert"
import { type Random, seededRandom } from "@wick/sdk/clock"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Mvcc, type Outcome, type TxnRequest } from "#store"
import { MemoryRecords } from "../store/records.ts"
import { checkLinearizable, type History, type Model, type Operation } from "./linearizability.ts"
import { type RegisterInput, type RegisterOutput, registerModel } from "./register-model.ts"
import { type StoreInput, type StoreOutput, storeModel } from "./store-model.ts"

/** Clients that call whenever they are free; a store that does what was called at some moment before it answers. */
function overlapping<Input, Output>(
  random: Random,
  count: number,
  clients: number,
  ask: () => Input,
  run: (input: Input) => Output,
  lostPercent: number,
): Operation<Input, Output>[] {
  const history: Operation<Input, Output>[] = []
  const busy = new Map<number, { input: Input; calledAt: number; output: Output | undefined; isDone: boolean }>()
  let now = 0
  while (history.length < count) {
    now++
    const client = random.below(clients)
    const call = busy.get(client)
    if (call === undefined) {
      busy.set(client, { input: ask(), calledAt: now, output: undefined, isDone: false })
    } else if (!call.isDone && random.below(100) >= lostPercent) {
      call.output = run(call.input)
      call.isDone = true
    } else {
      const output = random.below(100) < lostPercent ? undefined : call.output
      history.push({ client, input: call.input, output, calledAt: call.calledAt, returnedAt: now })
      busy.delete(client)
    }
  }
  for (const [client, { input, calledAt }] of busy) {
    history.push({ client, input, output: undefined, calledAt, returnedAt: now })
  }
  return history
}

function registerHistory(seed: number, count: number, clients: number): Operation<RegisterInput, RegisterOutput>[] {
  const random = seededRandom(seed)
  const held = new Map<string, string | undefined>()
  let writes = 0
  const ask = (): RegisterInput => {
    const key = `k${random.below(3)}`
    const kind = random.below(3)
    if (kind === 0) return { kind: "read", key }
    const value = random.below(8) === 0 ? undefined : `v${++writes}`
    return kind === 1 ? { kind: "write", key, value } : { kind: "swap", key, expected: held.get(key), value }
  }
  const run = (input: RegisterInput): RegisterOutput => {
    if (input.kind === "read") return { kind: "value", value: held.get(input.key) }
    const succeeded = input.kind === "write" || held.get(input.key) === input.expected
    if (succeeded) held.set(input.key, input.value)
    return input.kind === "write" ? { kind: "written" } : { kind: "swapped", succeeded }
  }
  return overlapping(random, count, clients, ask, run, 10)
}

/** The real state machine behind clients that overlap. */
function storeHistory(seed: number, count: number, clients: number): Operation<StoreInput, StoreOutput>[] {
  const random = seededRandom(seed)
  const mvcc = new Mvcc(new MemoryRecords())
  let asked = 0
  const ask = (): StoreInput => {
    const key = `k${random.below(4)}`
    const kind = random.below(10)
    if (kind < 3) return { kind: "range", request: random.below(2) === 0 ? { key } : { key: "k", end: "l" } }
    if (kind === 3) return { kind: "grant", id: ++asked }
    if (kind === 4) return { kind: "end-lease", id: 1 + random.below(Math.max(asked, 1)) }
    const lease = random.below(4) === 0 ? 1 + random.below(Math.max(asked, 1)) : 0
    const put = { kind: "put", key, value: Buffer.from(`v${++asked}`), lease, previous: true } as const
    const remove = { kind: "delete", key, previous: true } as const
    const request: TxnRequest = {
      compare: kind < 7 ? [] : [{ key, target: "mod", op: "=", value: random.below(mvcc.revision + 1) }],
      success: [random.below(4) === 0 ? remove : put],
      failure: [{ kind: "range", key }],
    }
    return { kind: "txn", request }
  }
  const answer = (outcome: Outcome): StoreOutput => {
    if (outcome.kind === "refused") return { kind: "refused", reason: outcome.refusal.reason as "lease-not-found" }
    return outcome.kind === "txn" ? { kind: "txn", result: outcome.result as never } : { kind: "done" }
  }
  const run = (input: StoreInput): StoreOutput => {
    if (input.kind === "range") return { kind: "range", result: mvcc.range(input.request) as never }
    if (input.kind === "txn") return answer(mvcc.apply({ timeMs: 0, command: input }).outcome)
    const { kind, id } = input
    const command = kind === "grant" ? ({ kind, id, ttlSeconds: 9 } as const) : ({ kind: "revoke", id } as const)
    return answer(mvcc.apply({ timeMs: 0, command }).outcome)
  }
  return overlapping(random, count, clients, ask, run, 2)
}

const verdict = <State, Input, Output>(model: Model<State, Input, Output>, history: History<Input, Output>): string =>
  checkLinearizable(model, history, 50_000).kind

/** Tries every order: slow, and too simple to be wrong in the same way. */
function canBeOrdered(history: History<RegisterInput, RegisterOutput>, state = registerModel.initial): boolean {
  const known = history.filter(({ output }) => output !== undefined)
  if (known.length === 0) return true
  const firstReturn = Math.min(...known.map(({ returnedAt }) => returnedAt))
  return history.some((operation) => {
    if (operation.calledAt > firstReturn) return false
    const after = registerModel.step(state, operation.input, operation.output)
    const rest = history.filter((other) => other !== operation)
    return after !== undefined && canBeOrdered(rest, after)
  })
}

const call = (client: number, calledAt: number, returnedAt: number, input: RegisterInput, output?: RegisterOutput) => ({
  client,
  calledAt,
  returnedAt,
  input,
  output,
})
const read = { kind: "read", key: "k" } as const
const write = (value: string): RegisterInput => ({ kind: "write", key: "k", value })
const value = (value?: string): RegisterOutput => ({ kind: "value", value })
const written: RegisterOutput = { kind: "written" }

describe("a history", () => {
  it("is refused when a read that began after a write's answer does not see it", () => {
    const history = [call(1, 1, 2, write("a"), written), call(2, 3, 4, read, value())]
    expect(checkLinearizable(registerModel, history)).toMatchObject({
      kind: "illegal",
      done: [{ client: 1 }],
      stuck: [{ client: 2 }],
    })
    expect(verdict(registerModel, [call(1, 1, 3, write("a"), written), call(2, 2, 4, read, value())])).toBe(
      "linearizable",
    )
  })

  it("is refused when of two reads, one after the other, the later sees the older value", () => {
    const reads = (first: string | undefined, second: string | undefined) => [
      call(1, 1, 9, write("a"), written),
      call(2, 2, 3, read, value(first)),
      call(3, 4, 5, read, value(second)),
    ]
    expect(verdict(registerModel, reads(undefined, "a"))).toBe("linearizable")
    expect(verdict(registerModel, reads("a", undefined))).toBe("illegal")
  })

  it("may show a write of unknown outcome late, or never, but not before it was called nor twice", () => {
    const unknown = call(1, 3, 0, write("a"))
    expect(verdict(registerModel, [unknown])).toBe("linearizable")
    expect(verdict(registerModel, [unknown, call(2, 90, 91, read, value("a"))])).toBe("linearizable")
    expect(verdict(registerModel, [call(2, 1, 2, read, value("a")), unknown])).toBe("illegal")
    const overwritten = [unknown, call(2, 4, 5, read, value("a")), call(2, 6, 7, write("b"), written)]
    expect(verdict(registerModel, [...overwritten, call(2, 8, 9, read, value("a"))])).toBe("illegal")
  })

  it("is judged as by trying every order, whatever it is", () => {
    const operation = fc.record({
      calledAt: fc.nat(12),
      lasts: fc.nat(6),
      isRead: fc.boolean(),
      isLost: fc.integer({ min: 0, max: 4 }).map((chance) => chance === 0),
      value: fc.constantFrom(undefined, "a", "b"),
    })
    const history = fc.array(operation, { maxLength: 6 }).map((all) =>
      all.map(({ calledAt, lasts, isRead, isLost, value: at }, client) => {
        const input: RegisterInput = isRead ? read : { kind: "write", key: "k", value: at }
        return call(client, calledAt, calledAt + lasts, input, isLost ? undefined : isRead ? value(at) : written)
      }),
    )
    fc.assert(
      fc.property(history, (history) => {
        expect(verdict(registerModel, history)).toBe(canBeOrdered(history) ? "linearizable" : "illegal")
      }),
      { numRuns: 2_000 },
    )
  })
})

describe("the history of a correct store", () => {
  const seed = fc.nat()
  const clients = fc.integer({ min: 1, max: 8 })

  it("is accepted however its clients overlap, some without an answer", () => {
    fc.assert(
      fc.property(seed, clients, (seed, clients) => {
        // Some with many unknown outcomes at once take longer to decide than a test has.
        expect(verdict(registerModel, registerHistory(seed, 200, clients))).not.toBe("illegal")
        expect(verdict(storeModel, storeHistory(seed, 200, clients))).not.toBe("illegal")
      }),
    )
  })

  it("is refused once an acknowledged write is taken out of it that was read", () => {
    fc.assert(
      fc.property(seed, clients, (seed, clients) => {
        const history = registerHistory(seed, 100, clients)
        const seen = new Set(history.map(({ output }) => (output?.kind === "value" ? output.value : undefined)))
        const at = history.findIndex(({ input }) => input.kind !== "read" && input.value && seen.has(input.value))
        fc.pre(at !== -1)
        expect(verdict(registerModel, history.toSpliced(at, 1))).toBe("illegal")
      }),
    )
  })

  it("is refused once two answers tell that both have made the same revision", () => {
    fc.assert(
      fc.property(seed, clients, fc.nat(), (seed, clients, choice) => {
        const history = storeHistory(seed, 100, clients)
        const wrote = history.filter(
          ({ output }) => output?.kind === "txn" && output.result.results.some(({ kind }) => kind === "put"),
        )
        fc.pre(wrote.length > 1)
        const chosen = must(wrote[choice % wrote.length], "one of them")
        const other = must(wrote[(choice + 1) % wrote.length], "another")
        const revision = other.output?.kind === "txn" ? other.output.result.revision : 0
        const mutated = history.map((each) => {
          if (each !== chosen || each.output?.kind !== "txn") return each
          return { ...each, output: { kind: "txn", result: { ...each.output.result, revision } } as const }
        })
        expect(verdict(storeModel, mutated)).not.toBe("linearizable")
      }),
    )
  })

  it("is judged in few steps: milliseconds for hundreds of operations", () => {
    for (let seed = 0; seed < 20; seed++) {
      const ofStore = checkLinearizable(storeModel, storeHistory(seed, 400, 6), 20_000)
      const ofRegister = checkLinearizable(registerModel, registerHistory(seed, 200, 4), 20_000)
      expect([ofStore.kind, ofRegister.kind], `seed ${seed}`).toEqual(["linearizable", "linearizable"])
    }
  })
})
