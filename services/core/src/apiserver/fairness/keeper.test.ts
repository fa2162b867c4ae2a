import { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import { type Client, createClient } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"
import { flowControlObjects } from "./bootstrap-objects.ts"

let api: SecureTestApi
let client: Client

beforeAll(async () => {
  api = await startSecureTestApi()
  client = createClient({ fetch: api.fetch })
})
afterAll(() => api[Symbol.asyncDispose]())

const jo = { name: "jo", groups: ["system:masters", "system:authenticated"] }

/** Watches one object until it is as it should be. */
async function until<Value>(
  kind: typeof FlowSchema | typeof PriorityLevelConfiguration,
  name: string,
  isSo: (object: Value) => boolean,
): Promise<void> {
  const url = `https://api/apis/${kind.group}/v1/${kind.plural}?watch=true&fieldSelector=metadata.name%3D${name}`
  const response = await api.fetch(new Request(url))
  let rest = ""
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + Buffer.from(chunk)).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const event = JSON.parse(line) as { type: string; object: Value }
      if (event.type !== "DELETED" && isSo(event.object)) return
    }
  }
}

const schema = (name: string, level: string) => ({
  metadata: { name },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: 3,
    rules: [
      {
        subjects: [{ kind: "ServiceAccount", serviceAccount: { namespace: "shop", name: "robot" } }],
        nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/version"] }],
      },
    ],
  },
})
const closed = {
  metadata: { name: "closed" },
  spec: {
    type: "Limited",
    limited: { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse: { type: "Reject" } },
  },
}
const condition = (status: string) => (object: FlowSchema) =>
  object.status?.conditions?.some((each) => each.type === "Dangling" && each.status === status) ?? false

describe("flow control", () => {
  it("is brought whole at the first start, as a new Kubernetes cluster has it, and judged right", async () => {
    const levels = await client.list(PriorityLevelConfiguration)
    const schemas = await client.list(FlowSchema)
    const names = (kind: string): unknown[] =>
      flowControlObjects()
        .filter((object) => object.kind === kind)
        .map(({ metadata }) => metadata.name)
        .sort()
    expect(levels.items.map(({ metadata }) => metadata.name)).toEqual(names("PriorityLevelConfiguration"))
    expect(schemas.items.map(({ metadata }) => metadata.name)).toEqual(names("FlowSchema"))
    expect([levels.items.length, schemas.items.length]).toEqual([8, 13])
    await until(FlowSchema, "catch-all", condition("False"))
  })

  it("steers requests by its objects at once: a level without seats refuses, and says who sorted so", async () => {
    const robot = api.server.fetchAs({
      name: "system:serviceaccount:shop:robot",
      groups: ["system:serviceaccounts", "system:authenticated"],
    })
    const ask = (): Promise<Response> => robot(new Request("https://api/version"))
    const before = await ask()
    expect(before.status).toBe(200)
    const sorted = await client.get(FlowSchema, { name: "service-accounts" })
    expect(before.headers.get("X-Kubernetes-PF-FlowSchema-UID")).toBe(sorted.metadata.uid)

    const created = await client.create(FlowSchema, schema("robots", "closed") as never)
    expect((await ask()).status).toBe(200)
    await until(FlowSchema, "robots", condition("True"))

    const level = await client.create(PriorityLevelConfiguration, closed as never)
    const refused = await ask()
    expect(refused.status).toBe(429)
    expect(refused.headers.get("Retry-After")).toBe("1")
    expect(refused.headers.get("X-Kubernetes-PF-FlowSchema-UID")).toBe(created.metadata.uid)
    expect(refused.headers.get("X-Kubernetes-PF-PriorityLevel-UID")).toBe(level.metadata.uid)
    expect(await refused.json()).toMatchObject({ kind: "Status", reason: "TooManyRequests", code: 429 })
    await until(FlowSchema, "robots", condition("False"))

    await client.delete(PriorityLevelConfiguration, { name: "closed" })
    expect((await ask()).status).toBe(200)
    await until(FlowSchema, "robots", condition("True"))
    const metrics = await api.server.fetchAs(jo)(new Request("https://api/metrics"))
    expect(await metrics.text()).toContain('apiserver_flowcontrol_current_limit_seats{priority_level="workload-low"}')
  })

  it("gives back what it cannot do without and what the server keeps, but not what people have taken over", async () => {
    await client.delete(PriorityLevelConfiguration, { name: "catch-all" })
    await until<PriorityLevelConfiguration>(PriorityLevelConfiguration, "catch-all", () => true)
    const shares = (nominalConcurrencyShares: number) => ({ spec: { limited: { nominalConcurrencyShares } } })
    const patch = (name: string, body: object): Promise<unknown> =>
      client.patch(PriorityLevelConfiguration, { name }, { type: "merge", body })
    await expect(patch("catch-all", shares(7))).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining("spec of 'catch-all' must equal the fixed value"),
    })
    await patch("system", shares(7))
    await until<PriorityLevelConfiguration>(
      PriorityLevelConfiguration,
      "system",
      ({ spec }) => spec?.limited?.nominalConcurrencyShares === 30,
    )
    const annotations = { "apf.kubernetes.io/autoupdate-spec": "false" }
    await patch("workload-low", { metadata: { annotations }, ...shares(77) })
    await api.bootstrap()
    const owned = await client.get(PriorityLevelConfiguration, { name: "workload-low" })
    expect(owned.spec?.limited?.nominalConcurrencyShares).toBe(77)
  })
})
