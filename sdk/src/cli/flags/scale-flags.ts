import { parseDuration } from "../duration.ts"
import type { Change, Flag } from "./flag.ts"
import { last, wholeText, wrong } from "./flag.ts"

const prefix = "autoscaling.knative.dev/"
const concurrencyMax = 1_000
const utilizationMax = 100

/** How many containers run, and what that depends on. */
export const scaleFlags: readonly Flag[] = [
  {
    name: "scale",
    takes: "<min..max>",
    help: "how few and how many containers may run: 1..5, 1.., ..5 or 3",
    excludes: ["scale-min", "scale-max"],
    read: (values) => annotate(readScale(last(values))),
  },
  counted("scale-min", "min-scale", "least number of containers", 0),
  counted("scale-max", "max-scale", "greatest number of containers; 0: any", 0),
  counted("scale-init", "initial-scale", "number of containers that a new revision starts with", 0),
  counted("scale-activation", "activation-scale", "least number of containers when it is not scaled to zero", 1),
  {
    name: "scale-metric",
    takes: "<metric>",
    help: "what is measured: concurrency, rps, or cpu and memory with autoscaling.knative.dev/class=hpa.autoscaling.knative.dev",
    read: (values) => annotate({ metric: last(values) }),
  },
  {
    name: "scale-target",
    also: ["target"],
    takes: "<n>",
    help: "value of the metric that one container should have: requests at once, unless --scale-metric says otherwise",
    read: (values) => {
      const text = last(values)
      if (!/^\d+(\.\d+)?$/.test(text) || Number(text) <= 0)
        throw wrong("scale-target", text, "must be a number above 0")
      return annotate({ target: text })
    },
  },
  {
    name: "scale-utilization",
    takes: "<percent>",
    help: "how much of the target to use before there are more containers",
    read: (values) =>
      annotate({ "target-utilization-percentage": wholeText("scale-utilization", last(values), 1, utilizationMax) }),
  },
  {
    name: "scale-window",
    also: ["window"],
    takes: "<duration>",
    help: "time over which load is averaged, and without requests after which it scales in, for example 60s",
    read: (values) => annotate({ window: readDuration("scale-window", last(values)).text }),
  },
  {
    name: "concurrency-limit",
    also: ["concurrency"],
    takes: "<n>",
    help: "requests at once that one container may have; 0: any",
    read: (values) => {
      const limit = Number(wholeText("concurrency-limit", last(values), 0, concurrencyMax))
      return ({ spec }) => {
        spec.containerConcurrency = limit
      }
    },
  },
  {
    name: "timeout",
    takes: "<duration>",
    help: "time that a request may take",
    read: (values) => {
      const { ms } = readDuration("timeout", last(values))
      return ({ spec }) => {
        spec.timeoutSeconds = Math.ceil(ms / 1000)
      }
    },
  },
]

function counted(name: string, annotation: string, help: string, min: number): Flag {
  return { name, takes: "<n>", help, read: (values) => annotate({ [annotation]: wholeText(name, last(values), min) }) }
}

function annotate(annotations: Readonly<Record<string, string>>): Change {
  return ({ template }) => {
    for (const [key, value] of Object.entries(annotations)) template.annotations[prefix + key] = value
  }
}

/** `1..5`, `1..`, `..5`, or `3` (exactly three), as kn writes it. */
function readScale(scale: string): Record<string, string> {
  const [match, exact, min = exact, max = exact] = /^(?:(\d+)|(\d+)?\.\.(\d+)?)$/.exec(scale) ?? []
  if (!match || match === "..") throw wrong("scale", scale, "must be MIN..MAX, for example 1..5")
  if (min !== undefined && max !== undefined && Number(max) !== 0 && Number(min) > Number(max)) {
    throw wrong("scale", scale, "the least number must not be above the greatest")
  }
  return { ...(min !== undefined && { "min-scale": min }), ...(max !== undefined && { "max-scale": max }) }
}

/** A bare number is seconds, as kn has it. */
function readDuration(flag: string, text: string): { ms: number; text: string } {
  const ms = parseDuration(text)
  if (ms === undefined) throw wrong(flag, text, "must be a duration such as 30s or 5m")
  return { ms, text: /^\d+$/.test(text) ? `${text}s` : text }
}
