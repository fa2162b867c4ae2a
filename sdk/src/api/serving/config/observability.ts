import { otlpEndpoint } from "../../../telemetry/otlp/endpoint.ts"
import { goDuration } from "./go-duration.ts"
import { bool, choice, duration, float, template, text } from "./reading.ts"
import { defineMap, setting, unset, type ValuesOf } from "./setting.ts"

const unsupported = (given: string): string => `unsupported protocol ${JSON.stringify(given)}`
const metricsProtocol = choice(["none", "prometheus", "http/protobuf", "grpc"], unsupported)
const tracingProtocol = choice(["none", "stdout", "http/protobuf", "grpc"], unsupported)

/** What a template of the request log may speak of. */
const requestLogTrial = {
  Request: {
    Method: "GET",
    RequestURI: "/",
    Host: "hello.default.example.com",
    Proto: "HTTP/1.1",
    ContentLength: 0,
    RemoteAddr: "10.0.0.1:1234",
    UserAgent: "curl",
    Referer: "",
    Header: new Map<string, string>(),
    URL: { Path: "/", RawQuery: "" },
  },
  Response: { Code: 200, Size: 0, Latency: 0.1 },
  Revision: { Name: "", Namespace: "", Service: "", Configuration: "", PodName: "", PodIP: "" },
  TraceID: "",
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is filled in by the controller
const revisionUid = "${REVISION_UID}"

const requestLogTemplate = [
  '{"httpRequest": {"requestMethod": "{{.Request.Method}}", "requestUrl": "{{js .Request.RequestURI}}"',
  '"requestSize": "{{.Request.ContentLength}}", "status": {{.Response.Code}}, "responseSize": "{{.Response.Size}}"',
  '"userAgent": "{{js .Request.UserAgent}}", "remoteIp": "{{js .Request.RemoteAddr}}"',
  '"serverIp": "{{.Revision.PodIP}}", "referer": "{{js .Request.Referer}}", "latency": "{{.Response.Latency}}s"',
  '"protocol": "{{.Request.Proto}}"}, "traceId": "{{.TraceID}}"}',
].join(", ")

const settings = {
  "metrics-protocol": setting(
    metricsProtocol,
    "none",
    "Where figures go: prometheus (they are fetched), grpc or http/protobuf (they are sent to an OpenTelemetry collector), or none.",
  ),
  "metrics-endpoint": setting(text, "", "Address of the collector, or where prometheus fetches."),
  "metrics-export-interval": setting(duration, "0s", "Time between two sendings. 0s: the protocol's own."),
  "request-metrics-protocol": setting(metricsProtocol, "none", "The same for figures of requests."),
  "request-metrics-endpoint": setting(text, "", "The same for figures of requests."),
  "request-metrics-export-interval": setting(duration, "0s", "The same for figures of requests."),
  "tracing-protocol": setting(
    tracingProtocol,
    "none",
    "Where traces go: grpc or http/protobuf (to an OpenTelemetry collector), stdout, or none.",
  ),
  "tracing-endpoint": setting(text, "", "Address of the collector."),
  "tracing-sampling-rate": setting(float, "0", "Share of the requests that are traced, 0 to 1."),
  "runtime-profiling": setting(
    choice(["enabled", "disabled"], (given) => `unsupported profile setting ${JSON.stringify(given)}`),
    "disabled",
    "Whether profiles of the running processes can be fetched.",
  ),
  "runtime-export-interval": setting(duration, "15s", "Time between two looks at a process's own memory."),
  "logging.enable-var-log-collection": setting(
    bool,
    "false",
    "Whether files below /var/log of pods are for a collector.",
  ),
  "logging.revision-url-template": unset(
    text,
    `https://logs.example.com/?revisionUID=${revisionUid}`,
    `Address of the logs of a revision, shown in its status; ${revisionUid} stands for its UID.`,
  ),
  "logging.enable-request-log": setting(bool, "false", "Whether a line is written for every request."),
  "logging.request-log-template": setting(
    template("requestLog", requestLogTrial),
    requestLogTemplate,
    "That line: a Go template over .Request, .Response, .Revision and .TraceID. Keep it on one line.",
  ),
  "logging.enable-probe-request-log": setting(bool, "false", "Whether requests of probes get such lines too."),
} as const
type Values = ValuesOf<typeof settings>

/** What the platform tells of itself. Times are milliseconds. */
export const observabilityMap = defineMap(
  "config-observability",
  "What the platform tells of itself.",
  settings,
  (values) => [
    ...metricsMistakes(values, ""),
    ...metricsMistakes(values, "request-"),
    ...tracingMistakes(values),
    ...intervalMistakes(values["runtime-export-interval"]),
    ...(values["logging.enable-request-log"] && values["logging.request-log-template"].text === ""
      ? ['"logging.enable-request-log" was set to true, but no "logging.request-log-template" was specified']
      : []),
  ],
)

function metricsMistakes(values: Values, prefix: "" | "request-"): string[] {
  const protocol = values[`${prefix}metrics-protocol`]
  const endpoint = values[`${prefix}metrics-endpoint`]
  const sent = protocol === "grpc" || protocol === "http/protobuf"
  return [
    ...(sent && endpoint === "" ? [`endpoint should be set when protocol is "${protocol}"`] : []),
    ...(protocol === "none" && endpoint !== "" ? ['endpoint should not be set when protocol is "none"'] : []),
    ...intervalMistakes(values[`${prefix}metrics-export-interval`]),
  ]
}

function tracingMistakes(values: Values): string[] {
  const { "tracing-protocol": protocol, "tracing-endpoint": endpoint, "tracing-sampling-rate": rate } = values
  const sent = protocol === "grpc" || protocol === "http/protobuf"
  return [
    ...(sent && endpoint === "" ? [`endpoint should be set for protocol "${protocol}"`] : []),
    ...(!sent && endpoint !== "" ? ["endpoint should not be set when protocol is 'none'"] : []),
    ...(sent && endpoint !== "" ? addressMistakes(endpoint) : []),
    ...(rate < 0 ? [`sampling rate ${rate.toFixed(6)} should be greater or equal to zero`] : []),
    ...(rate > 1 ? [`sampling rate ${rate.toFixed(6)} should be less than or equal to one`] : []),
  ]
}

function addressMistakes(endpoint: string): string[] {
  try {
    otlpEndpoint(endpoint, "traces")
    return []
  } catch (error) {
    return [`tracing-endpoint: ${(error as Error).message}`]
  }
}

function intervalMistakes(interval: number): string[] {
  return interval < 0 ? [`export interval "${goDuration(interval)}" should be greater than zero`] : []
}
