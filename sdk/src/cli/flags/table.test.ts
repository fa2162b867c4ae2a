import { describe, expect, it } from "vitest"
import type { NewService } from "./draft.ts"
import { specFlags } from "./table.ts"
import { helloAfter } from "./testing/hello-after.ts"

const autoscaling = "autoscaling.knative.dev/"
const first = helloAfter(["-i", "a", "-l", "x=1", "-a", "y=1", "--node-selector", "disk=ssd"])

describe("a revision after flags", () => {
  it.each<[string[], Record<string, string>]>([
    [["--scale", "1..5"], { "min-scale": "1", "max-scale": "5" }],
    [["--scale", "1.."], { "min-scale": "1" }],
    [["--scale", "..5"], { "max-scale": "5" }],
    [["--scale", "3"], { "min-scale": "3", "max-scale": "3" }],
    [["--scale-min", "1", "--scale-max", "4"], { "min-scale": "1", "max-scale": "4" }],
    [["--scale-init", "0"], { "initial-scale": "0" }],
    [["--scale-activation", "2"], { "activation-scale": "2" }],
    [["--scale-metric", "rps", "--scale-target", "100"], { metric: "rps", target: "100" }],
    [["--target", "5"], { target: "5" }],
    [["--scale-utilization", "80"], { "target-utilization-percentage": "80" }],
    [["--scale-window", "90s"], { window: "90s" }],
    [["--window", "90"], { window: "90s" }],
  ])("is scaled as %j says", (line, wanted) => {
    const { annotations } = helloAfter(line, first).spec?.template?.metadata ?? {}
    const scaling = Object.entries(wanted).map(([key, value]) => [autoscaling + key, value])
    expect(annotations).toEqual({ y: "1", ...Object.fromEntries(scaling) })
  })

  it.each<[string[], object]>([
    [["--concurrency-limit", "10"], { containerConcurrency: 10 }],
    [["--concurrency", "0"], { containerConcurrency: 0 }],
    [["--timeout", "90"], { timeoutSeconds: 90 }],
    [["--timeout", "2m"], { timeoutSeconds: 120 }],
    [["--service-account", "bot"], { serviceAccountName: "bot" }],
    [["--pull-secret", "keys"], { imagePullSecrets: [{ name: "keys" }] }],
    [["--node-selector", "zone=a", "--node-selector", "disk-"], { nodeSelector: { zone: "a" } }],
    [
      ["--toleration", "Key=gpu,Operator=Equal,Value=yes,Effect=NoSchedule"],
      { tolerations: [{ key: "gpu", operator: "Equal", value: "yes", effect: "NoSchedule" }] },
    ],
    [
      ["--node-affinity", 'type="Required",key="zone",operator="In",values="a b"'],
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }] }],
            },
          },
        },
      },
    ],
    [
      ["--node-affinity", "Type=Preferred,Key=zone,Operator=Exists,Weight=5"],
      {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 5, preference: { matchExpressions: [{ key: "zone", operator: "Exists", values: [] }] } },
            ],
          },
        },
      },
    ],
  ])("has what %j says", (line, wanted) => {
    expect(helloAfter(line, first).spec?.template?.spec).toMatchObject(wanted)
  })

  it.each([
    ["--service-account", "serviceAccountName"],
    ["--pull-secret", "imagePullSecrets"],
  ])("has none of its own after an empty %s", (flag, field) => {
    const before = helloAfter([flag, "mine"], first)
    expect(helloAfter([flag, ""], before).spec?.template?.spec).not.toHaveProperty(field)
  })

  it("has further containers from a file, each once", () => {
    const files = { f: "containers:\n- {name: side, image: s1}\n- {name: user-container, image: u}\n" }
    const twice = helloAfter(["--containers", "f"], helloAfter(["--containers", "f"], first, { files }), { files })
    expect(twice.spec?.template?.spec?.containers?.map(({ image }) => image)).toEqual(["a", "s1", "u"])
  })

  it("says of the first of several containers that it answers, unless one says so itself", () => {
    const portsBeside = (side: string): unknown[] => {
      const after = helloAfter(["--containers", "f"], first, { files: { f: `containers:\n- ${side}` } })
      return after.spec?.template?.spec?.containers?.map(({ ports }) => ports) ?? []
    }
    expect(portsBeside("{name: side, image: s}")).toEqual([[{ containerPort: 8080 }], undefined])
    expect(portsBeside("{name: side, image: s, ports: [{containerPort: 1}]}")).toEqual([
      undefined,
      [{ containerPort: 1 }],
    ])
  })
})

describe("labels and annotations", () => {
  const maps = ({ metadata, spec }: NewService): unknown[] => [
    metadata.labels,
    metadata.annotations,
    spec?.template?.metadata?.labels,
    spec?.template?.metadata?.annotations,
  ]
  const [x, y] = [{ x: "1" }, { y: "1" }]

  it.each<[string[], unknown[]]>([
    [
      ["--label", "a=b"],
      [{ ...x, a: "b" }, y, { ...x, a: "b" }, y],
    ],
    [
      ["--label-service", "a=b"],
      [{ ...x, a: "b" }, y, x, y],
    ],
    [
      ["--label-revision", "a=b"],
      [x, y, { ...x, a: "b" }, y],
    ],
    [
      ["--label", "x-"],
      [undefined, y, undefined, y],
    ],
    [
      ["--annotation", "a=b", "-a", "y-"],
      [x, { a: "b" }, x, { a: "b" }],
    ],
    [
      ["--annotation-service", "a=b"],
      [x, { ...y, a: "b" }, x, y],
    ],
    [
      ["--annotation-revision", "a=b"],
      [x, y, x, { ...y, a: "b" }],
    ],
    [
      ["--annotation", `${autoscaling}window=9s`],
      [x, y, x, { ...y, [`${autoscaling}window`]: "9s" }],
    ],
    [["--cluster-local"], [{ ...x, "networking.knative.dev/visibility": "cluster-local" }, y, x, y]],
  ])("%j are where they belong", (line, wanted) => {
    expect(maps(helloAfter(line, first))).toEqual(wanted)
  })

  it("of visibility go when it is public again, and those of a profile with it", () => {
    const before = helloAfter(["--cluster-local", "--profile", "istio"], first)
    expect(before.metadata.annotations).toHaveProperty("sidecar.istio.io/inject", "true")
    expect(maps(helloAfter(["--no-cluster-local", "--profile", "istio-"], before))).toEqual([x, y, x, y])
  })
})

describe("traffic", () => {
  it("is split and tagged in one line, by a tag that is given in it too", () => {
    const { traffic } = helloAfter(["--tag", "hello-00001=old", "--traffic", "old=10,@latest=90"], first).spec ?? {}
    expect(traffic).toEqual([
      { revisionName: "hello-00001", latestRevision: false, percent: 10 },
      { latestRevision: true, percent: 90 },
      { revisionName: "hello-00001", latestRevision: false, percent: 0, tag: "old" },
    ])
  })
})

describe("a flag that cannot be meant", () => {
  it.each<[string[], string]>([
    [["--scale", "many"], "--scale many: must be MIN..MAX"],
    [["--scale", ".."], "--scale ..: must be MIN..MAX"],
    [["--scale", "5..1"], "--scale 5..1: the least number must not be above the greatest"],
    [["--scale", "1", "--scale-max", "2"], "--scale and --scale-max: only one of them can be given"],
    [["--scale-min", "-1"], "--scale-min -1: must be a whole number of at least 0"],
    [["--scale-activation", "0"], "--scale-activation 0: must be a whole number of at least 1"],
    [["--scale-target", "none"], "--scale-target none: must be a number above 0"],
    [["--scale-utilization", "101"], "--scale-utilization 101: must be a whole number from 1 to 100"],
    [["--concurrency", "1001"], "--concurrency-limit 1001: must be a whole number from 0 to 1000"],
    [["--timeout", "soon"], "--timeout soon: must be a duration such as 30s or 5m"],
    [["--port", "http"], "--port http: must be PORT or h2c:PORT"],
    [["--port", "0"], "--port 0: must be PORT or h2c:PORT, where PORT is from 1 to 65535"],
    [["--user", "root"], "--user root: must be a whole number of at least 0"],
    [["--pull-policy", "Sometimes"], "must be one of Always, IfNotPresent, Never"],
    [["--env", "K"], "--env K: must be KEY=VALUE, or KEY- to take it away"],
    [["--env", "=v"], "--env =v: must be KEY=VALUE"],
    [["--env-from", "m"], "--env-from m: must be cm:CONFIGMAP or secret:SECRET"],
    [["--env-value-from", "K=cm:m"], "--env-value-from K=cm:m: must be KEY=cm:CONFIGMAP:KEY"],
    [["--limit", "cpu=lots"], "--limit cpu=lots: must be a quantity"],
    [["--memory", "1GB"], "--memory 1GB: must be a quantity"],
    [["--probe-liveness", "ftp:x"], "--probe-liveness ftp:x: must be http:HOST:PORT:PATH"],
    [["--probe-startup-opts", "Period=1"], "must be KEY=NUMBER, where KEY is one of initialDelaySeconds"],
    [["--probe-startup-opts", "PeriodSeconds=1"], "there is no startup probe: give --probe-startup"],
    [["--volume", "v"], "--volume v: must be NAME= with cm:CONFIGMAP, secret:SECRET, ed:NAME or pvc:CLAIM"],
    [["--volume", "v=ed::shape=round"], "knows no shape=round: an empty directory takes size=QUANTITY and type=Memory"],
    [["--mount", "data=cm:m"], "--mount data=cm:m: must be /DIR= with cm:CONFIGMAP"],
    [["--mount", "/d=disk:m"], "--mount /d=disk:m: must be /DIR= with cm:CONFIGMAP"],
    [["--node-affinity", "Key=a,Operator=In"], "Type must be Required or Preferred"],
    [["--toleration", "Colour=red"], "knows no Colour; the fields are Key, Operator, Value, Effect"],
    [["--containers", "none"], "must have a list named containers"],
    [["--annotation-service", `${autoscaling}window=9s`], "use --annotation-revision"],
    [["--revision-name", "{{.Name}}"], "knows only {{.Service}}, {{.Generation}} and {{.Random N}}"],
    [["--traffic", "a"], "a: must be REVISION=PERCENT"],
    [["--tag", "a=B"], "--tag a=B: must be REVISION=TAG"],
  ])("%j is told with what would be right", (line, message) => {
    expect(() => helloAfter(line)).toThrow(message)
  })

  it("is refused though another flag would take its effect away", () => {
    expect(() => helloAfter(["--env", "A=1", "--env", "nonsense"])).toThrow("--env nonsense")
  })
})

it("no two flags have a spelling in common", () => {
  const spellings = specFlags.flatMap(({ name, short, also = [] }) => [name, ...also, ...(short ? [short] : [])])
  expect(new Set(spellings).size).toBe(spellings.length)
})
