import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { crd } from "@wick/sdk/api/crd"
import { Revision } from "@wick/sdk/api/serving/revision"
import { systemClock } from "@wick/sdk/clock"
import { createInformers, keyOf } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { gatherMs, wakeOf } from "./watch.ts"

const reference = { name: "hello", namespace: "default" }

it("a revision is woken at once by what it has until it is ready, then a while later, and at once by what it has no more", async () => {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi())
  await client.create(CustomResourceDefinition, crd(Revision))
  const spec = { containers: [{ name: "user-container", image: "registry.test/hello" }] }
  const made = await client.create(Revision, { metadata: reference, spec })
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  const revisions = informers(Revision)
  // Of what it has it matters only that it is there, changes and goes.
  const parts = informers(ConfigMap)
  await Promise.all([revisions.synced, parts.synced])
  const woken: [string, number][] = []
  const watch = wakeOf(revisions, parts, (part) => [keyOf(part)])
  undo.defer(
    watch.subscribe(
      (key) => woken.push([key, 0]),
      (key, ms) => woken.push([key, ms]),
    ),
  )
  const next = (count: number) => expect.poll(() => woken.slice(count - 1)).toHaveLength(1)

  await client.create(ConfigMap, { metadata: reference })
  await next(1)
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }]
  const status = { observedGeneration: made.metadata.generation, conditions }
  await client.updateStatus(Revision, { ...made, status } as typeof made)
  await expect.poll(() => revisions.list()[0]?.status?.conditions).toBeDefined()
  await client.patch(ConfigMap, reference, { type: "merge", body: { data: { a: "b" } } })
  await next(2)
  await client.delete(ConfigMap, reference)
  await next(3)
  expect(woken).toEqual([
    ["default/hello", 0],
    ["default/hello", gatherMs],
    ["default/hello", 0],
  ])
})
