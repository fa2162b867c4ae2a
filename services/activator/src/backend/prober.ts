import { request } from "node:http"
import { connect } from "node:net"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Pod } from "./pod.ts"
import { type Finding, findProtocol } from "./protocol-finder.ts"
import type { Probe } from "./revision-spec.ts"

/** The first attempts follow each other by this: an attempt on the same host is refused or accepted within 0.1 ms. */
const firstPauseMs = 4
/** What takes long is asked more rarely: each pause also has this part of the time that has passed. */
const pausePerElapsed = 1 / 50
const pauseMsMax = 1000
/** With more pods than this starting at once each is asked more rarely, so that asking never eats a core. */
const crowd = 8
/** A pod that neither refuses nor answers (its network is not up yet, or its process is stuck). */
const attemptMsMax = 1000

/** Asks starting pods until they answer. Begins the moment it is told to, and ends with the first answer. */
export class Prober {
  readonly #clock: Clock
  readonly #attempted: () => void
  readonly #running = new Map<Pod, { stopped: boolean; timer: Timer | undefined }>()

  constructor(clock: Clock, attempted: () => void) {
    this.#clock = clock
    this.#attempted = attempted
  }

  /** Does nothing for a pod that is being probed. With `found`, what it speaks is found out before it is ready. */
  start(
    pod: Pod,
    probe: OwnProbe,
    ready: () => void,
    found?: { port: number; tell: (finding: Finding) => void },
  ): void {
    const { address } = pod
    if (address === undefined || this.#running.has(pod)) return
    const run: { stopped: boolean; timer: Timer | undefined } = { stopped: false, timer: undefined }
    this.#running.set(pod, run)
    const startedMs = this.#clock.monotonic()
    const attempt = (): void => {
      this.#attempted()
      const ask = probe.kind === "tcp" ? askTcp : askHttp
      ask(address, probe, (answered) => {
        if (run.stopped) return
        if (!answered) again()
        else if (found === undefined) done()
        else findProtocol(address, found.port, tell)
      })
    }
    const tell = (finding: Finding | undefined): void => {
      if (run.stopped) return
      if (finding === undefined) {
        again()
        return
      }
      found?.tell(finding)
      done()
    }
    const done = (): void => {
      this.stop(pod)
      ready()
    }
    const again = (): void => {
      run.timer = this.#clock.timer(this.#pauseMs(this.#clock.monotonic() - startedMs), attempt)
    }
    attempt()
  }

  stop(pod: Pod): void {
    const run = this.#running.get(pod)
    if (run === undefined) return
    run.stopped = true
    run.timer?.cancel()
    this.#running.delete(pod)
  }

  stopAll(): void {
    for (const pod of [...this.#running.keys()]) this.stop(pod)
  }

  #pauseMs(elapsedMs: number): number {
    const pause = firstPauseMs + elapsedMs * pausePerElapsed
    return Math.min(pauseMsMax, pause * Math.max(1, this.#running.size / crowd))
  }
}

/** What an activator can ask itself. */
export type OwnProbe = Probe & { kind: "tcp" | "http" }

type Ask = (address: string, probe: OwnProbe, done: (answered: boolean) => void) => void

const askTcp: Ask = (address, probe, done) => {
  const socket = connect({ host: address, port: probe.port, autoSelectFamily: false })
  let told = false
  const tell = (answered: boolean): void => {
    if (told) return
    told = true
    socket.destroy()
    done(answered)
  }
  socket.setTimeout(attemptMsMax, () => tell(false))
  socket.on("connect", () => tell(true))
  socket.on("error", () => tell(false))
}

const askHttp: Ask = (address, probe, done) => {
  const { path, headers } = probe as Probe & { kind: "http" }
  const asked = request({
    host: address,
    port: probe.port,
    path,
    agent: false,
    timeout: attemptMsMax,
    headers: { "user-agent": "kube-probe/wick", ...headers },
  })
  let told = false
  const tell = (answered: boolean): void => {
    if (told) return
    told = true
    asked.destroy()
    done(answered)
  }
  asked.on("response", ({ statusCode = 0 }) => tell(statusCode >= 200 && statusCode < 400))
  asked.on("timeout", () => tell(false))
  asked.on("error", () => tell(false))
  asked.end()
}
