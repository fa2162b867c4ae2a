import { Agent, type RequestOptions, request } from "node:https"
import type { LookupFunction } from "node:net"
import type { Clock } from "@wick/sdk/clock"
import type { WebhookTarget } from "./target.ts"

export interface Patience {
  readonly timeoutMs: number
  /** Whether to ask again, for a moment, where a Service refuses the connection. */
  readonly whenRefused: boolean
}

/** Posts a review and gives the answer as JSON; throws if there is none in time. */
export interface WebhookTransport {
  post(target: WebhookTarget, body: string, patience: Patience): Promise<unknown>
  close(): void
}

/** Webhooks answer with small objects; more would be an attack or a mistake. */
const answerBytesMax = 4 * 1024 * 1024
/** Connections to one webhook; more requests wait for one of these. */
const connectionsMax = 32
/** A handshake costs more than a whole review: connections are kept as long as most servers keep them. */
const keepAliveMs = 60_000

/**
 * Waits between tries where a Service refuses: together less than the shortest timeout. Nodes learn a moment after the API
 * server that a Service's pod is ready, or is gone; another pod, or the same one by then, can say what was asked.
 */
const refusedGapsMs = [50, 100, 200, 400]

/**
 * Node's own https, with connections kept: it is loaded anyway for serving, where another client would cost this process
 * some megabytes for a few calls a minute.
 */
export function createWebhookTransport(clock: Clock): WebhookTransport {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: keepAliveMs, maxSockets: connectionsMax })
  return {
    post: (target, body, { timeoutMs, whenRefused }) => {
      const beganMs = clock.monotonic()
      const leftMs = (): number => timeoutMs - (clock.monotonic() - beganMs)
      const ask = async (): Promise<unknown> => {
        try {
          return await post(agent, clock, target, body, leftMs())
        } catch (error) {
          if (!(error instanceof StaleConnectionError)) throw error
          return post(false, clock, target, body, leftMs())
        }
      }
      return whenRefused && target.address !== undefined ? unlessRefused(ask, clock) : ask()
    },
    close: () => agent.destroy(),
  }
}

async function unlessRefused(ask: () => Promise<unknown>, clock: Clock): Promise<unknown> {
  for (const gapMs of refusedGapsMs) {
    try {
      return await ask()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error
    }
    await clock.sleep(gapMs)
  }
  return ask()
}

/**
 * A connection that had been kept ended before a word of the answer: most likely its server had closed it already. A
 * review may be asked for more than once, so it is, on a connection of its own.
 */
class StaleConnectionError extends Error {
  override name = "StaleConnectionError"
}

function post(
  agent: Agent | false,
  clock: Clock,
  target: WebhookTarget,
  body: string,
  timeoutMs: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let answered = false
    const outgoing = request(target.url, requestOptions(agent, target, body), (response) => {
      answered = true
      const chunks: Buffer[] = []
      let bytes = 0
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength
        if (bytes > answerBytesMax) outgoing.destroy(new Error(`the answer is larger than ${answerBytesMax} bytes`))
        chunks.push(chunk)
      })
      response.on("end", () => {
        timer.cancel()
        try {
          resolve(answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString("utf8")))
        } catch (error) {
          reject(error)
        }
      })
      response.on("error", fail)
    })
    const fail = (error: NodeJS.ErrnoException): void => {
      timer.cancel()
      const stale = outgoing.reusedSocket && !answered && (error.code === "ECONNRESET" || error.code === "EPIPE")
      reject(stale ? new StaleConnectionError(error.message, { cause: error }) : error)
    }
    const timer = clock.timer(timeoutMs, () => outgoing.destroy(new Error("context deadline exceeded")))
    outgoing.on("error", fail)
    outgoing.end(body)
  })
}

function requestOptions(
  agent: Agent | false,
  { url, address, authorityPem }: WebhookTarget,
  body: string,
): RequestOptions {
  return {
    agent,
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "content-length": Buffer.byteLength(body),
    },
    ...(authorityPem !== undefined && { ca: authorityPem }),
    // The agent keeps connections by host name and authority; where the name leads is looked up only for a new one.
    ...(address !== undefined && { servername: url.hostname, lookup: lookupOf(address) }),
  }
}

function lookupOf(address: string): LookupFunction {
  const family = address.includes(":") ? 6 : 4
  return (_, options, callback) => {
    if (options.all) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}

function answerOf(code: number, text: string): unknown {
  if (code < 200 || code > 299) throw new Error(`the server answered ${code}`)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error("the answer is not JSON")
  }
}
