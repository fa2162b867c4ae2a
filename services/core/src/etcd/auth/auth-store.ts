import type { Clock } from "@wick/sdk/clock"
import { GrpcError } from "#etcd-wire"
import { type MemberStorage, NoteChangedError } from "#store"
import type { Authorize, Caller } from "../access.ts"
import { code, refuse } from "../etcd-error.ts"
import { type AuthBook, type BookChange, checkNeeds, emptyAuthBook } from "./auth-book.ts"
import { isPassword } from "./password.ts"
import { TokenBook } from "./token-book.ts"

const noteName = "etcd/auth"
const passwordForNone = "auth: authentication failed, password was given for no password user"
/** Somebody else may change the book at the same time; nobody does so for long. */
const attemptsMax = 10

/** Users and roles as they are kept in the store, and the tokens of those who are here. */
export class AuthStore {
  readonly #storage: MemberStorage
  readonly #tokens: TokenBook
  #version = 0
  #book = emptyAuthBook

  constructor(storage: MemberStorage, clock: Clock) {
    this.#storage = storage
    this.#tokens = new TokenBook(clock)
  }

  get book(): AuthBook {
    const { version, value } = this.#storage.note(noteName)
    if (version !== this.#version) {
      this.#version = version
      this.#book = JSON.parse(Buffer.from(value).toString()) as AuthBook
    }
    return this.#book
  }

  async change(change: BookChange): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const before = this.book
      const version = this.#version
      const after = change(before)
      if (after === before) return
      try {
        await this.#storage.setNote(noteName, Buffer.from(JSON.stringify(after)), version)
        return
      } catch (error) {
        if (!(error instanceof NoteChangedError)) throw error
      }
    }
    throw refuse("tooManyRequests")
  }

  async authenticate(name: string, password: string): Promise<string> {
    const { enabled, users } = this.book
    if (!enabled) throw refuse("authNotEnabled")
    const user = users.find((each) => each.name === name)
    const kept = user?.password
    // etcd's own words, which it does not turn into one of its refusals.
    if (user !== undefined && kept === undefined) throw new GrpcError(code.unknown, passwordForNone)
    if (kept === undefined || !(await isPassword(password, kept))) throw refuse("authFailed")
    return this.#tokens.give(name)
  }

  revokeTokens(user?: string): void {
    this.#tokens.revoke(user)
  }

  userOf({ token, commonName }: Caller): string | undefined {
    return token === undefined ? commonName : this.#tokens.userOf(token)
  }

  /** A token says who it is, else the certificate does. Nobody is asked while users do not count. */
  readonly authorize: Authorize = ({ token, commonName }, needs) => {
    const book = this.book
    if (!book.enabled) return
    const user = this.userOf({ token, commonName })
    if (user === undefined) throw refuse(token === undefined ? "userEmpty" : "invalidToken")
    if (needs.length > 0) checkNeeds(book, user, needs)
  }
}
