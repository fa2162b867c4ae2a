import type { Clock, Random } from "../../clock/index.ts"
import type { Log } from "../log.ts"
import type { Metrics } from "../metrics.ts"
import type { Attributes } from "../otlp/attributes.ts"

export interface ExportSettings {
  readonly protocol: "none" | "prometheus" | "http/protobuf" | "grpc"
  /** Of a collector; with `prometheus` where it fetches, `HOST:PORT`, or empty. */
  readonly endpoint: string
  /** 0: as OpenTelemetry has it. */
  readonly intervalMs: number
}

export interface ExportWorld {
  readonly metrics: Pick<Metrics, "all" | "text" | "contentType">
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Whose figures these are. */
  readonly service: string
  /** What else describes the process. */
  readonly about?: Attributes
  /** Where Prometheus may fetch, unless the settings name a place; absent where that is served otherwise already. */
  readonly scrape?: Place | undefined
}

export interface Place {
  readonly host: string
  readonly port: number
}

/** Figures on their way out, as it is set now. */
export interface MetricsExport extends AsyncDisposable {
  /** Holds from soon on. */
  configure(settings: ExportSettings): void
  /** Resolves when the settings hold; with the place where Prometheus fetches, if there is one. */
  settled(): Promise<Place | undefined>
}

/** What runs while figures go out in one way. */
export interface Outlet extends AsyncDisposable {
  readonly place?: Place
}

/** Nothing runs and nothing is loaded while the protocol is `none`. */
export function createMetricsExport(world: ExportWorld): MetricsExport {
  return new LiveExport(world)
}

class LiveExport implements MetricsExport {
  readonly #world: ExportWorld
  #settings: ExportSettings = { protocol: "none", endpoint: "", intervalMs: 0 }
  #outlet: Outlet | undefined
  #changing: Promise<void> = Promise.resolve()

  constructor(world: ExportWorld) {
    this.#world = world
  }

  configure(settings: ExportSettings): void {
    const { protocol, endpoint, intervalMs } = this.#settings
    const isSame =
      protocol === settings.protocol && endpoint === settings.endpoint && intervalMs === settings.intervalMs
    if (isSame) return
    this.#settings = settings
    this.#changing = this.#changing.then(() => this.#change(settings))
  }

  async settled(): Promise<Place | undefined> {
    await this.#changing
    return this.#outlet?.place
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.configure({ ...this.#settings, protocol: "none" })
    await this.#changing
  }

  async #change(settings: ExportSettings): Promise<void> {
    const { log, service } = this.#world
    await this.#outlet?.[Symbol.asyncDispose]()
    this.#outlet = undefined
    try {
      this.#outlet = await openOutlet(settings, this.#world)
    } catch (error) {
      log.error("cannot export figures", { service, ...settings, why: (error as Error).message })
    }
  }
}

async function openOutlet(settings: ExportSettings, world: ExportWorld): Promise<Outlet | undefined> {
  const { protocol, endpoint } = settings
  if (protocol === "none") return undefined
  if (protocol !== "prometheus") {
    const { startPushing } = await import("./metrics-pusher.ts")
    return startPushing({ ...settings, protocol }, world)
  }
  if (world.scrape === undefined) return undefined
  const { startScrapeServer } = await import("./scrape-server.ts")
  return startScrapeServer(endpoint === "" ? world.scrape : placeOf(endpoint), world.metrics)
}

/** Of `HOST:PORT` or `:PORT`, as Go's listeners are told. */
function placeOf(endpoint: string): Place {
  const [, host = "", port = ""] = /^(?:\[?([^\]]*?)\]?):(\d+)$/.exec(endpoint) ?? []
  if (port === "") throw new Error(`${JSON.stringify(endpoint)} is no place to listen, which looks like HOST:PORT`)
  return { host: host || "0.0.0.0", port: Number(port) }
}
