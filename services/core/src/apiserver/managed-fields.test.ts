import { ConfigMap } from "@wick/sdk/api"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { ManagedFieldsEntry } from "@wick/sdk/api/meta/object-meta"
import { SimulatedClock } from "@wick/sdk/clock"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

const core = "/api/v1/namespaces/default"
const apps = "/apis/apps/v1/namespaces/default"
const merge = "application/merge-patch+json"
const applyYaml = "application/apply-patch+yaml"

let clock: SimulatedClock
let api: TestApi
beforeEach(async () => {
  clock = new SimulatedClock()
  api = await startTestApi({ clock })
})
afterEach(() => api[Symbol.asyncDispose]())

interface Answer extends AnyObject {
  code?: number
  message?: string
  details?: { causes?: unknown }
}

interface Sent {
  agent?: string
  type?: string
  user?: string
}

async function send(method: string, path: string, body: object, { agent, type, user }: Sent = {}): Promise<Answer> {
  const headers = { "content-type": type ?? "application/json", ...(agent && { "user-agent": agent }) }
  const fetch = api.server.fetchAs({ name: user ?? "admin", groups: ["system:masters"] })
  return (await (
    await fetch(new Request(`http://x${path}`, { method, headers, body: JSON.stringify(body) }))
  ).json()) as Answer
}

/** Seconds later: times of entries are whole seconds. */
const later = (): Promise<void> => clock.advance(2_000)
const entries = ({ metadata }: AnyObject): ManagedFieldsEntry[] => metadata.managedFields ?? []
const fieldsOf = (object: AnyObject, manager: string): unknown =>
  entries(object).find((entry) => entry.manager === manager)?.fieldsV1
const namesOf = (object: AnyObject): (string | undefined)[] => entries(object).map(({ manager }) => manager)
const map = (data: object, metadata: object = {}): object => ({ metadata: { name: "m", ...metadata }, data })
const apply = (manager: string, body: object, path = `${core}/configmaps/m`, force = ""): Promise<Answer> =>
  send("PATCH", `${path}?fieldManager=${manager}${force && "&force=true"}`, body, { type: applyYaml })

const deployment = {
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "nginx", image: "nginx" }] } },
  },
}

describe("what is created", () => {
  it("belongs to its creator from the first write, defaults included and what the server keeps not", async () => {
    const made = await send("POST", `${apps}/deployments?fieldManager=kubectl-create`, deployment)
    const labels = { "f:labels": { ".": {}, "f:app": {} } }
    const container = {
      ".": {},
      "f:image": {},
      "f:imagePullPolicy": {},
      "f:name": {},
      "f:resources": {},
      "f:terminationMessagePath": {},
      "f:terminationMessagePolicy": {},
    }
    expect(entries(made)).toEqual([
      {
        manager: "kubectl-create",
        operation: "Update",
        apiVersion: "apps/v1",
        time: new Date(clock.now()).toISOString().replace(".000", ""),
        fieldsType: "FieldsV1",
        fieldsV1: {
          "f:metadata": labels,
          "f:spec": {
            "f:progressDeadlineSeconds": {},
            "f:replicas": {},
            "f:revisionHistoryLimit": {},
            "f:selector": {},
            "f:strategy": { "f:rollingUpdate": { ".": {}, "f:maxSurge": {}, "f:maxUnavailable": {} }, "f:type": {} },
            "f:template": {
              "f:metadata": labels,
              "f:spec": {
                "f:containers": { 'k:{"name":"nginx"}': container },
                "f:dnsPolicy": {},
                "f:enableServiceLinks": {},
                "f:restartPolicy": {},
                "f:schedulerName": {},
                "f:securityContext": {},
                "f:terminationGracePeriodSeconds": {},
              },
            },
          },
        },
      },
    ])
  })

  it.each([
    [{ agent: "kubectl/v1.36.0 (linux/amd64)" }, "kubectl"],
    [{ agent: `${"a".repeat(200)}/v1` }, "a".repeat(128)],
    [{ user: "system:kube-scheduler" }, "kube-scheduler"],
    [{ user: "system:node:one" }, "kubelet"],
    [{ user: "system:serviceaccount:wick:autoscaler" }, "autoscaler"],
  ])("by %j is %s's", async (sent, manager) => {
    expect(namesOf(await send("POST", `${core}/configmaps`, map({ a: "1" }), sent))).toEqual([manager])
  })

  it("is not its creator's where admission has put it in", async () => {
    await using other = await startTestApi({
      admission: [
        { name: "label", mutate: ({ object }) => void Object.assign(object?.metadata ?? {}, { labels: { x: "" } }) },
      ],
    })
    const made = await other.client.create(ConfigMap, {
      metadata: { name: "m", namespace: "default" },
      data: { a: "1" },
    })
    expect(made.metadata.labels).toEqual({ x: "" })
    expect(made.metadata.managedFields?.[0]?.fieldsV1).toEqual({ "f:data": { ".": {}, "f:a": {} } })
  })
})

it.each([
  [`fieldManager=${"a".repeat(129)}`, "fieldManager: Too long: may not be more than 128 bytes"],
  ["fieldManager=a%09b", 'fieldManager: Invalid value: "a\\tb": invalid character U+0009 (at position 1)'],
  ["force=true", "force: Forbidden: may not be specified for non-apply patch"],
])("a patch with %s is refused", async (query, message) => {
  const refused = await send("PATCH", `${core}/configmaps/m?${query}`, {}, { type: merge })
  expect(refused).toMatchObject({ code: 422, message: `PatchOptions.meta.k8s.io "" is invalid: ${message}` })
})

it("what the server makes for itself is nobody's", async () => {
  const job = {
    metadata: { name: "j" },
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } },
  }
  const made = await send("POST", "/apis/batch/v1/namespaces/default/jobs", job, { agent: "one" })
  expect(made.spec).toHaveProperty("selector")
  expect(fieldsOf(made, "one")).not.toHaveProperty(["f:spec", "f:selector"])
  expect(fieldsOf(made, "one")).not.toHaveProperty(["f:spec", "f:template", "f:metadata"])
  const namespace = await send("POST", "/api/v1/namespaces", { metadata: { name: "shop" } }, { agent: "one" })
  const labels = { ".": {}, "f:kubernetes.io/metadata.name": {} }
  expect(fieldsOf(namespace, "one")).toEqual({ "f:metadata": { "f:labels": labels } })
})

it("an object that is too large with its owners is stored without them", async () => {
  const data = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`${at}`.padStart(25, "k"), ""]))
  const made = await send("POST", `${core}/configmaps`, map(data), { agent: "one" })
  expect(made.code).toBeUndefined()
  expect(made.metadata.uid).toBeDefined()
  expect(entries(made)).toEqual([])
})

describe("an update", () => {
  it("owns what it changed, which nobody else does any more, and drops what is gone", async () => {
    await send("POST", `${core}/configmaps`, map({ a: "1", b: "1", c: "1" }), { agent: "one" })
    await later()
    const body = { data: { a: "2", b: null } }
    const after = await send("PATCH", `${core}/configmaps/m`, body, { agent: "two", type: merge })
    expect(fieldsOf(after, "one")).toEqual({ "f:data": { ".": {}, "f:c": {} } })
    expect(fieldsOf(after, "two")).toEqual({ "f:data": { "f:a": {} } })
  })

  it("that changes nothing keeps version and times, whoever sends it", async () => {
    const made = await send("POST", `${core}/configmaps`, map({ a: "1" }), { agent: "one" })
    await later()
    expect(await send("PUT", `${core}/configmaps/m`, map({ a: "1" }), { agent: "one" })).toEqual(made)
    expect(await send("PUT", `${core}/configmaps/m`, made, { agent: "two" })).toEqual(made)
  })

  it("joins what its manager owns already, with the time of the last", async () => {
    const made = await send("POST", `${core}/configmaps`, map({ a: "1" }), { agent: "one" })
    await later()
    const after = await send("PATCH", `${core}/configmaps/m`, { data: { b: "1" } }, { agent: "one", type: merge })
    expect(entries(after)).toHaveLength(1)
    expect(fieldsOf(after, "one")).toEqual({ "f:data": { ".": {}, "f:a": {}, "f:b": {} } })
    expect(entries(after)[0]?.time).not.toBe(entries(made)[0]?.time)
    await later()
    const less = await send("PATCH", `${core}/configmaps/m`, { data: { b: null } }, { agent: "one", type: merge })
    expect(entries(less)[0]?.time).toBe(entries(after)[0]?.time)
  })

  it("of status or scale is told apart from one of the rest", async () => {
    await send("POST", `${apps}/deployments`, deployment, { agent: "creator" })
    const status = { status: { replicas: 1, conditions: [{ type: "Available", status: "True" }] } }
    await send("PATCH", `${apps}/deployments/web/status`, status, { agent: "controller", type: merge })
    const scale = { spec: { replicas: 3 } }
    await send("PATCH", `${apps}/deployments/web/scale`, scale, { agent: "scaler", type: merge })
    const after = await send("PATCH", `${apps}/deployments/web`, {}, { type: merge })
    const conditions = { ".": {}, 'k:{"type":"Available"}': { ".": {}, "f:status": {}, "f:type": {} } }
    expect(entries(after).map(({ manager, subresource }) => [manager, subresource])).toEqual([
      ["controller", "status"],
      ["creator", undefined],
      ["scaler", "scale"],
    ])
    expect(fieldsOf(after, "controller")).toEqual({ "f:status": { "f:conditions": conditions, "f:replicas": {} } })
    expect(fieldsOf(after, "scaler")).toEqual({ "f:spec": { "f:replicas": {} } })
    expect(fieldsOf(after, "creator")).not.toHaveProperty(["f:spec", "f:replicas"])
  })

  it("of the status may note beside it what it has seen, and owns the note, but moves no pod by its labels", async () => {
    await send("POST", `${core}/pods`, {
      metadata: { name: "p", labels: { app: "a" } },
      spec: { containers: [{ name: "c", image: "i" }] },
    })
    const metadata = { labels: { app: "b" }, annotations: { "a.test/seen": "1" } }
    const body = { metadata, spec: { nodeName: "n" }, status: { phase: "Running" } }
    const after = await send("PATCH", `${core}/pods/p/status`, body, { agent: "reporter", type: merge })
    expect(after.metadata).toMatchObject({ labels: { app: "a" }, annotations: { "a.test/seen": "1" } })
    expect(after.spec).not.toHaveProperty("nodeName")
    expect(fieldsOf(after, "reporter")).toEqual({
      "f:metadata": { "f:annotations": { ".": {}, "f:a.test/seen": {} } },
      "f:status": { "f:phase": {} },
    })
  })

  it("by an eleventh manager puts the two that wrote longest ago together", async () => {
    await send("POST", `${core}/configmaps`, map({ m0: "1" }), { agent: "m0" })
    let after: Answer | undefined
    for (let index = 1; index <= 11; index++) {
      await later()
      const data = { [`m${index}`]: "1" }
      after = await send("PATCH", `${core}/configmaps/m`, { data }, { agent: `m${index}`, type: merge })
    }
    expect(namesOf(after as Answer)).toEqual(["ancient-changes", ...Array.from({ length: 9 }, (_, at) => `m${at + 3}`)])
    const fields = { ".": {}, "f:m0": {}, "f:m1": {}, "f:m2": {} }
    expect(fieldsOf(after as Answer, "ancient-changes")).toEqual({ "f:data": fields })
  })
})

describe("managedFields that a client sends", () => {
  it.each([[[]], [[{}]]])("as %j are forgotten, until somebody applies", async (managedFields) => {
    const made = await send("POST", `${core}/configmaps`, map({ a: "1" }), { agent: "one" })
    const reset = { ...made, metadata: { ...made.metadata, managedFields } }
    expect(entries(await send("PUT", `${core}/configmaps/m`, reset))).toEqual([])
    const changed = await send("PATCH", `${core}/configmaps/m`, { data: { a: "2" } }, { type: merge })
    expect(entries(changed)).toEqual([])
    const applied = await apply("two", { apiVersion: "v1", kind: "ConfigMap", ...map({ b: "1" }) })
    expect(fieldsOf(applied, "before-first-apply")).toEqual({ "f:data": { ".": {}, "f:a": {} } })
    expect(fieldsOf(applied, "two")).toEqual({ "f:data": { "f:b": {} } })
  })

  it("are taken at their word, as kubectl needs that moves its own to server-side apply", async () => {
    const made = await send("POST", `${core}/configmaps?fieldManager=kubectl-client-side-apply`, map({ a: "1" }))
    const value = entries(made).map((entry) => ({ ...entry, manager: "kubectl", operation: "Apply" }))
    const patch = [
      { op: "replace", path: "/metadata/managedFields", value },
      { op: "replace", path: "/metadata/resourceVersion", value: made.metadata.resourceVersion },
    ]
    const moved = await send("PATCH", `${core}/configmaps/m`, patch, { type: "application/json-patch+json" })
    expect(entries(moved)).toEqual(value)
    const after = await apply("kubectl", { apiVersion: "v1", kind: "ConfigMap", ...map({ b: "1" }) })
    expect(after).toMatchObject({ data: { b: "1" } })
    expect(after).not.toHaveProperty("data.a")
  })

  it.each([
    [[{ manager: "x", operation: "Steal", fieldsType: "FieldsV1", fieldsV1: { "f:data": {} } }]],
    [[{ manager: "x", operation: "Apply", fieldsType: "FieldsV2", fieldsV1: { "f:data": {} } }]],
    [[{ manager: "x", operation: "Apply", fieldsType: "FieldsV1", fieldsV1: { "k:{": {} } }]],
    [[{ manager: "x", operation: "Apply", fieldsType: "FieldsV1", fieldsV1: { data: {} } }]],
  ])("and nobody can read, as %j, change nothing", async (managedFields) => {
    const made = await send("POST", `${core}/configmaps`, map({ a: "1" }), { agent: "one" })
    const after = await send("PUT", `${core}/configmaps/m`, map({ a: "1" }, { managedFields }))
    expect(entries(after)).toEqual(entries(made))
  })
})

describe("an apply", () => {
  const typed = { apiVersion: "apps/v1", kind: "Deployment" }
  const path = `${apps}/deployments/web`

  it("that would take what others own says from whom, and takes it when it is forced", async () => {
    await send("POST", `${apps}/deployments`, deployment, { agent: "creator" })
    await send("PATCH", `${path}/scale`, { spec: { replicas: 3 } }, { agent: "scaler", type: merge })
    const one = { ...typed, metadata: { name: "web" }, spec: { replicas: 2 } }
    expect(await apply("me", one, path)).toMatchObject({
      code: 409,
      reason: "Conflict",
      message:
        'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: "FieldManagerConflict",
            message: 'conflict with "scaler" with subresource "scale" using apps/v1',
            field: ".spec.replicas",
          },
        ],
      },
    })
    const template = { spec: { containers: [{ name: "nginx", image: "other", imagePullPolicy: "Never" }] } }
    expect((await apply("me", { ...one, spec: { ...one.spec, template } }, path)).message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "creator" using apps/v1:',
        '- .spec.template.spec.containers[name="nginx"].image',
        '- .spec.template.spec.containers[name="nginx"].imagePullPolicy',
        'conflicts with "scaler" with subresource "scale" using apps/v1:',
        "- .spec.replicas",
      ].join("\n"),
    )
    const taken = await apply("me", one, path, "force")
    expect(namesOf(taken)).toEqual(["me", "creator"])
  })

  it("owns together what it says as others do, also when nothing else changes", async () => {
    const body = { apiVersion: "v1", kind: "ConfigMap", ...map({ a: "1" }) }
    await apply("one", body)
    const both = await apply("two", body)
    expect(namesOf(both)).toEqual(["one", "two"])
    const left = await apply("one", { ...body, data: {} })
    expect(left).toMatchObject({ data: { a: "1" } })
    expect(namesOf(left)).toEqual(["one", "two"])
    expect(fieldsOf(left, "one")).toEqual({ "f:data": {} })
    expect(await apply("two", { ...body, data: {} })).not.toHaveProperty("data.a")
  })

  it("of what another makes at the same moment changes what that one has made", async () => {
    const body = (data: object) => ({ apiVersion: "v1", kind: "ConfigMap", ...map(data) })
    const both = await Promise.all([apply("one", body({ a: "1" })), apply("two", body({ b: "2" }))])
    expect(both.map(({ code }) => code)).toEqual([undefined, undefined])
    const last = both.find((answer) => entries(answer).length === 2)
    expect(last).toMatchObject({ data: { a: "1", b: "2" } })
  })

  it("again changes nothing, though it says null where there is nothing", async () => {
    const template = { ...deployment.spec.template, metadata: { labels: { app: "web" }, creationTimestamp: null } }
    const body = { ...typed, ...deployment, spec: { ...deployment.spec, strategy: {}, template }, status: {} }
    const first = await apply("me", body, path)
    await later()
    expect(await apply("me", body, path)).toEqual(first)
  })

  it("that names an item twice is refused", async () => {
    const containers = [
      { name: "a", image: "1" },
      { name: "a", image: "2" },
    ]
    const body = { ...typed, metadata: { name: "web" }, spec: { template: { spec: { containers } } } }
    expect(await apply("me", body, path)).toMatchObject({
      code: 400,
      message:
        'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]',
    })
  })

  it("takes with a struct that it no longer says what defaults had put there", async () => {
    const probe = { readinessProbe: { httpGet: { port: 80 } } }
    const wish = (container: object): object => ({
      ...typed,
      metadata: { name: "web" },
      spec: {
        ...deployment.spec,
        template: {
          ...deployment.spec.template,
          spec: { containers: [{ name: "nginx", image: "nginx", ...container }] },
        },
      },
    })
    expect(JSON.stringify(await apply("me", wish(probe), path))).toContain("failureThreshold")
    expect(JSON.stringify(await apply("me", wish({}), path))).not.toContain("readinessProbe")
  })

  it("by kubectl is no conflict with what kubectl applied on its own side, and keeps its note of it", async () => {
    const annotation = "kubectl.kubernetes.io/last-applied-configuration"
    const body = { apiVersion: "v1", kind: "ConfigMap", ...map({ a: "1" }) }
    const annotations = { [annotation]: JSON.stringify(body) }
    await send("POST", `${core}/configmaps?fieldManager=before`, map({ a: "1" }, { annotations }))
    expect((await apply("other", { ...body, data: { a: "2" } })).code).toBe(409)
    const after = await apply("kubectl", { ...body, data: { a: "2" } })
    expect(after).toMatchObject({ data: { a: "2" } })
    expect(JSON.parse(after.metadata.annotations?.[annotation] ?? "")).toMatchObject({ ...body, data: { a: "2" } })
  })

  it("of a scale owns the count alone", async () => {
    await send("POST", `${apps}/deployments`, deployment, { agent: "creator" })
    const scale = { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "web" }, spec: { replicas: 4 } }
    expect((await apply("me", scale, `${path}/scale`)).message).toContain('conflict with "creator" using apps/v1')
    expect(await apply("me", scale, `${path}/scale`, "force")).toMatchObject({ spec: { replicas: 4 } })
    const after = await send("PATCH", path, {}, { type: merge })
    expect(entries(after)[0]).toMatchObject({ manager: "me", operation: "Apply", subresource: "scale" })
    expect(fieldsOf(after, "me")).toEqual({ "f:spec": { "f:replicas": {} } })
  })
})

it("lists and maps of custom resources are owned as their schema says", async () => {
  const list = (type: string, items: object, more: object = {}): object => ({
    type: "array",
    items,
    "x-kubernetes-list-type": type,
    ...more,
  })
  const text = { type: "string" }
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
  const keyed = { type: "object", required: ["id"], properties: { id: text, size: { type: "integer" } } }
  const properties = {
    tags: list("set", text),
    parts: list("map", keyed, { "x-kubernetes-list-map-keys": ["id"] }),
    whole: list("atomic", text),
    plain: { type: "array", items: text },
    one: { ...open, "x-kubernetes-map-type": "atomic" },
    open,
  }
  const spec = { type: "object", properties }
  const schema = { openAPIV3Schema: { type: "object", properties: { spec } } }
  await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "things.a.test" },
    spec: {
      group: "a.test",
      scope: "Namespaced",
      names: { plural: "things", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  })
  const body = {
    apiVersion: "a.test/v1",
    kind: "Thing",
    metadata: { name: "t", finalizers: ["a.test/x"], labels: { a: "b" } },
    spec: {
      tags: ["x"],
      parts: [{ id: "p", size: 1 }],
      whole: ["x"],
      plain: ["x"],
      one: { a: { b: 1 } },
      open: { a: { b: 1 } },
    },
  }
  let made = await send("POST", "/apis/a.test/v1/namespaces/default/things", body, { agent: "one" })
  for (let tries = 0; made.code === 404 && tries < 50; tries++) {
    await new Promise((resolve) => setImmediate(resolve))
    made = await send("POST", "/apis/a.test/v1/namespaces/default/things", body, { agent: "one" })
  }
  expect(fieldsOf(made, "one")).toEqual({
    "f:metadata": { "f:finalizers": { ".": {}, 'v:"a.test/x"': {} }, "f:labels": { ".": {}, "f:a": {} } },
    "f:spec": {
      ".": {},
      "f:one": {},
      "f:open": { ".": {}, "f:a": { ".": {}, "f:b": {} } },
      "f:parts": { ".": {}, 'k:{"id":"p"}': { ".": {}, "f:id": {}, "f:size": {} } },
      "f:plain": {},
      "f:tags": { ".": {}, 'v:"x"': {} },
      "f:whole": {},
    },
  })
  const more = { apiVersion: "a.test/v1", kind: "Thing", metadata: { name: "t" } }
  const wish = { ...more, spec: { tags: ["y"], parts: [{ id: "q" }] } }
  const path = "/apis/a.test/v1/namespaces/default/things/t"
  const joined = await apply("two", wish, path)
  expect(joined.spec).toMatchObject({ tags: ["x", "y"], parts: [{ id: "p", size: 1 }, { id: "q" }] })
  expect((await apply("two", { ...more, spec: { plain: ["y"] } }, path)).message).toBe(
    'Apply failed with 1 conflict: conflict with "one" using a.test/v1: .spec.plain',
  )
  const parted = await apply("two", { ...more, spec: { tags: ["z"] } }, path)
  expect(parted.spec).toMatchObject({ tags: ["x", "z"], parts: [{ id: "p", size: 1 }] })
})
