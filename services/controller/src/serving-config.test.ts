import { startTestApi } from "@wick/core/testing"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { documentation, systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { createLog, silentLog } from "@wick/sdk/log"
import {
  type ConfigSource,
  componentLog,
  ensureConfig,
  ensureSystemNamespace,
  watchConfig,
} from "@wick/sdk/serving-config"
import { expect, it } from "vitest"

const reference = (name: string) => ({ name, namespace: systemNamespace })
const set = (client: Client, name: string, data: object) =>
  client.patch(ConfigMap, reference(name), { type: "merge", body: { data } })

/** Resolves when what is watched has become so. */
function becomes(config: ConfigSource, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const undo = config.onChange(() => {
      if (!holds()) return
      undo()
      resolve()
    })
    if (holds()) resolve()
  })
}

it("every map is made with its example, and what is set in it at first", async () => {
  await using api = await startTestApi()
  const { client } = api
  await ensureSystemNamespace(client)
  await ensureConfig(client, { "config-domain": { "wick.localhost": "" } })
  const { items } = await client.list(ConfigMap, { namespace: systemNamespace })
  const ours = items.filter(({ metadata }) => metadata.name.startsWith("config-"))
  expect(ours.map(({ metadata }) => metadata.name).sort()).toEqual(
    documentation()
      .map(({ name }) => name)
      .sort(),
  )
  const domain = ours.find(({ metadata }) => metadata.name === "config-domain")
  expect(domain?.data).toMatchObject({ "wick.localhost": "", _example: expect.stringContaining("example.com") })
})

it("maps that are there keep what is set in them, and get the example of today", async () => {
  await using api = await startTestApi()
  const { client } = api
  await ensureSystemNamespace(client)
  const data = { _example: "of long ago", "min-non-active-revisions": "7" }
  await client.create(ConfigMap, { metadata: reference("config-gc"), data })
  await ensureConfig(client, { "config-gc": { "min-non-active-revisions": "1" } })
  const map = await client.get(ConfigMap, reference("config-gc"))
  const wanted = documentation().find(({ name }) => name === "config-gc")
  expect(map.data).toEqual({ ...wanted?.data, "min-non-active-revisions": "7" })
  expect(map.metadata).toMatchObject({ labels: wanted?.labels, annotations: wanted?.annotations })
  await ensureConfig(client, {})
  expect((await client.get(ConfigMap, reference("config-gc"))).metadata.resourceVersion).toBe(
    map.metadata.resourceVersion,
  )
})

it("what is set holds at once, what cannot be read changes nothing, and what is taken away holds no more", async () => {
  await using api = await startTestApi()
  const { client } = api
  await ensureSystemNamespace(client)
  await ensureConfig(client, {})
  await using informers = createInformers(client, systemClock, silentLog)
  const config = watchConfig(informers)
  await config.synced
  const least = (): unknown => config.current().gc["min-non-active-revisions"]
  expect(least()).toBe(20)
  await set(client, "config-gc", { "min-non-active-revisions": "7" })
  await becomes(config, () => least() === 7)
  await set(client, "config-gc", { "min-non-active-revisions": "many" })
  await set(client, "config-network", { "rollout-duration": "9" })
  await becomes(config, () => config.current().network["rollout-duration"] === 9)
  expect(least()).toBe(7)
  await client.delete(ConfigMap, reference("config-gc"))
  await becomes(config, () => least() === 20)
})

it("a part of the platform writes what its level in config-logging tells, from then on", async () => {
  await using api = await startTestApi()
  const { client } = api
  await ensureSystemNamespace(client)
  await ensureConfig(client, {})
  await using informers = createInformers(client, systemClock, silentLog)
  const config = watchConfig(informers)
  await config.synced
  const lines: string[] = []
  const base = createLog({ level: "info", format: "json", now: () => 0, write: (line) => lines.push(line) })
  const controller = componentLog(base, "controller")
  const activator = componentLog(base, "activator")
  controller.follow(config)
  activator.follow(config)
  const log = controller.log.with({ key: "a" })
  log.debug("too much")
  await set(client, "config-logging", { "loglevel.controller": "debug", "zap-logger-config": '{"level":"error"}' })
  await becomes(config, () => config.current().logging.level === "error")
  log.debug("asked for")
  activator.log.warn("too little")
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { message: "asked for", service: "controller", key: "a" },
  ])
})
