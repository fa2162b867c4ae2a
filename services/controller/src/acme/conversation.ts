import * as z from "zod"
import { type AccountKey, signed } from "./account-key.ts"
import { nonceTriesMax } from "./limits.ts"
import { Directory, Problem, told } from "./messages.ts"
import type { Answered, Send } from "./send.ts"

/** The authority has understood, and says no. */
export class AcmeRefusal extends Error {
  readonly status: number
  /** Last part of the problem's type: `rateLimited`, `badNonce`. */
  readonly kind: string
  readonly retryAfterMs: number | undefined

  constructor(url: string, status: number, problem: Problem, retryAfterMs: number | undefined) {
    super(`${new URL(url).host} says: ${told(problem)}`)
    this.status = status
    this.kind = problem.type.split(":").at(-1) ?? ""
    this.retryAfterMs = retryAfterMs
  }
}

export interface Reply<Body> {
  readonly body: Body
  /** Of what was made. */
  readonly location: string | undefined
  readonly retryAfterMs: number | undefined
}

/** By which an account is known: its URL, or before there is one the key itself. */
type Signer = { readonly kid: string } | { readonly jwk: AccountKey["jwk"] }

/** What is said to one authority with one key: every request is signed, for its URL and with a nonce of the authority's. */
export class Conversation {
  readonly key: AccountKey
  readonly #send: Send
  readonly #directoryUrl: string
  readonly #now: () => number
  #directory: Promise<Directory> | undefined
  readonly #nonces: string[] = []

  constructor(given: { send: Send; directoryUrl: string; key: AccountKey; now: () => number }) {
    this.#send = given.send
    this.#directoryUrl = given.directoryUrl
    this.key = given.key
    this.#now = given.now
  }

  directory(signal: AbortSignal): Promise<Directory> {
    this.#directory ??= this.#readDirectory(signal)
    // One that could not be read is read again.
    this.#directory.catch(() => {
      this.#directory = undefined
    })
    return this.#directory
  }

  async post<Body>(
    asked: { url: string; payload?: object; signer: Signer },
    shape: z.ZodType<Body>,
    signal: AbortSignal,
  ): Promise<Reply<Body>> {
    const { answer, ...rest } = await this.#post(asked, signal)
    const read = shape.safeParse(jsonOf(answer.text))
    if (!read.success) throw new Error(`${asked.url} answers what is not of ACME: ${z.prettifyError(read.error)}`)
    return { body: read.data, ...rest }
  }

  /** What is no JSON: a chain of certificates. */
  async text(url: string, signer: Signer, signal: AbortSignal): Promise<string> {
    const headers = { accept: "application/pem-certificate-chain" }
    return (await this.#post({ url, signer, headers }, signal)).answer.text
  }

  async #post(
    { url, payload, signer, headers = {} }: { url: string; payload?: object; signer: Signer; headers?: object },
    signal: AbortSignal,
  ): Promise<{ answer: Answered; location: string | undefined; retryAfterMs: number | undefined }> {
    for (let tried = 1; ; tried++) {
      const nonce = this.#nonces.pop() ?? (await this.#newNonce(signal))
      const body = signed(this.key, { alg: "ES256", nonce, url, ...signer }, payload)
      const typed = { "content-type": "application/jose+json", ...headers }
      const answer = await this.#answer({ url, method: "POST", headers: typed, body }, signal)
      const retryAfterMs = retryAfter(answer.headers["retry-after"], this.#now())
      if (answer.status < 300) return { answer, location: answer.headers.location, retryAfterMs }
      const read = Problem.safeParse(jsonOf(answer.text))
      const problem = read.success ? read.data : { type: "", detail: `${url} answers ${answer.status}` }
      const refusal = new AcmeRefusal(url, answer.status, problem, retryAfterMs)
      if (refusal.kind !== "badNonce" || tried === nonceTriesMax) throw refusal
    }
  }

  async #newNonce(signal: AbortSignal): Promise<string> {
    const { newNonce } = await this.directory(signal)
    await this.#answer({ url: newNonce, method: "HEAD" }, signal)
    const nonce = this.#nonces.pop()
    if (nonce === undefined) throw new Error(`${newNonce} gives no nonce`)
    return nonce
  }

  async #readDirectory(signal: AbortSignal): Promise<Directory> {
    const answer = await this.#answer({ url: this.#directoryUrl, method: "GET" }, signal)
    const read = Directory.safeParse(jsonOf(answer.text))
    if (!read.success) throw new Error(`${this.#directoryUrl} is no ACME directory (it answers ${answer.status})`)
    return read.data
  }

  async #answer(asked: Parameters<Send>[0], signal: AbortSignal): Promise<Answered> {
    const answer = await this.#send({ ...asked, headers: { "user-agent": "wick", ...asked.headers } }, signal)
    const nonce = answer.headers["replay-nonce"]
    if (typeof nonce === "string") this.#nonces.push(nonce)
    return answer
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Seconds, or a date. */
function retryAfter(given: string | undefined, nowMs: number): number | undefined {
  if (given === undefined) return undefined
  const ms = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - nowMs
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0)
}
