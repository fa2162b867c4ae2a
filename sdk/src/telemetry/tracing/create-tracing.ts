import type { Clock, Random } from "../../clock/index.ts"
import type { Log } from "../log.ts"
import type { Metrics } from "../metrics.ts"
import type { Attributes } from "../otlp/attributes.ts"
import type { Export } from "./exporter.ts"
import type { Tracer } from "./tracer.ts"

export interface TracingSettings {
  readonly protocol: "none" | "stdout" | "http/protobuf" | "grpc"
  readonly endpoint: string
  /** 0 to 1. */
  readonly samplingRate: number
}

export interface TracingWorld {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Counts spans; absent where nobody asks. */
  readonly metrics?: Metrics | undefined
  /** Whose spans these are. */
  readonly service: string
  /** What else describes the process: `service.instance.id`, `k8s.namespace.name`. */
  readonly about?: Attributes
  /** Gets lines, with protocol `stdout`. */
  readonly write: (line: string) => void
}

/** The tracing of one service of a process, as it is set now. */
export interface Tracing extends AsyncDisposable {
  /** Undefined while nothing is traced. Not to be kept: it changes with the settings. */
  readonly tracer: Tracer | undefined
  /** Holds from soon on. What was traced before is still brought where it was to go. */
  configure(settings: TracingSettings): void
  /** Resolves when the settings hold and what has ended was sent or given up. */
  flush(): Promise<void>
}

export function createTracing(world: TracingWorld): Tracing {
  return new LiveTracing(world)
}

class LiveTracing implements Tracing {
  tracer: Tracer | undefined = undefined
  readonly #world: TracingWorld
  #export: Export | undefined
  #settings: TracingSettings = { protocol: "none", endpoint: "", samplingRate: 0 }
  #changing: Promise<void> = Promise.resolve()

  constructor(world: TracingWorld) {
    this.#world = world
  }

  configure(settings: TracingSettings): void {
    const before = this.#settings
    if (same(before, settings)) return
    this.#settings = settings
    this.#changing = this.#changing.then(() => this.#change(settings))
  }

  async flush(): Promise<void> {
    await this.#changing
    await this.#export?.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.configure({ ...this.#settings, protocol: "none" })
    await this.#changing
  }

  async #change(settings: TracingSettings): Promise<void> {
    const before = this.#export
    this.tracer = undefined
    this.#export = undefined
    const ending = before?.[Symbol.asyncDispose]()
    if (isOn(settings)) await this.#start(settings)
    else await ending
  }

  async #start(settings: TracingSettings): Promise<void> {
    const { log, service } = this.#world
    try {
      const { startExport } = await import("./exporter.ts")
      this.#export = await startExport(settings, this.#world)
      this.tracer = this.#export.tracer
      log.info("tracing", { service, ...settings })
    } catch (error) {
      log.error("cannot trace", { service, ...settings, why: (error as Error).message })
    }
  }
}

function isOn({ protocol, samplingRate }: TracingSettings): boolean {
  return protocol !== "none" && samplingRate > 0
}

function same(one: TracingSettings, other: TracingSettings): boolean {
  if (!isOn(one) && !isOn(other)) return true
  return one.protocol === other.protocol && one.endpoint === other.endpoint && one.samplingRate === other.samplingRate
}
