import { CustomResourceDefinition, crd, Deployment, Namespace, Pod, Secret, Service, servingKinds } from "@wick/sdk/api"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Service as KnativeService } from "@wick/sdk/api/serving/service"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
const namespace = "default"

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const map = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  metadata: { name, namespace, labels },
  data,
})
const pod = (name: string) => ({ metadata: { name, namespace }, spec: { containers: [{ name: "a", image: "i" }] } })

describe("objects", () => {
  it("are given an identity, and read back as they were written", async () => {
    const made = await api.client.create(ConfigMap, map("one", { a: "1" }))
    expect(made.metadata).toMatchObject({
      name: "one",
      uid: expect.any(String),
      resourceVersion: expect.stringMatching(/^\d+$/),
    })
    expect(await api.client.get(ConfigMap, { name: "one", namespace })).toEqual(made)
  })

  it("are made once", async () => {
    await api.client.create(ConfigMap, map("twice"))
    await expect(api.client.create(ConfigMap, map("twice"))).rejects.toThrow('configmaps "twice" already exists')
  })

  it("that do not exist are named in the answer", async () => {
    await expect(api.client.get(Deployment, { name: "none", namespace })).rejects.toThrow(
      'deployments.apps "none" not found',
    )
  })

  it("are not overwritten by who has not seen them", async () => {
    const seen = await api.client.create(ConfigMap, map("race"))
    await api.client.update(ConfigMap, { ...seen, data: { by: "first" } })
    await expect(api.client.update(ConfigMap, { ...seen, data: { by: "second" } })).rejects.toThrow(
      'Operation cannot be fulfilled on configmaps "race": the object has been modified',
    )
  })

  it("lose no update of 16 writers that each read, change and write", async () => {
    await api.client.create(ConfigMap, map("counter", { n: "0" }))
    const increment = async (): Promise<void> => {
      for (;;) {
        const seen = await api.client.get(ConfigMap, { name: "counter", namespace })
        const data = { n: String(Number(seen.data?.n) + 1) }
        const written = await api.client.update(ConfigMap, { ...seen, data }).catch(() => undefined)
        if (written) return
      }
    }
    await Promise.all(Array.from({ length: 16 }, increment))
    expect((await api.client.get(ConfigMap, { name: "counter", namespace })).data?.n).toBe("16")
  })

  it("that change nothing are not written", async () => {
    const seen = await api.client.create(ConfigMap, map("same", { a: "1" }))
    const again = await api.client.update(ConfigMap, { ...seen })
    expect(again.metadata.resourceVersion).toBe(seen.metadata.resourceVersion)
  })

  it("get a name from generateName", async () => {
    const made = await api.client.create(ConfigMap, { metadata: { generateName: "made-", namespace } })
    expect(made.metadata.name).toMatch(/^made-[a-z0-9]{5}$/)
  })

  it("tried by dry run are checked and not kept", async () => {
    await api.client.create(ConfigMap, map("dry"), { dryRun: true })
    await expect(api.client.get(ConfigMap, { name: "dry", namespace })).rejects.toThrow("not found")
  })

  it("are not deleted, alone or all, when the options in the body say that it is tried", async () => {
    await api.client.create(ConfigMap, map("kept"))
    const all = `http://api/api/v1/namespaces/${namespace}/configmaps`
    const tryDeleting = (url: string, dryRun: string) =>
      api.server.fetchAs({ name: "admin", groups: ["system:masters"] })(
        new Request(url, {
          method: "DELETE",
          body: JSON.stringify({ dryRun: [dryRun] }),
          headers: { "content-type": "application/json" },
        }),
      )
    expect((await tryDeleting(`${all}/kept`, "All")).status).toBe(200)
    expect((await tryDeleting(all, "All")).status).toBe(200)
    expect((await tryDeleting(`${all}/kept`, "Some")).status).toBe(422)
    expect((await api.client.get(ConfigMap, { name: "kept", namespace })).metadata.name).toBe("kept")
  })
})

describe("a collection that is deleted", () => {
  it("is answered with all that it had", async () => {
    for (const name of ["x", "y"]) await api.client.create(ConfigMap, map(name, {}, { of: "these" }))
    const all = `http://api/api/v1/namespaces/${namespace}/configmaps?labelSelector=of%3Dthese`
    const request = new Request(all, { method: "DELETE" })
    const answer = await api.server.fetchAs({ name: "admin", groups: ["system:masters"] })(request)
    const list = (await answer.json()) as { kind: string; items: { metadata: { name: string } }[] }
    expect([list.kind, ...list.items.map(({ metadata }) => metadata.name)]).toEqual(["ConfigMapList", "x", "y"])
    const left = await api.client.list(ConfigMap, { namespace, labelSelector: "of=these" })
    expect(left.items).toEqual([])
  })
})

describe("a watch as a table", () => {
  it("is told once what its columns are", async () => {
    for (const name of ["c1", "c2"]) await api.client.create(ConfigMap, map(name, {}, { of: "table" }))
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    const path = `/api/v1/namespaces/${namespace}/configmaps?watch=1&labelSelector=of%3Dtable`
    const answer = await api.client.request(path, { headers: { accept } })
    const columns: unknown[] = []
    let text = ""
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString()
      const lines = text.split("\n")
      text = lines.pop() ?? ""
      for (const line of lines)
        columns.push(JSON.parse(line).object.columnDefinitions?.map(({ name }: { name: string }) => name))
      if (columns.length === 2) await api.client.create(ConfigMap, map("c3", {}, { of: "table" }))
      if (columns.length === 3) break
    }
    expect(columns).toEqual([["Name", "Data", "Age"], undefined, undefined])
  })
})

describe("mistakes", () => {
  it("are all named, with their fields, in Kubernetes' words", async () => {
    const wrong = {
      metadata: { name: "Wrong_Name", namespace },
      spec: { containers: [{ name: "a", image: "i", ports: [{ containerPort: 0 }] }] },
    }
    await expect(api.client.create(Pod, wrong as never)).rejects.toThrow(
      /Pod "Wrong_Name" is invalid: \[metadata.name: Invalid value.*spec.containers\[0\].ports\[0\].containerPort/s,
    )
  })

  it("of spelling are refused when the client is strict", async () => {
    const wrong = { ...map("strict"), dataa: {} }
    await expect(api.client.create(ConfigMap, wrong as never, { fieldValidation: "Strict" })).rejects.toThrow(
      'unknown field "dataa"',
    )
  })
})

describe("status", () => {
  it("is written by itself, and changes no generation", async () => {
    const made = await api.client.create(Pod, pod("stat"))
    const status = { phase: "Running" }
    const after = await api.client.updateStatus(Pod, {
      ...made,
      spec: { ...made.spec, containers: [] },
      status,
    } as never)
    expect(after.spec.containers).toHaveLength(1)
    expect(after.status?.phase).toBe("Running")
  })

  it("of a custom resource starts empty, and its generation counts changes of the spec", async () => {
    for (const kind of servingKinds) await api.client.create(CustomResourceDefinition, crd(kind))
    const spec = { template: { spec: { containers: [{ name: "c", image: "i" }] } } }
    const made = await api.client.create(KnativeService, { metadata: { name: "ksvc", namespace }, spec })
    expect(made.metadata.generation).toBe(1)
    const body = { spec: { template: { spec: { timeoutSeconds: 5 } } } }
    const changed = await api.client.patch(KnativeService, { name: "ksvc", namespace }, { type: "merge", body })
    expect(changed.metadata.generation).toBe(2)
    await api.client.updateStatus(KnativeService, { ...changed, status: { observedGeneration: 2 } } as never)
    const after = await api.client.get(KnativeService, { name: "ksvc", namespace })
    expect(after.metadata.generation).toBe(2)
    expect(after.status?.observedGeneration).toBe(2)
  })
})

describe("a watch", () => {
  it("sees every write after its version, in order, and none before", async () => {
    const before = await api.client.create(ConfigMap, map("watched", { n: "0" }))
    const ended = new AbortController()
    const seen: string[] = []
    const options = {
      namespace,
      fieldSelector: "metadata.name=watched",
      resourceVersion: before.metadata.resourceVersion,
      signal: ended.signal,
    }
    const watching = (async () => {
      for await (const event of api.client.watch(ConfigMap, options)) {
        if (event.type === "BOOKMARK") continue
        seen.push(`${event.type} ${event.object.data?.n}`)
        if (event.type === "DELETED") return
      }
    })()
    for (const n of ["1", "2"])
      await api.client.patch(ConfigMap, { name: "watched", namespace }, { type: "merge", body: { data: { n } } })
    await api.client.delete(ConfigMap, { name: "watched", namespace })
    await watching
    ended.abort()
    expect(seen).toEqual(["MODIFIED 1", "MODIFIED 2", "DELETED 2"])
  })

  it("sees an object that enters its selection as added, and one that leaves it as deleted", async () => {
    const made = await api.client.create(ConfigMap, map("moving"))
    const options = {
      namespace,
      labelSelector: "in=yes",
      resourceVersion: made.metadata.resourceVersion,
      signal: AbortSignal.timeout(60_000),
    }
    const seen: string[] = []
    const watching = (async () => {
      for await (const event of api.client.watch(ConfigMap, options)) {
        seen.push(event.type)
        if (seen.length === 2) return
      }
    })()
    const label = (value: string | null) => ({ type: "merge" as const, body: { metadata: { labels: { in: value } } } })
    await api.client.patch(ConfigMap, { name: "moving", namespace }, label("yes"))
    await api.client.patch(ConfigMap, { name: "moving", namespace }, label(null))
    await watching
    expect(seen).toEqual(["ADDED", "DELETED"])
  })
})

describe("lists", () => {
  it("come in pages that add up to the whole", async () => {
    for (let at = 0; at < 7; at++) await api.client.create(Secret, { metadata: { name: `s${at}`, namespace } })
    const names: string[] = []
    let token: string | undefined
    do {
      const page = await api.client.list(Secret, { namespace, limit: 3, ...(token && { continue: token }) })
      names.push(...page.items.map(({ metadata }) => metadata.name))
      token = page.metadata.continue
    } while (token)
    expect(names).toEqual(["s0", "s1", "s2", "s3", "s4", "s5", "s6"])
  })
})

describe("patches", () => {
  it("merge containers by their names when they are strategic", async () => {
    await api.client.create(Deployment, deployment("strategic"))
    const body = { spec: { template: { spec: { containers: [{ name: "b", image: "2" }] } } } }
    const after = await api.client.patch(Deployment, { name: "strategic", namespace }, { type: "strategic", body })
    expect(after.spec.template.spec?.containers.map(({ name, image }) => `${name} ${image}`)).toEqual(["a 1", "b 2"])
  })

  it("of an apply own their fields: another manager's change is a conflict until it is forced", async () => {
    const apply = (manager: string, replicas: number, force = false) =>
      api.client.apply(
        Deployment,
        { ...deployment("owned"), spec: { ...deployment("owned").spec, replicas } },
        { fieldManager: manager, force },
      )
    await apply("one", 1)
    await expect(apply("two", 2)).rejects.toThrow('conflict with "one": .spec.replicas')
    expect((await apply("two", 2, true)).spec.replicas).toBe(2)
  })

  it("of an apply remove what their manager no longer says", async () => {
    const object = map("applied", { a: "1", b: "2" })
    await api.client.apply(ConfigMap, object, { fieldManager: "one" })
    const after = await api.client.apply(ConfigMap, map("applied", { a: "1" }), { fieldManager: "one" })
    expect(after.data).toEqual({ a: "1" })
  })
})

describe("deletion", () => {
  it("waits for finalizers", async () => {
    await api.client.create(ConfigMap, { metadata: { name: "held", namespace, finalizers: ["a.test/hold"] } })
    await api.client.delete(ConfigMap, { name: "held", namespace })
    expect((await api.client.get(ConfigMap, { name: "held", namespace })).metadata.deletionTimestamp).toBeDefined()
    await api.client.patch(
      ConfigMap,
      { name: "held", namespace },
      { type: "merge", body: { metadata: { finalizers: null } } },
    )
    await expect(api.client.get(ConfigMap, { name: "held", namespace })).rejects.toThrow("not found")
  })

  it("gives a pod that runs its grace, and removes one that was never bound at once", async () => {
    await api.client.create(Pod, pod("bound"))
    await api.client.request(`/api/v1/namespaces/${namespace}/pods/bound/binding`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name: "bound" },
        target: { kind: "Node", name: "n" },
      }),
    })
    await api.client.delete(Pod, { name: "bound", namespace })
    const ending = await api.client.get(Pod, { name: "bound", namespace })
    expect(ending.metadata.deletionGracePeriodSeconds).toBe(30)
    await api.client.delete(Pod, { name: "bound", namespace }, { gracePeriodSeconds: 0 })
    await expect(api.client.get(Pod, { name: "bound", namespace })).rejects.toThrow("not found")
  })

  it("of a namespace is held until it was finalized", async () => {
    await api.client.create(Namespace, { metadata: { name: "n" } })
    await api.client.delete(Namespace, { name: "n" })
    expect((await api.client.get(Namespace, { name: "n" })).status?.phase).toBe("Terminating")
  })
})

describe("scale", () => {
  it("is the same for every kind that has it", async () => {
    await api.client.create(Deployment, deployment("scaled"))
    const scale = { type: "merge" as const, body: { spec: { replicas: 4 } } }
    await api.client.patch(Deployment, { name: "scaled", namespace }, scale, { subresource: "scale" })
    expect((await api.client.get(Deployment, { name: "scaled", namespace })).spec.replicas).toBe(4)
  })

  it("is shown in columns of its own to who asks for a table", async () => {
    await api.client.create(Deployment, deployment("shown"))
    const url = `http://api/apis/apps/v1/namespaces/${namespace}/deployments/shown/scale`
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
    const table = (await (await fetch(new Request(url, { headers: { accept } }))).json()) as {
      columnDefinitions: { name: string }[]
    }
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(["Name", "Desired", "Available", "Age"])
  })
})

describe("services", () => {
  it("get an address each, also when many are made at once", async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        api.client.create(Service, { metadata: { name: `svc-${at}`, namespace }, spec: { ports: [{ port: 80 }] } }),
      ),
    )
    expect(new Set(made.map(({ spec }) => spec?.clusterIP)).size).toBe(20)
  })

  it("of which one asks for an address share it with nobody, and leave it to the next when they are gone", async () => {
    const service = (name: string) => ({
      metadata: { name, namespace },
      spec: { clusterIP: "10.235.9.9", ports: [{ port: 80 }] },
    })
    const asked = await Promise.allSettled(["x", "y"].map((name) => api.client.create(Service, service(name))))
    expect(asked.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"])
    const name = asked[0]?.status === "fulfilled" ? "x" : "y"
    await api.client.delete(Service, { name, namespace })
    expect((await api.client.create(Service, service("z"))).spec?.clusterIP).toBe("10.235.9.9")
  })

  it("are refused with every mistake of their ports and address", async () => {
    const ports = [{ port: 0 }, { name: "B!", port: 80 }]
    const wrong = { metadata: { name: "wrong", namespace }, spec: { clusterIP: "1.2.3.4", ports } }
    await expect(api.client.create(Service, wrong)).rejects.toThrow(
      /clusterIPs: Invalid value.*ports\[0\].name: Required value.*ports\[0\].port: Invalid value: 0: must be between 1 and 65535, inclusive.*ports\[1\].name: Invalid/s,
    )
  })
})

function deployment(name: string) {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "1" }] } }
  return { metadata: { name, namespace }, spec: { selector: { matchLabels: labels }, template } }
}

describe("generations", () => {
  it.each([
    ["services", "v1", { spec: { ports: [{ port: 80 }] } }, undefined],
    ["pods", "v1", { spec: { containers: [{ name: "c", image: "i" }] } }, 1],
    ["networkpolicies", "networking.k8s.io/v1", { spec: { podSelector: {} } }, 1],
    ["configmaps", "v1", {}, undefined],
  ])("of %s are counted as in Kubernetes", async (plural, version, object, generation) => {
    const path = `/${version.includes("/") ? "apis" : "api"}/${version}/namespaces/default/${plural}`
    const body = JSON.stringify({ metadata: { name: "counted" }, ...object })
    const made = await api.client.request(path, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    })
    const { metadata } = (await made.json()) as { metadata: { generation?: number } }
    expect(metadata.generation).toBe(generation)
  })
})
