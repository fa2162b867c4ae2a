import { Secret } from "@wick/sdk/api/core/secret"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import { accountKey, newKeyPem } from "./account-key.ts"
import { Conversation } from "./conversation.ts"
import { Account } from "./messages.ts"
import { sendTrusting } from "./send.ts"

/** What operators say of the authority. */
export interface Settings {
  readonly directory: string
  readonly email: string | undefined
  /** Who vouches for the authority's own server, where that is nobody whom everybody trusts. */
  readonly authorityPem: string | undefined
}

/** We, as the authority knows us. */
export interface OpenAccount {
  readonly conversation: Conversation
  readonly signer: { readonly kid: string }
  /** Where the authority lists our orders; few do. */
  readonly ordersUrl: string | undefined
}

const place = { name: "acme-account", namespace: systemNamespace }
const field = "key.pem"

/**
 * The account: its key lies in a Secret, and whoever has the key has the account, so asking for a new one with it opens the
 * one that there is (RFC 8555 §7.3). That is done once for each process and setting.
 */
export class Accounts {
  readonly #client: Client
  readonly #now: () => number
  #opened: { readonly text: string; readonly account: Promise<OpenAccount> } | undefined

  constructor(client: Client, now: () => number) {
    this.#client = client
    this.#now = now
  }

  open(settings: Settings, signal: AbortSignal): Promise<OpenAccount> {
    const text = JSON.stringify(settings)
    if (this.#opened?.text !== text) this.#opened = { text, account: this.#open(settings, signal) }
    const { account } = this.#opened
    account.catch(() => this.forget())
    return account
  }

  /** The authority does not know it: it is opened anew. */
  forget(): void {
    this.#opened = undefined
  }

  async #open({ directory, email, authorityPem }: Settings, signal: AbortSignal): Promise<OpenAccount> {
    const key = accountKey(await this.#keyPem())
    const send = sendTrusting(authorityPem)
    const conversation = new Conversation({ send, directoryUrl: directory, key, now: this.#now })
    const { newAccount } = await conversation.directory(signal)
    const contact = email ? [`mailto:${email}`] : []
    const payload = { termsOfServiceAgreed: true, contact }
    const made = await conversation.post({ url: newAccount, payload, signer: { jwk: key.jwk } }, Account, signal)
    const kid = made.location
    if (kid === undefined) throw new Error(`${newAccount} does not say where the account is`)
    const signer = { kid }
    // It may have been opened with another address.
    if (email) await conversation.post({ url: kid, payload: { contact }, signer }, Account, signal)
    return { conversation, signer, ordersUrl: made.body.orders }
  }

  async #keyPem(): Promise<string> {
    const found = await this.#stored()
    if (found) return found
    const made = newKeyPem()
    const data = { [field]: Buffer.from(made).toString("base64") }
    if (await this.#client.create(Secret, { metadata: place, data }).catch(unless("AlreadyExists"))) return made
    const others = await this.#stored()
    if (others) return others
    throw new Error(`Secret ${place.namespace}/${place.name} has no ${field}; with it removed a new account is made`)
  }

  async #stored(): Promise<string | undefined> {
    const secret = await this.#client.get(Secret, place).catch(unless("NotFound"))
    return Buffer.from(secret?.data?.[field] ?? "", "base64").toString() || undefined
  }
}

function unless(reason: "NotFound" | "AlreadyExists"): (error: unknown) => undefined {
  return (error) => {
    if (!isStatus(error, reason)) throw error
    return undefined
  }
}
