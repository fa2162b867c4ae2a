import { request } from "node:http"
import { connect } from "node:net"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Pod } from "./pod.ts"
import { type Finding, findProtocol } from "./protocol-finder.ts"
import type { Probe } from "./revision-spec.ts"

/** The first attempts follow each other by this: an attempt on the same host is refused or accepted within 0.1 ms. */
const firstPauseMs = 4
/**
 * While the pod's status does not say that its containers run it is asked more rarely: where many start it is long until
 * they do, and its status tells of that soon enough; where one starts this costs it half of that at most.
 */
const unstartedPauseMs = 20
/** What takes long is asked more rarely: each pause also has this part of the time that has passed. */
const pausePerElapsed = 1 / 50
const pauseMsMax = 1000
/** With more pods than this starting at once each is asked more rarely, so that asking never eats a core. */
const crowd = 8
/** A pod that neither refuses nor answers (its network is not up yet, or its process is stuck). */
const attemptMsMax = 1000

interface Run {
  sinceMs: number
  stopped: boolean
  timer: Timer | undefined
  attempt(): void
}

/** Asks starting pods until they answer. Begins the moment it is told to, and ends with the first answer. */
export class Prober {
  readonly #clock: Clock
  readonly #attempted: () => void
  readonly #ask: Ask
  readonly #running = new Map<Pod, Run>()

  constructor(clock: Clock, attempted: () => void, ask: Ask = askPod) {
    this.#clock = clock
    this.#attempted = attempted
    this.#ask = ask
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
    const attempt = (): void => {
      run.timer = undefined
      this.#attempted()
      this.#ask(address, probe, (answered) => {
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
      run.timer = this.#clock.timer(this.#pauseMs(pod, run.sinceMs), attempt)
    }
    const run: Run = { sinceMs: this.#clock.monotonic(), stopped: false, timer: undefined, attempt }
    this.#running.set(pod, run)
    attempt()
  }

  /** Its containers run now: it is asked at once, unless it is being asked, and often from now on. */
  hurry(pod: Pod): void {
    const run = this.#running.get(pod)
    if (run?.timer === undefined) return
    run.timer.cancel()
    run.sinceMs = this.#clock.monotonic()
    run.attempt()
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

  #pauseMs(pod: Pod, sinceMs: number): number {
    const least = pod.marks.started === undefined ? unstartedPauseMs : firstPauseMs
    const pause = least + (this.#clock.monotonic() - sinceMs) * pausePerElapsed
    return Math.min(pauseMsMax, pause * Math.max(1, this.#running.size / crowd))
  }
}

/** What an activator can ask itself. */
export type OwnProbe = Probe & { kind: "tcp" | "http" }

type Ask = (address: string, probe: OwnProbe, done: (answered: boolean) => void) => void

const askPod: Ask = (address, probe, done) => (probe.kind === "tcp" ? askTcp : askHttp)(address, probe, done)

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
