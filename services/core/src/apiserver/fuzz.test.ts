import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { chanceOf } from "./testing/fuzz/chance.ts"
import { type FuzzedRequest, malformedRequest } from "./testing/fuzz/malformed-request.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

/** As many as a check has time for; `WICK_FUZZ_REQUESTS=100000 WICK_FUZZ_SEED=7` runs more, or others. */
const requests = Number(process.env.WICK_FUZZ_REQUESTS ?? 2_000)
const seed = Number(process.env.WICK_FUZZ_SEED ?? 1)
const answerMsMax = 30_000
/** What a server may keep of requests that it has answered: compiled code and caches, not their bodies. */
const keptBytesMax = 64 * 1024 * 1024

let api: SecureTestApi
/** What the server has logged as its own failure since it was last looked at. */
let logged = ""

beforeAll(async () => {
  const write = (line: string): void => {
    logged += line
  }
  api = await startSecureTestApi(createLog({ level: "error", format: "json", now: systemClock.now, write }))
})
afterAll(() => api[Symbol.asyncDispose]())

async function send({ method, path, headers, body }: FuzzedRequest): Promise<Response> {
  const signal = AbortSignal.timeout(answerMsMax)
  const init: RequestInit = { method, headers, signal, ...(body && { body: new Uint8Array(body) }) }
  return api.fetch(new Request(`https://api.test${path}`, init))
}

/** What is wrong with an answer to a malformed request; undefined when nothing is. */
async function fault({ path }: FuzzedRequest, response: Response): Promise<string | undefined> {
  // Whoever is proxied to need not be there; that is no fault of the server's.
  const isAway = response.status === 503 && /\/proxy(\/|$|\?)/.test(path)
  if (response.status >= 500 && !isAway) return `answered with ${response.status}: ${await response.text()} ${logged}`
  if (response.status < 400) return void (await response.body?.cancel())
  const type = response.headers.get("content-type") ?? ""
  if (!type.startsWith("application/json")) return void (await response.body?.cancel())
  const status = (await response.json()) as { kind?: string; code?: number; message?: string }
  if (status.kind !== "Status") return `answered ${response.status} without a Status: ${JSON.stringify(status)}`
  if (status.code !== response.status) return `the Status says ${status.code}, the answer ${response.status}`
  if (!status.message || /\n\s+at /.test(status.message)) return `the message is no message: ${status.message}`
  return undefined
}

describe("a request that makes no sense", () => {
  it(`gets an answer that says so, ${requests} times from seed ${seed}, and leaves nothing in memory`, async () => {
    const chance = chanceOf(seededRandom(seed))
    const faults: string[] = []
    let before = 0
    for (let at = 0; at < requests && faults.length < 5; at++) {
      if (at === requests / 2) before = heapUsed()
      const request = malformedRequest(chance)
      logged = ""
      const found = await send(request).then((response) => fault(request, response), String)
      if (found) faults.push(`${at}: ${describeRequest(request)}\n  ${found}`)
    }
    expect(faults).toEqual([])
    if (before > 0) expect(heapUsed() - before).toBeLessThan(keptBytesMax)
  }, 600_000)
})

function describeRequest({ method, path, headers, body }: FuzzedRequest): string {
  return `${method} ${path} ${JSON.stringify(headers)} ${body?.toString("utf8").slice(0, 2_000) ?? ""}`
}

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}
