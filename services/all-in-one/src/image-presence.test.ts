import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { Secret } from "@wick/sdk/api/core/secret"
import { crd } from "@wick/sdk/api/crd"
import { Revision } from "@wick/sdk/api/serving/revision"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import type { RegistryCredentials } from "@wick/sdk/oci/pull-credentials"
import { expect, it } from "vitest"
import { keepImages } from "./image-presence.ts"

const spec = { containers: [{ name: "main", image: "fn" }] }
const ready = [{ type: "Ready", status: "True" as const }]
const statuses = (...digests: string[]) => digests.map((imageDigest, at) => ({ name: `c${at}`, imageDigest }))

it("images of revisions that serve are had beforehand, one after the other and each once, by their pods' pull secrets", async () => {
  await using stack = new AsyncDisposableStack()
  const { client } = stack.use(await startTestApi())
  await client.create(CustomResourceDefinition, crd(Revision))
  await expect.poll(() => client.list(Revision).catch(() => undefined)).toBeDefined()
  const make = async (name: string, status: object, labels = {}, more = {}): Promise<void> => {
    const metadata = { name, namespace: "default", labels }
    const made = await client.create(Revision, { metadata, spec: { ...spec, ...more } } as never)
    await client.updateStatus(Revision, { ...made, status } as never)
  }
  await make("starting", { containerStatuses: statuses("a@1") })
  await make(
    "old",
    { conditions: ready, containerStatuses: statuses("a@2") },
    { "serving.knative.dev/routingState": "reserve" },
  )
  await make("one", { conditions: ready, containerStatuses: statuses("a@3", "b@1") })
  const login = { auths: { "private.example": { username: "porter", password: "sesame" } } }
  const data = { ".dockerconfigjson": btoa(JSON.stringify(login)) }
  const type = "kubernetes.io/dockerconfigjson"
  await client.create(Secret, { metadata: { name: "door", namespace: "default" }, type, data } as never)
  const asked: string[] = []
  const shown = new Map<string, string[]>()
  let running = 0
  const pull = async (image: string, credentials: () => Promise<readonly RegistryCredentials[]>): Promise<void> => {
    expect(++running).toBe(1)
    const names = (await credentials()).map(({ username, secret }) => `${username} of ${secret}`)
    shown.set(image, names)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    asked.push(image)
    if (image === "b@1") throw new Error("unauthorized")
  }
  stack.use(keepImages({ client, pull, clock: systemClock, log: silentLog }))
  const inside = "private.example/fn@5"
  await make(
    "closed",
    { conditions: ready, containerStatuses: statuses(inside) },
    {},
    { imagePullSecrets: [{ name: "door" }] },
  )
  await make("two", { conditions: ready, containerStatuses: statuses("a@3", "a@4") })
  await expect.poll(() => asked).toContain("a@4")
  expect(asked).toEqual(["a@3", "b@1", inside, "a@4"])
  expect([shown.get("a@4"), shown.get(inside)]).toEqual([[], ["porter of door"]])
})
