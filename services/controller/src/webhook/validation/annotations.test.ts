import { describe, expect, it } from "vitest"
import { container, meta, refusal, service } from "../../testing/review.ts"

type Texts = Readonly<Record<string, string>>
const group = "autoscaling.knative.dev"
const at = "spec.template.metadata.annotations"
const of = (annotations: Texts) => service({ metadata: { annotations }, spec: { containers: [container] } })
const on = (annotations: Texts) => ({
  ...service({ spec: { containers: [container] } }),
  metadata: { ...meta, annotations },
})

interface Row {
  readonly given: Texts
  readonly message: string
}

const rows: [name: string, value: string, message: string][] = [
  ["class", "other.autoscaling.knative.dev", "invalid value: other.autoscaling.knative.dev: KEY"],
  ["class", "mine", ""],
  ["min-scale", "many", "invalid value: many: KEY"],
  ["min-scale", "-1", "expected 0 <= -1 <= 2147483647: KEY"],
  ["max-scale", "3000000000", "expected 0 <= 3000000000 <= 2147483647: KEY"],
  ["initial-scale", "few", "invalid value: few: KEY"],
  ["initial-scale", "-1", "invalid value: -1: KEY must be greater than 0"],
  ["initial-scale", "0", "invalid value: 0: KEY=0 not allowed by cluster"],
  ["activation-scale", "x", "invalid value: x: KEY"],
  ["activation-scale", "1", "activation-scale=1 must be greater than 1: KEY"],
  ["activation-scale", "2", ""],
  ["scale-down-delay", "61m", "expected 0s <= 61m <= 1h0m0s: KEY"],
  ["scale-down-delay", "1500ms", "must be specified with at most second precision: KEY"],
  ["scale-down-delay", "soon", "invalid value: soon: KEY"],
  ["scale-down-delay", "0s", ""],
  ["metric", "cpu", "invalid value: cpu: KEY"],
  ["metric", "rps", ""],
  ["metric-aggregation-algorithm", "guess", "invalid value: guess: KEY"],
  ["metric-aggregation-algorithm", "weighted-exponential", ""],
  ["target", "0", "target 0 should be at least 0.01: KEY"],
  ["target", "much", "invalid value: much: KEY"],
  ["target-utilization-percentage", "0", "expected 1 <= 0 <= 100: KEY"],
  ["target-burst-capacity", "-2", "invalid value: -2: KEY"],
  ["target-burst-capacity", "-1", ""],
  ["window", "1s", "expected 6s <= 1s <= 1h0m0s: KEY"],
  ["window", "10500ms", "must be specified with at most second precision: KEY"],
  ["window", "60s", ""],
  ["panic-window-percentage", "101", "expected 1 <= 101 <= 100: KEY"],
  ["panic-threshold-percentage", "109", "expected 110 <= 109 <= 1000: KEY"],
  ["panic-threshold-percentage", "200", ""],
  ["scale-to-zero-pod-retention-period", "-1s", "expected 0s <= -1s <= 1h0m0s: KEY"],
  ["unknown", "anything", ""],
]

describe("an annotation of scaling", () => {
  const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const spellings = rows.flatMap(([name, ...rest]) =>
    [...new Set([name, camel(name)])].map((spelling) => [`${group}/${spelling}`, ...rest] as const),
  )
  it.each(spellings)("%s: %s", async (key, value, message) => {
    expect(await refusal("Service", { object: of({ [key]: value }) })).toBe(message.replace("KEY", `${at}.${key}`))
  })

  it.each<Row>([
    {
      given: { "min-scale": "3", maxScale: "1" },
      message: `max-scale=1 is less than min-scale=3: ${at}.${group}/max-scale, ${at}.${group}/min-scale`,
    },
    {
      given: { "min-scale": "5", "activation-scale": "4" },
      message: `min-scale=5 is greater than activation-scale=4: ${at}.${group}/activation-scale`,
    },
    {
      given: { "max-scale": "2", "activation-scale": "4" },
      message: `max-scale=2 is less than activation-scale=4: ${at}.${group}/activation-scale`,
    },
    { given: { class: `hpa.${group}`, metric: "cpu" }, message: "" },
    { given: { class: `hpa.${group}`, metric: "" }, message: `invalid value: : ${at}.${group}/metric` },
    { given: { class: "mine", metric: "anything", "metric-aggregation-algorithm": "x" }, message: "" },
  ])("stands beside others: $given", async ({ given, message }) => {
    const annotations = Object.fromEntries(Object.entries(given).map(([name, value]) => [`${group}/${name}`, value]))
    expect(await refusal("Service", { object: of(annotations) })).toBe(message)
  })

  it("is held to the operators' limits", async () => {
    const config = {
      "config-autoscaler": { "max-scale-limit": "10", "max-scale": "5", "allow-zero-initial-scale": "true" },
    }
    const told = (annotations: Texts) => refusal("Service", { object: of(annotations), config })
    const key = `${group}/max-scale`
    expect(await told({ [key]: "11" })).toBe(`expected 1 <= 11 <= 10: ${at}.${key}`)
    expect(await told({ [key]: "0" })).toBe(`max-scale=0 (unlimited), must be less than 10: ${at}.${key}`)
    expect(await told({ [`${group}/initial-scale`]: "0" })).toBe("")
  })

  it("has no effect on a service or a configuration, and is refused there", async () => {
    const object = on({ [`${group}/min-scale`]: "1" })
    for (const kind of ["Service", "Configuration"]) {
      expect(await refusal(kind, { object })).toBe(
        `invalid key name "${group}/min-scale": metadata.annotations\nautoscaling annotations must be put under "spec.template.metadata.annotations" to work`,
      )
    }
  })
})

describe("another annotation", () => {
  const serving = "serving.knative.dev"
  const sidecar = "queue.sidecar.serving.knative.dev"
  it.each([
    ["rollout-duration", "CLXXXIIIs", "invalid value: CLXXXIIIs: KEY"],
    ["rollout-duration", "1500ms", "rollout-duration=1500ms is not at second precision: KEY"],
    ["rolloutDuration", "-5s", "rollout-duration=-5s must be positive: KEY"],
    ["rollout-duration", "2m", ""],
    ["anything", "else", ""],
  ])("of a service: %s: %s", async (name, value, message) => {
    const key = `${serving}/${name}`
    const object = on({ [key]: value })
    expect(await refusal("Service", { object })).toBe(message.replace("KEY", `metadata.annotations.${key}`))
  })

  it.each([
    [`${serving}/progress-deadline`, "1500ms", "progress-deadline=1500ms is not at second precision: KEY"],
    [`${serving}/progress-deadline`, "-5s", "progress-deadline=-5s must be positive: KEY"],
    [`${serving}/progress-deadline`, "soon", "invalid value: soon: KEY"],
    [`${serving}/progress-deadline`, "5m", ""],
    [`${sidecar}/cpu-resource-request`, "much", "invalid value: much: [KEY]"],
    [`${sidecar}/cpu-resource-request`, "100m", ""],
    [`${sidecar}/resource-percentage`, "0.05", "expected 0.1 <= 0.05 <= 100: [KEY]"],
    [`${sidecar}/resource-percentage`, "half", "invalid value: half: [KEY]"],
  ])("of a template: %s: %s", async (key, value, message) => {
    const told = message.replace("[KEY]", `${at}.[${key}]`).replace("KEY", `${at}.${key}`)
    expect(await refusal("Service", { object: of({ [key]: value }) })).toBe(told)
  })

  it("of the network must be one that somebody reads", async () => {
    const key = "networking.knative.dev/ingress-klass"
    expect(await refusal("Service", { object: on({ [key]: "x" }) })).toBe(
      `invalid key name "${key}": metadata.annotations`,
    )
    expect(await refusal("Service", { object: on({ "networking.knative.dev/ingress-class": "x" }) })).toBe("")
  })
})
