import { describe, expect, it } from "vitest"
import { judged, prepared } from "../testing/judge.ts"
import { cronJobs } from "./cron-job.ts"
import { scheduleMistake } from "./cron-schedule.ts"
import { jobs } from "./job.ts"

const template = (spec: object = {}) => ({
  spec: { restartPolicy: "Never", containers: [{ name: "app", image: "busybox:1" }], ...spec },
})
const job = (more: object = {}) => ({ spec: { template: template(), ...more } })
const indexed = { completionMode: "Indexed", completions: 3, parallelism: 3 }

describe("a new job", () => {
  it.each<[string, object, string[]]>([
    ["that is right", {}, []],
    [
      "whose pods never end",
      { template: template({ restartPolicy: "Always" }) },
      ['spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"'],
    ],
    [
      "of negative numbers",
      { parallelism: -1, completions: -1, backoffLimit: -1, activeDeadlineSeconds: -1, ttlSecondsAfterFinished: -1 },
      ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"].map(
        (field) => `spec.${field}: Invalid value: -1: must be greater than or equal to 0`,
      ),
    ],
    [
      "with indexes and no number of them",
      { completionMode: "Indexed", parallelism: 2 },
      ["spec.completions: Required value: when completion mode is Indexed"],
    ],
    [
      "that counts by index without indexes",
      { backoffLimitPerIndex: 1, maxFailedIndexes: 1 },
      [
        "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode",
      ],
    ],
    [
      "of an unknown mode",
      { completionMode: "Random", podReplacementPolicy: "Never" },
      [
        'spec.completionMode: Unsupported value: "Random": supported values: "Indexed", "NonIndexed"',
        'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
      ],
    ],
    [
      "with a selector of its own",
      { selector: { matchLabels: { a: "b" } } },
      ['spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` not auto-generated'],
    ],
    [
      "that is run by nobody",
      { managedBy: "me" },
      ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      "with a failure policy",
      {
        template: template({ restartPolicy: "OnFailure" }),
        podFailurePolicy: {
          rules: [
            { action: "FailIndex", onExitCodes: { operator: "In", values: [2, 0], containerName: "other" } },
            { action: "Retry", onPodConditions: [{ type: "DisruptionTarget", status: "Yes" }] },
            { action: "Ignore" },
          ],
        },
      },
      [
        'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer names in the pod template',
        "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
        "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0]: must be ordered",
        'spec.podFailurePolicy.rules[1].action: Unsupported value: "Retry": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
        'spec.podFailurePolicy.rules[1].onPodConditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
        "spec.podFailurePolicy.rules[2]: Invalid value: null: specifying one of OnExitCodes and OnPodConditions is required",
        'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
      ],
    ],
    [
      "with a success policy",
      { ...indexed, successPolicy: { rules: [{}, { succeededCount: 4 }, { succeededIndexes: "2,1" }] } },
      [
        "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified",
        "spec.successPolicy.rules[1].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of specified completions)",
        'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "2,1": error parsing succeededIndexes: "1" must be an index or a range that rises and is below 3',
      ],
    ],
  ])("%s is judged", (_, more, messages) => expect(judged("Job", jobs, job(more))).toEqual(messages))

  it("gets Kubernetes' defaults, and finds its pods by its own UID", () => {
    const made = prepared("Job", jobs, job())
    const labels = {
      "batch.kubernetes.io/controller-uid": "3b9a",
      "controller-uid": "3b9a",
      "batch.kubernetes.io/job-name": "web",
      "job-name": "web",
    }
    expect(made.spec).toMatchObject({
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: "NonIndexed",
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: "TerminatingOrFailed",
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "3b9a" } },
      template: { metadata: { labels } },
    })
    expect(prepared("Job", jobs, { spec: { ...(made.spec as object) } })).toEqual(made)
  })

  it("has no number of completions when only its parallelism was said", () => {
    expect(prepared("Job", jobs, job({ parallelism: 2 })).spec).not.toHaveProperty("completions")
  })

  it("may choose its pods by hand", () => {
    const selector = { matchLabels: { app: "a" } }
    const byHand = { manualSelector: true, selector, template: { metadata: { labels: { app: "a" } }, ...template() } }
    expect(judged("Job", jobs, job(byHand))).toEqual([])
    expect(judged("Job", jobs, job({ ...byHand, template: template() }))).toEqual([
      "spec.template.metadata.labels: Invalid value: {}: `selector` does not match template `labels`",
    ])
  })
})

describe("a change of a job", () => {
  const change = (old: object, next: object): string[] => {
    const before = prepared("Job", jobs, job(old))
    const after = { spec: { ...(before.spec as object), ...next } }
    return judged("Job", jobs, after, { ...before })
  }
  it.each<[string, object, object, RegExp[]]>([
    ["may be its parallelism and its suspension", {}, { parallelism: 5, suspend: true }, []],
    ["is not its completions", {}, { completions: 2 }, [/^spec.completions: Invalid value: 2: field is immutable$/]],
    ["may be the number of indexes, all at once", indexed, { completions: 5, parallelism: 5 }, []],
    [
      "is not the number of indexes alone",
      indexed,
      { completions: 5 },
      [/^spec.completions: Invalid value: 5: can only be modified in tandem with parallelism$/],
    ],
    ["is not its template", {}, { template: template() }, [/^spec.template: Invalid value: .*: field is immutable$/]],
    [
      "is not its mode",
      {},
      { completionMode: "Indexed" },
      [/^spec.completionMode: Invalid value: "Indexed": field is immutable$/],
    ],
  ])("%s", (_, old, next, messages) => {
    const said = change(old, next)
    expect(said).toHaveLength(messages.length)
    for (const [at, message] of messages.entries()) expect(said[at]).toMatch(message)
  })

  it("may be where its pods run, before it was started", () => {
    const before = prepared("Job", jobs, job({ suspend: true }))
    const spec = structuredClone(before.spec) as { template: { spec: object } }
    Object.assign(spec.template.spec, { nodeSelector: { zone: "a" } })
    expect(judged("Job", jobs, { spec }, before)).toEqual([])
    const started = prepared("Job", jobs, job())
    expect(judged("Job", jobs, { spec: { ...spec, suspend: false } }, started)).toHaveLength(1)
  })
})

describe("a schedule", () => {
  it.each([
    "* * * * *",
    "*/5 0-6 1,15 jan-mar mon-fri",
    "0 0 * * 0",
    "@daily",
    "@every 1h30m",
    "? 3 ? * *",
    "5/15 * * * *",
  ])("may be %s", (schedule) => expect(scheduleMistake(schedule)).toBeUndefined())
  it.each([
    ["* * *", "expected exactly 5 fields, found 3: [* * *]"],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["30-10 * * * *", "beginning of range (30) beyond end of range (10): 30-10"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["1/2/3 * * * *", "too many slashes: 1/2/3"],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ["@often", "unrecognized descriptor: @often"],
    ["@every day", 'failed to parse duration @every day: time: invalid duration "day"'],
  ])("is not %s", (schedule, mistake) => expect(scheduleMistake(schedule)).toBe(mistake))
})

describe("a cron job", () => {
  const cronJob = (more: object = {}) => ({ spec: { schedule: "* * * * *", jobTemplate: job(), ...more } })
  it.each<[string, object, string[]]>([
    ["that is right", { timeZone: "Europe/Berlin" }, []],
    ["without a schedule", { schedule: "" }, ["spec.schedule: Required value"]],
    [
      "of a wrong schedule",
      { schedule: "* *" },
      ['spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]'],
    ],
    [
      "with a zone in its schedule",
      { schedule: "TZ=UTC * * * * *" },
      [
        'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      "of an unknown zone",
      { timeZone: "Mars/Base" },
      ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
    ],
    [
      "of an unknown policy",
      { concurrencyPolicy: "Maybe", successfulJobsHistoryLimit: -1 },
      [
        'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
        "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
      ],
    ],
    [
      "of wrong jobs",
      { jobTemplate: job({ manualSelector: true, template: template({ containers: [{ name: "a" }] }) }) },
      [
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        "spec.jobTemplate.spec.template.spec.containers[0].image: Required value",
      ],
    ],
  ])("%s is judged", (_, more, messages) => expect(judged("CronJob", cronJobs, cronJob(more))).toEqual(messages))

  it("keeps some of its jobs, and may run several at a time", () => {
    expect(prepared("CronJob", cronJobs, cronJob()).spec).toMatchObject({
      concurrencyPolicy: "Allow",
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    })
  })

  it("has a name that leaves room for its jobs'", () => {
    const long = { metadata: { name: "a".repeat(53), namespace: "default" }, ...cronJob() }
    expect(judged("CronJob", cronJobs, long)).toEqual([
      `metadata.name: Invalid value: "${"a".repeat(53)}": must be no more than 52 characters`,
    ])
  })
})
