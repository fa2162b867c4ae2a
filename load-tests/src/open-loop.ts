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
}

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

class Recorder {
  readonly #latencies: number[] = []
  readonly #byStatus: { [status: number]: number } = {}
  #failed = 0
  readonly #target: Target
  readonly #agent: Agent

  constructor(target: Target, agent: Agent) {
    this.#target = target
    this.#agent = agent
  }

  send(dueMs: number): Promise<void> {
    const { port, address = "127.0.0.1", host, path = "/" } = this.#target
    return new Promise((resolve) => {
      const sent = request({ host: address, port, path, headers: { host }, agent: this.#agent }, (response) => {
        response.resume()
        response.once("end", () => {
          const status = response.statusCode ?? 0
          this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1
          if (status >= 400) this.#failed++
          this.#latencies.push(performance.now() - dueMs)
          resolve()
        })
      })
      sent.once("error", () => {
        this.#failed++
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
    return this
  }

  outcome(): Outcome {
    const latency = new Latency()
    for (const ms of this.#latencies) latency.record(ms)
    return { latency: latency.summary(), byStatus: this.#byStatus, failed: this.#failed }
  }
}
