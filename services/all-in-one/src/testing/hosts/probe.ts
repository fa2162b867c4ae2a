import { request } from "node:http"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import type { Host } from "./host.ts"

const namespace = "default"
const writeTimeoutMs = 500
const callEveryMs = 50
/** Longer than a busy machine takes for any answer: who has none by then is not answered at all. */
const answerMsMax = 10_000

/** One request to a function by a host's gateway; its status, or 0 when there was no answer in time. */
export function callFunction({ gateway }: Host, name: string, timeoutMs: number): Promise<number> {
  return new Promise((resolve) => {
    const headers = { host: `${name}.${namespace}.wick.localhost` }
    const sent = request({ ...gateway, headers, agent: false, timeout: timeoutMs }, (response) => {
      response.resume()
      response.once("end", () => resolve(response.statusCode ?? 0))
      response.once("error", () => resolve(0))
    })
    sent.once("timeout", () => sent.destroy())
    sent.once("error", () => resolve(0))
    sent.end()
  })
}

/** Calls a function by a host's gateway twenty times a second, until it is stopped. */
export class FunctionProbe {
  answered = 0
  failed = 0
  /** Longest time between two answers. */
  gapMsMax = 0
  #stopped = false
  readonly #done: Promise<void>

  constructor(host: Host, name: string) {
    this.#done = this.#run(host, name)
  }

  async stop(): Promise<this> {
    this.#stopped = true
    await this.#done
    return this
  }

  async #run(host: Host, name: string): Promise<void> {
    let last = performance.now()
    while (!this.#stopped) {
      if ((await callFunction(host, name, answerMsMax)) === 200) this.answered++
      else this.failed++
      this.gapMsMax = Math.max(this.gapMsMax, performance.now() - last)
      last = performance.now()
      await new Promise((resolve) => setTimeout(resolve, callEveryMs))
    }
  }
}

/** Writes one object after another by one host's API, and keeps which of them were acknowledged, and when. */
export class Writer {
  readonly acknowledged: { readonly name: string; readonly atMs: number }[] = []
  /** Bytes of each object from now on. */
  size: number
  #stopped = false
  readonly #done: Promise<void>

  constructor(client: Client, prefix: string, size = 0) {
    this.size = size
    this.#done = this.#run(client, prefix)
  }

  /** Resolves at the first acknowledgement of a write that was begun after this moment. */
  async firstAfter(atMs: number, deadlineMs: number): Promise<number> {
    while (performance.now() < deadlineMs) {
      const found = this.acknowledged.find((write) => write.atMs > atMs)
      if (found) return found.atMs
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return Number.POSITIVE_INFINITY
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(client: Client, prefix: string): Promise<void> {
    for (let at = 0; !this.#stopped; at++) {
      const data = this.size > 0 ? { data: { filler: "x".repeat(this.size) } } : {}
      const name = `${prefix}-${at}`
      const signal = AbortSignal.timeout(writeTimeoutMs)
      try {
        await client.create(ConfigMap, { metadata: { name, namespace }, ...data }, { signal })
        this.acknowledged.push({ name, atMs: performance.now() })
      } catch {
        // Not acknowledged: it may be there or not.
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

/** Those of the acknowledged writes that a host does not know. */
export async function missing(client: Client, writes: readonly { readonly name: string }[]): Promise<string[]> {
  const { items } = await client.list(ConfigMap, { namespace })
  const there = new Set(items.map(({ metadata }) => metadata.name))
  return writes.map(({ name }) => name).filter((name) => !there.has(name))
}

export async function removeAll(client: Client, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await client.delete(ConfigMap, { name, namespace }).catch((error: unknown) => {
      if (!isStatus(error, "NotFound")) throw error
    })
  }
}
