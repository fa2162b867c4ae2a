import { createPrivateKey, X509Certificate } from "node:crypto"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { signingRequest } from "../authority/x509.ts"
import type { Challenge, Issuance, Issuer, Order } from "../reconcilers/certificate/issuer.ts"
import { Accounts, type OpenAccount, type Settings } from "./account.ts"
import { newKeyPem } from "./account-key.ts"
import { AcmeRefusal } from "./conversation.ts"
import { nextStep, type Step } from "./decide.ts"
import * as limits from "./limits.ts"
import { AcmeOrder, Anything, Authorization } from "./messages.ts"
import { type Entry, OrderBook } from "./order-book.ts"
import { lostOrder, placeOrder } from "./placing.ts"
import { Turns } from "./turns.ts"

export interface AcmeWorld {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** What operators say at the moment. */
  settings(): Settings
  /** Whether every gateway answers a challenge of that namespace. */
  isServed(namespace: string, challenge: Challenge): boolean
  /** Uids of the Certificates that there are. */
  certificates(): ReadonlySet<string>
}

type Refused = Extract<Issuance, { kind: "refused" }>

/**
 * An authority that speaks ACME (RFC 8555) and takes HTTP-01 as a proof. What is known of an order is written down before
 * and after it is placed, so another leader goes on with it; `decide.ts` says what it needs next.
 */
export class AcmeIssuer implements Issuer {
  readonly #world: AcmeWorld
  readonly #book: OrderBook
  readonly #accounts: Accounts
  readonly #turns = new Turns()
  /** URLs of challenges that the authority was told of, by order. It does no harm to tell it again. */
  readonly #begun = new Map<string, Set<string>>()
  /** Challenges that stand: while gateways do not answer them all there is nothing to ask the authority. */
  readonly #standing = new Map<string, readonly Challenge[]>()
  #swept: Promise<void> | undefined

  constructor(world: AcmeWorld) {
    this.#world = world
    this.#book = new OrderBook(world.client)
    this.#accounts = new Accounts(world.client, () => world.clock.now())
  }

  async identity(): Promise<string> {
    return `acme ${this.#world.settings().directory}`
  }

  async issue(order: Order, signal: AbortSignal): Promise<Issuance> {
    const impossible = impossibility(order)
    if (impossible) return refused("NotPossible", impossible, limits.impossibleAgainMs)
    this.#swept ??= this.#book.keepOnly(this.#world.certificates())
    await this.#swept
    const standing = this.#standing.get(order.uid)
    if (standing?.some((challenge) => !this.#world.isServed(order.namespace, challenge))) {
      return { kind: "waiting", challenges: standing, againMs: limits.servedAgainMs }
    }
    const entry = await this.#entry(order)
    try {
      return await this.#advance(order, entry, signal)
    } catch (error) {
      signal.throwIfAborted()
      return await this.#explain(order, error as Error)
    }
  }

  forget(uid: string): void {
    this.#close(uid)
    this.#book.remove(uid).catch((error: Error) => this.#world.log.warn("an order stays written down", { uid, error }))
  }

  /** What is known of the order, unless that was another one: for other names, of another authority, or long ago. */
  async #entry({ uid, domains }: Order): Promise<Known> {
    const { directory } = this.#world.settings()
    const nowMs = this.#world.clock.now()
    const known = await this.#book.read(uid)
    const isSame = known.state?.directory === directory && known.state.domains.join() === domains.join()
    const isOld = known.state?.url !== undefined && nowMs - known.state.startedAtMs > limits.orderMsMax
    if (known.state && isSame && !isOld) return { ...known, isNew: false }
    this.#close(uid)
    const state = { directory, domains: [...domains], keyPem: newKeyPem(), startedAtMs: nowMs, failures: 0 }
    return { ...(await this.#book.write(uid, known.secret, state)), isNew: true }
  }

  async #advance(order: Order, entry: Known, signal: AbortSignal): Promise<Issuance> {
    const { clock } = this.#world
    const { rest } = entry.state
    const restMs = rest ? rest.untilMs - clock.now() : 0
    if (rest && restMs > 0) return refused("OrderFailed", rest.message, restMs)
    if (entry.state.url === undefined) {
      const waitMs = this.#turns.waitMs(order.uid, clock.now(), limits.turnAgainMs)
      if (waitMs > 0) return { kind: "waiting", challenges: [], againMs: waitMs }
    } else this.#turns.resume(order.uid, clock.now())
    const account = await this.#accounts.open(this.#world.settings(), signal)
    const placed = entry.state.url === undefined ? await this.#place(order, entry, account, signal) : entry
    return this.#walk({ order, entry: placed, account, signal })
  }

  async #place({ uid, domains }: Order, entry: Known, account: OpenAccount, signal: AbortSignal): Promise<Entry> {
    const lost = entry.isNew ? undefined : await lostOrder(account, domains, signal)
    this.#turns.begin(uid, this.#world.clock.now())
    const url = lost ?? (await placeOrder(account, domains, signal))
    const { rest: _, ...state } = entry.state
    return this.#book.write(uid, entry.secret, { ...state, url, startedAtMs: this.#world.clock.now() })
  }

  async #walk(walk: Walk): Promise<Issuance> {
    let againMs = limits.pollMsMin
    for (let steps = 0; steps < limits.stepsMax; steps++) {
      const look = await this.#look(walk)
      againMs = Math.min(Math.max(look.retryAfterMs ?? 0, limits.pollMsMin), limits.pollMsMax)
      const { step } = look
      const challenges = "challenges" in step ? step.challenges : []
      this.#standing.set(walk.order.uid, challenges)
      switch (step.kind) {
        case "publish":
          return { kind: "waiting", challenges, againMs: limits.servedAgainMs }
        case "wait":
          return { kind: "waiting", challenges, againMs }
        case "begin":
          await this.#begin(walk, step.urls)
          return { kind: "waiting", challenges, againMs }
        case "finalize":
          await this.#finalize(walk, look.order)
          break
        case "download":
          return this.#download(walk, step.url)
        case "fail":
          return this.#fail(walk.order.uid, walk.entry, step.message)
      }
    }
    return { kind: "waiting", challenges: this.#standing.get(walk.order.uid) ?? [], againMs }
  }

  async #look({ order, entry, account, signal }: Walk): Promise<Look> {
    const { conversation, signer } = account
    const url = entry.state.url ?? ""
    const { body, retryAfterMs } = await conversation.post({ url, signer }, AcmeOrder, signal)
    const asked = body.status === "pending" || body.status === "invalid" ? body.authorizations : []
    const replies = await Promise.all(
      asked.map((one) => conversation.post({ url: one, signer }, Authorization, signal)),
    )
    const step = nextStep({
      order: body,
      authorizations: replies.map((reply) => reply.body),
      thumbprint: conversation.key.thumbprint,
      begun: this.#begun.get(order.uid) ?? new Set(),
      isServed: (challenge) => this.#world.isServed(order.namespace, challenge),
    })
    const pauses = [retryAfterMs, ...replies.map((reply) => reply.retryAfterMs)].map((ms) => ms ?? 0)
    return { step, order: body, retryAfterMs: Math.max(...pauses) }
  }

  async #begin({ order, account, signal }: Walk, urls: readonly string[]): Promise<void> {
    const { conversation, signer } = account
    const begun = this.#begun.get(order.uid) ?? new Set()
    this.#begun.set(order.uid, begun)
    for (const url of urls) {
      await conversation.post({ url, payload: {}, signer }, Anything, signal)
      begun.add(url)
    }
  }

  async #finalize({ order, entry, account, signal }: Walk, { finalize }: AcmeOrder): Promise<void> {
    const request = await signingRequest(order.domains, entry.state.keyPem)
    const payload = { csr: request.toString("base64url") }
    const { conversation, signer } = account
    await conversation.post({ url: finalize, payload, signer }, AcmeOrder, signal)
  }

  async #download({ order, entry, account, signal }: Walk, url: string): Promise<Issuance> {
    const chainPem = await account.conversation.text(url, account.signer, signal)
    const { keyPem } = entry.state
    if (!new X509Certificate(chainPem).checkPrivateKey(createPrivateKey(keyPem))) {
      return this.#fail(order.uid, entry, "the certificate is for another key than ours")
    }
    this.#close(order.uid)
    return { kind: "issued", chain: { chainPem, privateKeyPem: keyPem } }
  }

  /** It rests, and is placed anew with the next look after that. */
  async #fail(uid: string, { state, secret }: Entry, message: string): Promise<Refused> {
    const failures = state.failures + 1
    const restMs = limits.restMs(failures)
    const { url: _, ...kept } = state
    const rest = { untilMs: this.#world.clock.now() + restMs, message }
    this.#close(uid)
    await this.#book.write(uid, secret, { ...kept, keyPem: newKeyPem(), failures, rest })
    return refused("OrderFailed", message, restMs)
  }

  /** What did not work, and when it may. Challenges that stand go on standing: the order goes on where it is. */
  async #explain(order: Order, error: Error): Promise<Issuance> {
    const nowMs = this.#world.clock.now()
    if (!(error instanceof AcmeRefusal)) return this.#away(order, error, limits.awayAgainMs)
    if (error.kind === "rateLimited" || error.status === 429) {
      const againMs = error.retryAfterMs ?? limits.busyAgainMs
      this.#turns.pause(nowMs + againMs)
      return refused("RateLimited", error.message, againMs)
    }
    if (error.status >= 500 || error.kind === "badNonce")
      return this.#away(order, error, error.retryAfterMs ?? limits.awayAgainMs)
    if (error.kind === "accountDoesNotExist") {
      this.#accounts.forget()
      return this.#away(order, error, limits.pollMsMin)
    }
    const known = await this.#book.read(order.uid)
    if (!known.state) return this.#away(order, error, limits.awayAgainMs)
    return this.#fail(order.uid, known, error.message)
  }

  #away({ uid }: Order, error: Error, againMs: number): Issuance {
    const challenges = this.#standing.get(uid) ?? []
    this.#world.log.info("the authority for certificates does not answer as it should", { error })
    if (challenges.length > 0) return { kind: "waiting", challenges, againMs }
    return refused("AuthorityUnavailable", error.message, againMs)
  }

  #close(uid: string): void {
    this.#turns.end(uid)
    this.#standing.delete(uid)
    this.#begun.delete(uid)
  }
}

interface Known extends Entry {
  /** Nobody can have placed it before. */
  readonly isNew: boolean
}

interface Walk {
  readonly order: Order
  readonly entry: Entry
  readonly account: OpenAccount
  readonly signal: AbortSignal
}

interface Look {
  readonly step: Step
  readonly order: AcmeOrder
  readonly retryAfterMs: number
}

function refused(reason: string, message: string, againMs: number): Refused {
  return { kind: "refused", reason, message, againMs }
}

/** Why HTTP-01 cannot prove it, whoever is asked. */
function impossibility({ domains }: Order): string | undefined {
  const wildcard = domains.find((name) => name.startsWith("*."))
  if (wildcard)
    return `${wildcard} stands for many names, which HTTP-01 cannot prove; unset namespace-wildcard-cert-selector`
  if (domains.length > limits.domainsMax)
    return `${domains.length} names are more than the ${limits.domainsMax} of a certificate`
  return undefined
}
