import type { Timer } from "@wick/sdk/clock"
import { Connections } from "./connections.ts"
import { H2Session } from "./h2-session.ts"
import type { PodRecord } from "./outlier.ts"
import type { Roomed } from "./pod-room.ts"
import type { PodTrouble } from "./pod-trouble.ts"
import type { RevisionSpec } from "./revision-spec.ts"

/**
 * A pod as the gateway sees it.
 *
 * - `starting`: not known to answer; it is being probed, or has no address yet.
 * - `ready`: takes requests. Entered by a probe's answer or the kubelet's word.
 * - `draining`: has a deletionTimestamp; finishes what it has and gets nothing more. Never left.
 */
export type PodPhase = "starting" | "ready" | "draining"

/** See `ColdPhase`. */
interface PodMarks {
  scheduled?: number
  sandbox?: number
  started?: number
  first_probe?: number
}

export class Pod implements Roomed, PodRecord {
  readonly name: string
  readonly uid: string
  phase: PodPhase = "starting"
  /** Slots held by calls. */
  inFlight = 0
  /** Of these, connections that speak another protocol by now, which have no end of their own. */
  upgraded = 0
  slots = 0
  isOwn = true
  idlePlace = -1
  freePlace = -1
  failures = 0
  ejections = 0
  served = 0
  /** It took no connection since it last proved that it answers. */
  doubted = false
  /** Set while it is left out for answering badly. */
  ejection: Timer | undefined
  address: string | undefined
  port = 0
  /** How its application is reached, by what it speaks. */
  connections: Connections | undefined
  h2: H2Session | undefined
  /** The kubelet's last word on whether it is ready. */
  wasReady = false
  /** Why it does not come to be ready, and since when. */
  trouble: PodTrouble | undefined
  troubledMs = 0
  /** When it was seen to have come so far in its start. */
  marks: PodMarks = {}

  constructor(name: string, uid: string) {
    this.name = name
    this.uid = uid
  }

  /** What its status tells of it now. */
  setTrouble(trouble: PodTrouble | undefined, nowMs: number): void {
    if (trouble?.reason !== this.trouble?.reason) this.troubledMs = nowMs
    this.trouble = trouble
  }

  /** The pod got its address, or its revision's port became known. */
  reachAt(address: string, { port, protocol }: Pick<RevisionSpec, "port" | "protocol">): void {
    this.disconnect()
    this.address = address
    this.port = port
    // Neither connects before its first request.
    if (protocol !== "http1") this.h2 = new H2Session(address, port)
    if (protocol !== "h2c") this.connections = new Connections(address, port)
  }

  disconnect(): void {
    this.connections?.close()
    this.h2?.close()
    this.connections = undefined
    this.h2 = undefined
  }
}
