import { Agent, request } from "node:http"
import { Latency, type LatencySummary } from "./latency.ts"

export interface Target {
  readonly port: number
  readonly address?: string
  readonly host: string
  readonly path?: string
}

export interface Outcome {
  readonly latency: LatencySummary
  readonly byStatus: Record<number, number>
  readonly failed: number
  /** How many took longer than so many milliseconds. */
  over(ms: number): number
  /** The first of those that failed, in order of their end. */
  readonly failures: readonly Failure[]
  /** Requests that were sent once more, since their connection ended before an answer came. */
  readonly repeated: readonly Failure[]
}

/** A request that had no answer, or one of 400 and more. */
export interface Failure {
  /** On `performance.now()`'s clock. */
  readonly sentMs: number
  readonly endedMs: number
  readonly host: string
  /** Whether it went over a connection that an earlier one had gone over. */
  readonly isKept: boolean
  /** The status with the first words of the body, or what broke the connection. */
  readonly why: string
}

const failuresMax = 10_000
const whyMaxLength = 200

/**
 * Sends requests at a fixed rate, whatever the answers do, and measures each from the moment at which it *should* have
 * left: a stall of the server is counted for every request that it held up (no coordinated omission).
 */
export async function openLoop(target: Target, perSecond: number, seconds: number): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4_096 })
  const record = new Recorder(target, agent)
  const total = Math.round(perSecond * seconds)
  const startedAt = performance.now()
  const pending: Promise<void>[] = []
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) + 1)
    for (; sent < due; sent++) pending.push(record.send(startedAt + (sent / perSecond) * 1_000))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
  agent.destroy()
  return record.outcome()
}

/** The same until `until` says so. `repeats`: as clients do that send a GET once more when its connection ends before an answer. */
export async function openLoopUntil(
  target: Target,
  perSecond: number,
  until: AbortSignal,
  repeats = false,
): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4_096 })
  const record = new Recorder(target, agent, repeats)
  const startedAt = performance.now()
  const pending = new Set<Promise<void>>()
  for (let sent = 0; !until.aborted; ) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) + 1
    for (; sent < due; sent++) {
      const one: Promise<void> = record
        .send(startedAt + (sent / perSecond) * 1_000)
        .then(() => void pending.delete(one))
      pending.add(one)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
  agent.destroy()
  return record.outcome()
}

/** Sends `count` requests at once, each on a connection of its own. */
export async function allAtOnce(targets: readonly Target[]): Promise<Outcome> {
  const agent = new Agent({ keepAlive: false, maxSockets: targets.length })
  const records = targets.map((target) => new Recorder(target, agent))
  const startedAt = performance.now()
  await Promise.all(records.map((record) => record.send(startedAt)))
  return records
    .slice(1)
    .reduce((all, record) => all.join(record), records[0] ?? new Recorder({ port: 0, host: "" }, agent))
    .outcome()
}

/** `clients` callers that each send one request after the other for `seconds`. */
export async function closedLoop(target: Target, clients: number, until: AbortSignal): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const record = new Recorder(target, agent)
  const caller = async (): Promise<void> => {
    while (!until.aborted) await record.send(performance.now())
  }
  await Promise.all(Array.from({ length: clients }, caller))
  agent.destroy()
  return record.outcome()
}

const brokenConnection = new Set(["ECONNRESET", "EPIPE"])

class Recorder {
  readonly #latencies: number[] = []
  readonly #byStatus: { [status: number]: number } = {}
  #failed = 0
  readonly #failures: Failure[] = []
  readonly #repeated: Failure[] = []
  readonly #target: Target
  readonly #agent: Agent
  readonly #repeats: boolean

  constructor(target: Target, agent: Agent, repeats = false) {
    this.#repeats = repeats
    this.#target = target
    this.#agent = agent
  }

  send(dueMs: number, isRepeated = false): Promise<void> {
    const { port, address = "127.0.0.1", host, path = "/" } = this.#target
    const sentMs = performance.now()
    return new Promise((resolve) => {
      const failure = (why: string): Failure => {
        return { sentMs, endedMs: performance.now(), host, isKept: sent.reusedSocket, why: why.slice(0, whyMaxLength) }
      }
      const failed = (why: string): void => {
        this.#failed++
        if (this.#failures.length >= failuresMax) return
        this.#failures.push(failure(why))
      }
      const sent = request(
        { host: address, port, path, headers: { host }, agent: isRepeated ? false : this.#agent },
        (response) => {
          const status = response.statusCode ?? 0
          let body = ""
          if (status < 400) response.resume()
          else
            response.setEncoding("utf8").on("data", (chunk: string) => {
              if (body.length < whyMaxLength) body += chunk
            })
          let ended = false
          response.once("end", () => {
            ended = true
            this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1
            if (status >= 400) failed(`${status} ${body.trim()}`)
            this.#latencies.push(performance.now() - dueMs)
            resolve()
          })
          response.once("close", () => {
            if (!ended) failed("the answer was cut off")
            resolve()
          })
        },
      )
      sent.once("error", (error: NodeJS.ErrnoException) => {
        const why = error.code ?? error.message
        // As clients do with a GET (RFC 9110 §9.2.2), once, and on a connection of its own: other kept ones may be dead too.
        if (this.#repeats && !isRepeated && brokenConnection.has(why)) {
          this.#repeated.push(failure(why))
          void this.send(dueMs, true).then(resolve)
          return
        }
        failed(why)
        resolve()
      })
      sent.end()
    })
  }

  join(other: Recorder): Recorder {
    for (const ms of other.#latencies) this.#latencies.push(ms)
    for (const [status, count] of Object.entries(other.#byStatus)) {
      this.#byStatus[Number(status)] = (this.#byStatus[Number(status)] ?? 0) + count
    }
    this.#failed += other.#failed
    this.#failures.push(...other.#failures)
    this.#repeated.push(...other.#repeated)
    return this
  }

  outcome(): Outcome {
    const latency = new Latency()
    for (const ms of this.#latencies) latency.record(ms)
    return {
      latency: latency.summary(),
      byStatus: this.#byStatus,
      failed: this.#failed,
      over: (limitMs) => this.#latencies.filter((ms) => ms > limitMs).length,
      failures: this.#failures,
      repeated: this.#repeated,
    }
  }
}
