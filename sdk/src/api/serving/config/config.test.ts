import { describe, expect, it } from "vitest"
import { crc32 } from "./crc32.ts"
import { configMistakes, documentation, domainOf, exampleMistakes, mapNames, readConfig } from "./index.ts"

const read = (name: string, data: Record<string, string>) => readConfig({ [name]: data })

describe("configuration", () => {
  it("has Knative's defaults where nothing is set", () => {
    const { autoscaler, defaults, deployment, features, gc, leaderElection, network } = readConfig({})
    expect(autoscaler).toMatchObject({ "stable-window": 60_000, "target-burst-capacity": 211, "initial-scale": 1 })
    expect(defaults).toMatchObject({ "revision-timeout-seconds": 300, "enable-service-links": false })
    expect(deployment).toMatchObject({ "progress-deadline": 600_000, "digest-resolution-timeout": 10_000 })
    expect(deployment["registries-skipping-tag-resolving"]).toEqual(["kind.local", "ko.local", "dev.local"])
    expect(gc).toEqual({
      "retain-since-create-time": 172_800_000,
      "retain-since-last-active-time": 54_000_000,
      "min-non-active-revisions": 20,
      "max-non-active-revisions": 1_000,
    })
    expect(leaderElection).toMatchObject({ "lease-duration": 60_000, "renew-deadline": 40_000, buckets: 1 })
    expect(features.enables("multi-container")).toBe(true)
    expect(features.permits("podspec-hostnetwork")).toBe(false)
    expect(features.of("podspec-dryrun")).toBe("Allowed")
    expect(network["http-protocol"]).toBe("Enabled")
  })

  it("is read without regard to documentation and to keys that it does not know", () => {
    const { gc } = read("config-gc", { _example: "x", "stale-revision-timeout": "1h" })
    expect(gc).toEqual(readConfig({}).gc)
    expect(configMistakes("config-gc", { _example: "x", what: "ever" })).toEqual([])
    expect(configMistakes("kube-root-ca.crt", { "ca.crt": "x" })).toEqual([])
  })

  it("takes the older name of a key, and the newer where both are set", () => {
    expect(read("config-deployment", { progressDeadline: "30s" }).deployment["progress-deadline"]).toBe(30_000)
    const both = read("config-deployment", { progressDeadline: "30s", "progress-deadline": "40s" })
    expect(both.deployment["progress-deadline"]).toBe(40_000)
    expect(read("config-network", { autoTLS: "enabled" }).network["external-domain-tls"]).toBe("Enabled")
  })

  it("keeps what held before when a map cannot be read", () => {
    const before = read("config-gc", { "min-non-active-revisions": "3" })
    const after = readConfig({ "config-gc": { "min-non-active-revisions": "many" } }, before)
    expect(after.gc["min-non-active-revisions"]).toBe(3)
    expect(read("config-gc", { "min-non-active-revisions": "many" }).gc["min-non-active-revisions"]).toBe(20)
  })

  it("reads flags however they are capitalized", () => {
    const { features } = read("config-features", {
      "kubernetes.podspec-hostpid": "ALLOWED",
      "multi-container": "disabled",
    })
    expect([features.permits("podspec-hostpid"), features.enables("podspec-hostpid")]).toEqual([true, false])
    expect(features.permits("multi-container")).toBe(false)
  })

  it("finds the domain with the most specific selector", () => {
    const { domain } = read("config-domain", {
      "all.example": "",
      "app.example": "selector:\n  app: web",
      "both.example": "selector:\n  app: web\n  tier: front",
    })
    expect(domainOf(domain, undefined)).toBe("all.example")
    expect(domainOf(domain, { app: "web" })).toBe("app.example")
    expect(domainOf(domain, { app: "web", tier: "front" })).toBe("both.example")
    expect(domainOf(readConfig({}).domain, { app: "web" })).toBe("example.com")
  })

  it("fills templates of names", () => {
    const { network } = read("config-network", {
      "domain-template": '{{.Name}}-{{ index .Annotations "sub" }}.{{.Domain}}',
    })
    const data = { Name: "a", Namespace: "b", Domain: "c.d", Labels: new Map(), Annotations: new Map([["sub", "x"]]) }
    expect(network["domain-template"].execute(data)).toBe("a-x.c.d")
    expect(network["tag-template"].execute({ Name: "a", Tag: "next" })).toBe("next-a")
  })

  it("reads levels of logs", () => {
    const { logging } = read("config-logging", {
      "zap-logger-config": '{"level":"warn"}',
      "loglevel.activator": "debug",
    })
    expect(logging).toEqual({ level: "warn", levels: { activator: "debug" } })
  })
})

describe("what is wrong with a map", () => {
  const rows: [string, Record<string, string>, string][] = [
    [
      "config-autoscaler",
      { "max-scale-up-rate": "fast" },
      'failed to parse "max-scale-up-rate": strconv.ParseFloat: parsing "fast": invalid syntax',
    ],
    [
      "config-autoscaler",
      { "initial-scale": "1.5" },
      'failed to parse "initial-scale": strconv.ParseInt: parsing "1.5": invalid syntax',
    ],
    [
      "config-autoscaler",
      { "max-scale": "3000000000" },
      'failed to parse "max-scale": strconv.ParseInt: parsing "3000000000": value out of range',
    ],
    [
      "config-autoscaler",
      { "enable-scale-to-zero": "yes" },
      'failed to parse "enable-scale-to-zero": strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    [
      "config-autoscaler",
      { "stable-window": "60" },
      'failed to parse "stable-window": time: missing unit in duration "60"',
    ],
    [
      "config-autoscaler",
      { "stable-window": "6x" },
      'failed to parse "stable-window": time: unknown unit "x" in duration "6x"',
    ],
    ["config-autoscaler", { "stable-window": "1s" }, "stable-window = 1s, must be in [6s; 1h0m0s] range"],
    [
      "config-autoscaler",
      { "stable-window": "6500ms" },
      "stable-window = 6.5s, must be specified with at most second precision",
    ],
    ["config-autoscaler", { "scale-down-delay": "-5s" }, "scale-down-delay cannot be negative, was: -5s"],
    [
      "config-autoscaler",
      { "scale-to-zero-grace-period": "0s" },
      "scale-to-zero-grace-period must be positive, was: 0s",
    ],
    [
      "config-autoscaler",
      { "target-burst-capacity": "-2" },
      "target-burst-capacity must be either non-negative or -1 (for unlimited), was: -2.000000",
    ],
    ["config-autoscaler", { "max-scale-down-rate": "1" }, "max-scale-down-rate = 1, must be greater than 1.0"],
    [
      "config-autoscaler",
      { "panic-window-percentage": "0" },
      "panic-window-percentage = 0, must be in [1, 100] interval",
    ],
    [
      "config-autoscaler",
      { "initial-scale": "0" },
      "initial-scale = 0, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)",
    ],
    ["config-autoscaler", { "max-scale-limit": "5" }, "max-scale = 0, must be in [1, max-scale-limit(5)] range"],
    [
      "config-defaults",
      { "revision-timeout-seconds": "700" },
      "revision-timeout-seconds (700) cannot be greater than max-revision-timeout-seconds (600)",
    ],
    [
      "config-defaults",
      { "revision-idle-timeout-seconds": "301" },
      "revision-idle-timeout-seconds (301) cannot be greater than revision-timeout-seconds (300)",
    ],
    [
      "config-defaults",
      { "revision-cpu-request": "much" },
      "failed to parse \"revision-cpu-request\": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      "config-defaults",
      { "container-concurrency-max-limit": "0" },
      "expected 1 <= 0 <= 2147483647: container-concurrency-max-limit",
    ],
    ["config-defaults", { "container-concurrency": "2000" }, "expected 0 <= 2000 <= 1000: container-concurrency"],
    ["config-defaults", { "container-name-template": "{{.NAme}}" }, "can't evaluate field NAme in type struct"],
    [
      "config-defaults",
      { "container-name-template": "{{animals}}" },
      'template: container-template:1: function "animals" not defined',
    ],
    [
      "config-deployment",
      { "progress-deadline": "1500ms" },
      "progress-deadline must be rounded to a whole second, was: 1.5s",
    ],
    ["config-deployment", { "progress-deadline": "0s" }, "progress-deadline cannot be a non-positive duration, was 0s"],
    ["config-deployment", { "default-affinity-type": "near" }, 'unsupported default-affinity-type value: "near"'],
    ["config-domain", { "example.org": "selector: 3" }, "example.org: error converting YAML to JSON"],
    ["config-features", { "multi-container": "maybe" }, 'failed to parse "multi-container": invalid value "maybe"'],
    [
      "config-gc",
      { "min-non-active-revisions": "7", "max-non-active-revisions": "5" },
      "min-non-active-revisions(7) must be <= max-non-active-revisions(5)",
    ],
    ["config-gc", { "min-non-active-revisions": "-1" }, "min-non-active-revisions must be non-negative, was: -1"],
    ["config-leader-election", { buckets: "11" }, "buckets: value must be between 1 <= 11 <= 10"],
    ["config-logging", { "loglevel.controller": "loud" }, "invalid logging level: loud"],
    ["config-network", { "http-protocol": "gone" }, "httpProtocol gone in config-network ConfigMap is not supported"],
    ["config-network", { "rollout-duration": "-1" }, "rollout-duration must be a positive integer, but was -1"],
    ["config-network", { "domain-template": "{{.Name}}/{{.Domain}}" }, "domain template has url path: /baz.com"],
    ["config-network", { "tag-template": "{{.Tag" }, "unclosed action"],
    ["config-observability", { "metrics-protocol": "grpc" }, 'endpoint should be set when protocol is "grpc"'],
    ["config-observability", { "metrics-protocol": "pigeon" }, 'unsupported protocol "pigeon"'],
    ["config-observability", { "tracing-protocol": "grpc" }, 'endpoint should be set for protocol "grpc"'],
    ["config-observability", { "tracing-endpoint": "http://a" }, "endpoint should not be set when protocol is 'none'"],
    [
      "config-observability",
      { "tracing-protocol": "http/protobuf", "tracing-endpoint": "ftp://a" },
      'tracing-endpoint: "ftp://a" is no address of a collector',
    ],
    [
      "config-observability",
      { "tracing-sampling-rate": "2" },
      "sampling rate 2.000000 should be less than or equal to one",
    ],
    [
      "config-observability",
      { "logging.enable-request-log": "true", "logging.request-log-template": "" },
      'but no "logging.request-log-template" was specified',
    ],
  ]
  it.each(rows)("is told in Knative's words: %s %o", (name, data, message) => {
    const mistakes = configMistakes(name, data)
    expect(mistakes).toHaveLength(1)
    expect(mistakes[0]).toContain(message)
  })

  it("is told of every key at once", () => {
    expect(
      configMistakes("config-gc", { "min-non-active-revisions": "x", "retain-since-create-time": "y" }),
    ).toHaveLength(2)
  })
})

describe("the example of a map", () => {
  it("is there for each, and says what holds without it", () => {
    expect(documentation().map(({ name }) => name)).toEqual(mapNames)
    const example = documentation().find(({ name }) => name === "config-gc")?.data._example
    expect(example).toContain('min-non-active-revisions: "20"')
    expect(example?.split("\n").every((line) => line.length <= 100)).toBe(true)
  })

  it("has the checksum that Knative would compute", () => {
    expect(crc32("123456789").toString(16)).toBe("cbf43926")
  })

  it("may not be changed instead of the settings", () => {
    for (const map of documentation()) {
      const metadata = { annotations: map.annotations }
      expect(exampleMistakes({ metadata, data: map.data })).toEqual([])
      expect(exampleMistakes({ metadata, data: { _example: `\n${map.data._example}\n` } })).toEqual([])
      expect(exampleMistakes({ metadata, data: { _example: `${map.data._example}x: "1"` } })[0]).toContain(
        'the update modifies a key in "_example" which is probably not what you want.',
      )
    }
  })
})
