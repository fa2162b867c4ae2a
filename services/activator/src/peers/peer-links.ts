import { type IncomingMessage, request } from "node:http"
import type { Duplex } from "node:stream"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { lineReader } from "./line-reader.ts"
import type { Member } from "./slot-desk.ts"
import type { SlotMessage } from "./slot-messages.ts"

/** A listed activator that does not answer is asked again after this. */
const retryMs = 1000
/** One that does not know us yet is asked again sooner: its informer is as fast as ours. */
const strangerRetryMs = 50
/** One of the two has no key yet, or no longer the present one: the other will have it soon. */
const unprovenRetryMs = 200
/** An activator answers at once or is not there. */
const dialMsMax = 1000

/** The protocol that a connection is upgraded to; `from` in the query says who asks. */
const protocol = "wick-slots"
export const slotsPath = "/slots"

interface PeerState {
  isListedEligible: boolean
  isLeaving: boolean
  /** Taken to be there until it has refused a connection. */
  isAlive: boolean
  socket: Duplex | undefined
  isDialing: boolean
  retry: Timer | undefined
}

export interface LinksEvents {
  /** Who is there, this activator included. */
  members(members: ReadonlyMap<string, Member>): void
  opened(peer: string): void
  closed(peer: string): void
  received(peer: string, message: SlotMessage): void
}

export interface LinksWorld {
  readonly self: () => string
  readonly clock: Clock
  readonly log: Log
  readonly events: LinksEvents
  /** Headers by which another activator knows that one of them asks. */
  proof(method: string, path: string): Readonly<Record<string, string>>
}

/** Beside the desk's messages: the sender drains, and is to own no pods from now on. */
type LinkMessage = SlotMessage | { readonly type: "leaving" }

/**
 * One connection to each other activator, over the admin endpoint: HTTP/1.1, upgraded to a message of JSON a line. Of two
 * the one whose name comes first dials; the other asks to be dialled, which also tells it whether the first is there. One
 * that refuses connections is dead, listed or not.
 */
export class PeerLinks implements Disposable {
  readonly #self: () => string
  readonly #clock: Clock
  readonly #log: Log
  readonly #proof: LinksWorld["proof"]
  readonly #events: LinksEvents
  readonly #peers = new Map<string, PeerState>()
  #isListed = false
  #isLeaving = false
  #isClosed = false
  #told = ""

  constructor(world: LinksWorld) {
    this.#self = world.self
    this.#clock = world.clock
    this.#log = world.log
    this.#proof = world.proof
    this.#events = world.events
  }

  get alive(): string[] {
    return [...this.#peers].filter(([, { isAlive }]) => isAlive).map(([peer]) => peer)
  }

  setListed(listed: ReadonlyMap<string, { readonly eligible: boolean }>): void {
    this.#isListed = listed.has(this.#self())
    for (const peer of this.#peers.keys()) if (!listed.has(peer)) this.#forget(peer)
    for (const [peer, { eligible }] of listed) {
      if (peer === this.#self()) continue
      const state = this.#peers.get(peer)
      if (state !== undefined) {
        state.isListedEligible = eligible
        continue
      }
      const fresh = { isLeaving: false, isAlive: true, socket: undefined, isDialing: false, retry: undefined }
      this.#peers.set(peer, { ...fresh, isListedEligible: eligible })
      this.#dial(peer)
    }
    this.#tellMembers()
  }

  send(peer: string, message: LinkMessage): void {
    this.#peers.get(peer)?.socket?.write(`${JSON.stringify(message)}\n`)
  }

  /** This activator drains. */
  leave(): void {
    this.#isLeaving = true
    for (const peer of this.#peers.keys()) this.send(peer, { type: "leaving" })
    this.#tellMembers()
  }

  /** The peer says nothing where it should have: the connection is tried anew. */
  drop(peer: string): void {
    this.#peers.get(peer)?.socket?.destroy()
  }

  /** Another activator has asked for a connection at our admin endpoint. */
  accept(asked: IncomingMessage, socket: Duplex): void {
    const from = new URL(asked.url ?? "/", "http://activator").searchParams.get("from") ?? ""
    const state = this.#peers.get(from)
    socket.on("error", () => socket.destroy())
    if (this.#isClosed || state === undefined || asked.headers.upgrade !== protocol) {
      socket.end("HTTP/1.1 503 unknown activator\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    } else if (this.#dials(from)) {
      socket.end("HTTP/1.1 409 you will be dialled\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
      this.#revive(state)
      if (state.socket === undefined) this.#dial(from)
    } else {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`)
      this.#adopt(from, state, socket)
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const peer of this.#peers.keys()) this.#forget(peer)
  }

  #dials(peer: string): boolean {
    return this.#self() < peer
  }

  #dial(peer: string): void {
    const state = this.#peers.get(peer)
    if (state === undefined || state.isDialing || state.socket !== undefined || this.#isClosed) return
    state.isDialing = true
    state.retry?.cancel()
    const done = (isAlive: boolean, againMs: number | undefined): void => {
      if (!state.isDialing) return
      state.isDialing = false
      if (this.#peers.get(peer) !== state || this.#isClosed) return
      if (isAlive) this.#revive(state)
      else if (state.isAlive) {
        state.isAlive = false
        this.#log.info("an activator is not there", { peer })
        this.#tellMembers()
      }
      if (againMs !== undefined) state.retry = this.#clock.timer(againMs, () => this.#dial(peer))
    }
    const path = `${slotsPath}?from=${encodeURIComponent(this.#self())}`
    const headers = { connection: "upgrade", upgrade: protocol, ...this.#proof("GET", path) }
    const asked = request(peer + path, { headers, agent: false, timeout: dialMsMax })
    asked.on("upgrade", (_answer, socket, first) => {
      done(true, undefined)
      if (this.#peers.get(peer) !== state || this.#isClosed) socket.destroy()
      else this.#adopt(peer, state, socket, first)
    })
    asked.on("response", (answer) => {
      answer.resume()
      const { statusCode = 0 } = answer
      const againMs: Record<number, number | undefined> = { 401: unprovenRetryMs, 409: undefined, 503: strangerRetryMs }
      const isThere = statusCode in againMs
      done(isThere, isThere ? againMs[statusCode] : retryMs)
    })
    asked.on("timeout", () => asked.destroy(new Error("no answer")))
    // Who is to be dialled comes back by itself: it dials when it starts.
    asked.on("error", () => done(false, this.#dials(peer) ? retryMs : undefined))
    asked.end()
  }

  #adopt(peer: string, state: PeerState, socket: Duplex, first?: Buffer): void {
    state.socket?.destroy()
    if (state.socket !== undefined) this.#events.closed(peer)
    state.socket = socket
    state.isLeaving = false
    this.#revive(state)
    const read = lineReader((line) => this.#received(peer, state, socket, line))
    const take = (chunk: Buffer): void => {
      if (!read(chunk)) socket.destroy()
    }
    socket.on("error", () => socket.destroy())
    // A server's socket stays half open: the other end, closed in order or killed, would be missed until something is said to it.
    socket.on("end", () => socket.destroy())
    socket.on("close", () => {
      if (state.socket !== socket) return
      state.socket = undefined
      this.#events.closed(peer)
      this.#dial(peer)
    })
    if (first !== undefined && first.length > 0) socket.unshift(first)
    this.#events.opened(peer)
    if (this.#isLeaving) this.send(peer, { type: "leaving" })
    socket.on("data", take)
  }

  #received(peer: string, state: PeerState, socket: Duplex, line: string): void {
    if (state.socket !== socket) return
    const message = messageOf(line)
    if (message === undefined) {
      this.#log.warn("an activator says what is no message", { peer })
      socket.destroy()
    } else if (message.type === "leaving") {
      state.isLeaving = true
      this.#tellMembers()
    } else this.#events.received(peer, message)
  }

  #revive(state: PeerState): void {
    if (state.isAlive) return
    state.isAlive = true
    this.#tellMembers()
  }

  #forget(peer: string): void {
    const state = this.#peers.get(peer)
    this.#peers.delete(peer)
    state?.retry?.cancel()
    const socket = state?.socket
    if (state === undefined || socket === undefined) return
    state.socket = undefined
    socket.destroy()
    this.#events.closed(peer)
  }

  #tellMembers(): void {
    if (this.#isClosed) return
    const members = new Map<string, Member>()
    for (const [peer, { isAlive, isListedEligible, isLeaving }] of this.#peers) {
      if (isAlive) members.set(peer, { eligible: isListedEligible && !isLeaving })
    }
    if (this.#isListed || members.size === 0) members.set(this.#self(), { eligible: !this.#isLeaving })
    const told = JSON.stringify([...members])
    if (told === this.#told) return
    this.#told = told
    this.#events.members(members)
  }
}

function messageOf(line: string): LinkMessage | undefined {
  try {
    return JSON.parse(line) as LinkMessage
  } catch {
    return undefined
  }
}
