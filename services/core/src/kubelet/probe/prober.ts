import type { Probe } from "@wick/sdk/api/core/probe"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { PodContainer } from "../pod/observed.ts"
import type { Health } from "../pod/pod-actions.ts"
import type { Runtime } from "../runtime/runtime.ts"
import { type Answer, askHttp, askTcp, portNumber } from "./ask.ts"
import { askGrpc } from "./ask-grpc.ts"
import { afterProbe, beforeFirstProbe, nextProbeMs, type ProbeKind, type ProbeState } from "./probe-state.ts"

export interface ProberOptions {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly container: PodContainer
  readonly containerId: string
  readonly startedAtMs: number
  readonly podIp: string
  /** Found running and ready: it is so until a probe says otherwise. */
  readonly wasReady: boolean
  readonly onChange: () => void
  readonly onUnhealthy: (kind: ProbeKind, message: string) => void
}

const foundGood: ProbeState = { ...beforeFirstProbe, verdict: "success", everSucceeded: true }

/**
 * Watches the health of one running container. Without probes it has no timers, and the container is ready as soon as
 * it runs. A startup probe comes first: the others wait for its success.
 */
export class Prober {
  readonly #options: ProberOptions
  readonly #timers = new Map<ProbeKind, Timer>()
  #states: Record<ProbeKind, ProbeState> = {
    readiness: beforeFirstProbe,
    liveness: beforeFirstProbe,
    startup: beforeFirstProbe,
  }
  #message = ""
  #over = false

  constructor(options: ProberOptions) {
    this.#options = options
    if (options.wasReady) this.#states = { readiness: foundGood, liveness: beforeFirstProbe, startup: foundGood }
    if (options.container.startupProbe && !options.wasReady) this.#plan("startup", options.container.startupProbe)
    else this.#planOthers()
  }

  health(): Health {
    const { startupProbe, readinessProbe, livenessProbe } = this.#options.container
    const started = startupProbe === undefined || this.#states.startup.everSucceeded
    const ready = started && (readinessProbe === undefined || this.#states.readiness.verdict === "success")
    const failed =
      startupProbe && !started && this.#states.startup.verdict === "failure"
        ? { probe: "startup" as const, graceSeconds: startupProbe.terminationGracePeriodSeconds }
        : livenessProbe && this.#states.liveness.verdict === "failure"
          ? { probe: "liveness" as const, graceSeconds: livenessProbe.terminationGracePeriodSeconds }
          : undefined
    if (!failed) return { started, ready }
    const { probe, graceSeconds } = failed
    return {
      started,
      ready,
      failed: { probe, message: this.#message, ...(graceSeconds !== undefined && { graceSeconds }) },
    }
  }

  stop(): void {
    this.#over = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #planOthers(): void {
    const { readinessProbe, livenessProbe } = this.#options.container
    if (readinessProbe) this.#plan("readiness", readinessProbe)
    if (livenessProbe) this.#plan("liveness", livenessProbe)
  }

  #plan(kind: ProbeKind, probe: Probe): void {
    const dueMs = this.#options.startedAtMs + (probe.initialDelaySeconds ?? 0) * 1_000
    this.#wait(kind, probe, Math.max(0, dueMs - this.#options.clock.now()))
  }

  #wait(kind: ProbeKind, probe: Probe, ms: number): void {
    if (this.#over) return
    const look = (): void => void this.#look(kind, probe)
    if (ms === 0) look()
    else this.#timers.set(kind, this.#options.clock.timer(ms, look))
  }

  async #look(kind: ProbeKind, probe: Probe): Promise<void> {
    const answer = await this.#ask(probe).catch((error): Answer => ({ ok: false, message: String(error) }))
    if (this.#over) return
    const before = this.#states[kind]
    const state = afterProbe(before, probe, answer.ok, this.#options.clock.now())
    this.#states = { ...this.#states, [kind]: state }
    if (!answer.ok) {
      this.#message = answer.message
      // Looks before the first success are impatience; only what counts is news.
      if (state.failures > before.failures && (before.everSucceeded || state.verdict === "failure")) {
        this.#options.onUnhealthy(kind, answer.message)
      }
    }
    if (state.verdict !== before.verdict) this.#options.onChange()
    if (this.#over) return
    if (kind === "startup" && state.everSucceeded) return this.#planOthers()
    if (kind !== "readiness" && state.verdict === "failure") return
    this.#wait(kind, probe, nextProbeMs(state, probe, kind))
  }

  async #ask(probe: Probe): Promise<Answer> {
    const { container, containerId, podIp, runtime, clock } = this.#options
    const timeoutMs = probe.timeoutSeconds * 1_000
    if (probe.httpGet) {
      const { host = podIp, path, scheme, httpHeaders = [], port: wanted } = probe.httpGet
      const port = portNumber(container, wanted)
      if (port === undefined) return { ok: false, message: `couldn't find port: ${wanted}` }
      return askHttp({ host, port, path, scheme, headers: httpHeaders }, timeoutMs)
    }
    if (probe.tcpSocket) {
      const port = portNumber(container, probe.tcpSocket.port)
      if (port === undefined) return { ok: false, message: `couldn't find port: ${probe.tcpSocket.port}` }
      return askTcp(probe.tcpSocket.host ?? podIp, port, timeoutMs)
    }
    if (probe.grpc) return askGrpc(podIp, probe.grpc.port, probe.grpc.service, timeoutMs, clock.now())
    const command = probe.exec?.command ?? []
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutMs)
    return { ok: exitCode === 0, message: stdout.toString() + stderr.toString() }
  }
}
