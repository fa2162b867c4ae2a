import type { RevisionContainer } from "../../api/serving/revision-spec.ts"
import { type Flag, last, wrong } from "./flag.ts"

const fields = { liveness: "livenessProbe", readiness: "readinessProbe", startup: "startupProbe" } as const
type Probe = NonNullable<RevisionContainer["livenessProbe"]>
type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc">

const timings = [
  "initialDelaySeconds",
  "failureThreshold",
  "successThreshold",
  "periodSeconds",
  "timeoutSeconds",
] as const

const forms = "must be http:HOST:PORT:PATH (or https:), tcp:HOST:PORT, exec:COMMAND,ARG or grpc:PORT; - removes it"

/** What is asked of a container to know that it has started, lives and can take requests. */
export const probeFlags: readonly Flag[] = (["liveness", "readiness", "startup"] as const).flatMap((which) => {
  const field = fields[which]
  return [
    {
      name: `probe-${which}`,
      takes: "<probe>",
      help: `${which} probe: http:HOST:PORT:PATH (or https:), tcp:HOST:PORT, exec:COMMAND,ARG or grpc:PORT; HOST and PORT may be empty; - removes it`,
      container: true,
      read: (values) => {
        const text = last(values)
        const handler = ["", "-"].includes(text) ? undefined : readHandler(`probe-${which}`, text)
        return ({ container }) => {
          const { exec: _, httpGet: __, tcpSocket: ___, grpc: ____, ...kept } = container[field] ?? {}
          if (handler) container[field] = { ...kept, ...handler } as Probe
          else delete container[field]
        }
      },
    },
    {
      name: `probe-${which}-opts`,
      takes: "<key=n,…>",
      help: `${timings.map((timing) => timing[0]?.toUpperCase() + timing.slice(1)).join(", ")} of the ${which} probe`,
      many: true,
      commas: true,
      container: true,
      read: (pairs) => {
        const given = Object.fromEntries(pairs.map((pair) => readTiming(`probe-${which}-opts`, pair)))
        return ({ container }) => {
          const probe = container[field]
          if (!probe)
            throw wrong(`probe-${which}-opts`, pairs.join(","), `there is no ${which} probe: give --probe-${which}`)
          container[field] = { ...probe, ...given }
        }
      },
    },
  ] satisfies Flag[]
})

function readHandler(flag: string, text: string): Handler {
  const at = text.indexOf(":")
  const [kind, rest] = [text.slice(0, Math.max(at, 0)).toLowerCase(), text.slice(at + 1)]
  const [, host, port = "", path] = /^([^:]*)(?::([^:/]*))?(?::(.*))?$/.exec(rest) ?? []
  const where = { ...(host && { host }), port: portOf(port) } as { host?: string; port: number | string }
  if (kind === "http" || kind === "https") {
    return { httpGet: { ...where, path: path || "/", ...(kind === "https" && { scheme: "HTTPS" }) } }
  }
  if (kind === "tcp" && path === undefined) return { tcpSocket: where }
  if (kind === "exec" && rest !== "") return { exec: { command: rest.split(",") } }
  if (kind === "grpc" && /^\d*(:|$)/.test(rest)) {
    const [grpcPort, service] = rest.split(":")
    return { grpc: { port: Number(grpcPort), ...(service && { service }) } }
  }
  throw wrong(flag, text, forms)
}

/** None is the container's own: a revision's probe says so with 0. */
function portOf(text: string): number | string {
  return /^\d*$/.test(text) ? Number(text) : text
}

function readTiming(flag: string, pair: string): [string, number] {
  const [, key = "", number] = /^(\w+)=(\d+)$/.exec(pair) ?? []
  const timing = timings.find((each) => each.toLowerCase() === key.toLowerCase())
  if (!timing) throw wrong(flag, pair, `must be KEY=NUMBER, where KEY is one of ${timings.join(", ")}`)
  return [timing, Number(number)]
}
