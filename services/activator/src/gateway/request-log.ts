import type { Config } from "@wick/sdk/api/serving/config"
import type { Clock } from "@wick/sdk/clock"
import type { Backend } from "../backend/backend.ts"
import type { CallRecord } from "../backend/call.ts"
import type { Pod } from "../backend/pod.ts"
import type { Incoming } from "./http-call.ts"

type Settings = Pick<
  Config["observability"],
  "logging.enable-request-log" | "logging.request-log-template" | "logging.enable-probe-request-log"
>

/** A line for every request, by the operators' template. There is none of these while requests are not logged. */
export class RequestLog {
  readonly #template: Settings["logging.request-log-template"]
  readonly #withProbes: boolean
  readonly #clock: Clock
  readonly #write: (line: string) => void

  /** Undefined where requests are not to be logged. */
  static of(settings: Settings, clock: Clock, write: (line: string) => void): RequestLog | undefined {
    return settings["logging.enable-request-log"] ? new RequestLog(settings, clock, write) : undefined
  }

  private constructor(settings: Settings, clock: Clock, write: (line: string) => void) {
    this.#template = settings["logging.request-log-template"]
    this.#withProbes = settings["logging.enable-probe-request-log"]
    this.#clock = clock
    this.#write = write
  }

  /** To be kept with the call; undefined for a probe, where those are not logged. */
  begin(request: Incoming, backend: Backend, traceId?: string): CallRecord | undefined {
    return this.#withProbes || !isProbe(request) ? this.#record(request, backend, traceId) : undefined
  }

  /** The gateway itself has answered a probe. */
  probed(request: Incoming, status: number, bodyBytes: number): void {
    if (!this.#withProbes) return
    const record = this.#record(request, undefined)
    record.bodyBytes = bodyBytes
    record.ended(status)
  }

  #record(request: Incoming, backend: Backend | undefined, traceId = traceIdOf(request)): CallRecord {
    const begunMs = this.#clock.monotonic()
    // The connection may be gone when the line is written.
    const { remoteAddress = "", remotePort = "" } = request.socket ?? {}
    const record: CallRecord = {
      pod: undefined,
      bodyBytes: 0,
      ended: (status) => {
        const latency = (this.#clock.monotonic() - begunMs) / 1000
        const response = { Code: status || leftStatus, Size: record.bodyBytes, Latency: latency }
        this.#line(request, `${remoteAddress}:${remotePort}`, response, revisionData(backend, record.pod), traceId)
      },
    }
    return record
  }

  #line(request: Incoming, remote: string, response: ResponseData, revision: object, traceId: string): void {
    const { method = "", url = "" } = request
    try {
      const data = {
        Request: requestData(request, remote),
        Response: response,
        Revision: revision,
        TraceID: traceId,
      }
      this.#write(this.#template.execute(data).replaceAll("\n", " "))
    } catch (error) {
      const { Code, Latency } = response
      const what = `method: ${method}, response code: ${Code}, latency: ${Latency}, url: ${url}`
      this.#write(`Invalid request log template: ${what}: ${(error as Error).message}`)
    }
  }
}

interface ResponseData {
  readonly Code: number
  readonly Size: number
  /** Seconds. */
  readonly Latency: number
}

/** By a custom of proxies: the client left before there was an answer. */
const leftStatus = 499

/** Own properties, as a template wants them; what is costly is made when a template asks for it. */
function requestData(request: Incoming, remote: string): object {
  const { headers, url = "", method = "" } = request
  return {
    Method: method,
    RequestURI: url,
    Host: headers.host ?? headers[":authority"] ?? "",
    Proto: request.httpVersionMajor === 1 ? `HTTP/${request.httpVersion}` : "HTTP/2.0",
    ContentLength: headers["content-length"]
      ? Number(headers["content-length"])
      : headers["transfer-encoding"]
        ? -1
        : 0,
    RemoteAddr: remote,
    UserAgent: headers["user-agent"] ?? "",
    Referer: headers.referer ?? "",
    get Header() {
      const pairs = Object.entries(headers).filter(([name]) => !name.startsWith(":"))
      return new Map(pairs.map(([name, value]) => [canonical(name), Array.isArray(value) ? value.join(",") : value]))
    },
    get URL() {
      const [path, query = ""] = url.split("?", 2)
      return { Path: path, RawQuery: query }
    },
  }
}

function revisionData(backend: Backend | undefined, pod: Pod | undefined): object {
  return {
    Name: backend?.name ?? "",
    Namespace: backend?.namespace ?? "",
    Service: backend?.spec.service ?? "",
    Configuration: backend?.spec.configuration ?? "",
    PodName: pod?.name ?? "",
    PodIP: pod?.address ?? "",
  }
}

/** As a template names it: `x-b3-traceid` → `X-B3-Traceid`. */
function canonical(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

/** Of W3C's `traceparent`: version, trace, span, flags. */
function traceIdOf({ headers }: Incoming): string {
  return String(headers.traceparent ?? "").split("-")[1] ?? ""
}

/** Kubelets' and Knative's own: they say so themselves. */
function isProbe({ headers }: Incoming): boolean {
  return headers["user-agent"]?.startsWith("kube-probe/") === true || headers["k-kubelet-probe"] !== undefined
}
