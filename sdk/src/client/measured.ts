import type { Clock } from "../clock/index.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import type { FetchWrapper } from "./compose.ts"

/**
 * Tells how long the API server takes to begin its answers, and with which statuses, by the names that Knative's parts give
 * that. Paths are told with placeholders, so that there are no more of them than kinds.
 */
export function measured(metrics: Metrics, clock: Clock): FetchWrapper {
  const durations = metrics.histogram(
    "http.client.request.duration",
    "From a request to the API server to the head of its answer.",
    undefined,
    { unit: "s" },
  )
  const codes = metrics.counter("kn.k8s.client.http.response.status_code", "Answers of the API server.", {
    unit: "{item}",
  })
  return (next) => async (request) => {
    const begunMs = clock.monotonic()
    const { hostname, port, protocol, pathname } = new URL(request.url)
    const scheme = protocol.slice(0, -1)
    const common = { "http.request.method": request.method, "server.address": hostname }
    const answered = (status: string): void => {
      codes.with({ ...common, "http.response.status_code": status }).add()
      durations
        .with({
          ...common,
          "server.port": port || (scheme === "https" ? "443" : "80"),
          "url.scheme": scheme,
          "url.template": pathTemplate(pathname),
        })
        .observe((clock.monotonic() - begunMs) / 1000)
    }
    try {
      const response = await next(request)
      answered(String(response.status))
      return response
    } catch (error) {
      answered("<error>")
      throw error
    }
  }
}

/** `/api/v1/namespaces/default/pods/hello/status` → `/api/v1/namespaces/{namespace}/pods/{name}/status` */
export function pathTemplate(path: string): string {
  const parts = path.split("/").slice(1)
  const root = parts[0] === "api" ? 2 : parts[0] === "apis" ? 3 : undefined
  if (root === undefined || parts.length < root) return "/{path}"
  const rest = parts.slice(root)
  // The object `namespaces/default` itself is no place in one.
  const isWithin = rest[0] === "namespaces" && rest.length > 2
  const [resource, name, ...sub] = isWithin ? rest.slice(2) : rest
  const within = isWithin ? ["namespaces", "{namespace}"] : []
  const named = name === undefined ? [] : ["{name}"]
  const told = resource === undefined ? [] : [resource]
  // A proxied path behind a subresource is anybody's.
  return `/${[...parts.slice(0, root), ...within, ...told, ...named, ...sub.slice(0, 1)].join("/")}`
}
