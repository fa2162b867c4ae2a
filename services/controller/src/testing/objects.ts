import { readConfig } from "@wick/sdk/api/serving/config"
import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import type { Service } from "@wick/sdk/api/serving/service"
import { labels } from "../labels.ts"

export const nowMs = Date.UTC(2026, 0, 1)
export const config = readConfig({
  "config-domain": { "wick.localhost": "" },
  "config-network": { "external-port": "8080" },
})

type Status = "True" | "False" | "Unknown"

function meta(name: string, generation = 1) {
  const creationTimestamp = "2026-01-01T00:00:00Z"
  return { name, namespace: "default", uid: `uid-${name}`, resourceVersion: "1", creationTimestamp, generation }
}

const owned = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: "serving.knative.dev/v1", kind, name, uid: `uid-${name}`, controller: true }],
})

export const container = { name: "user-container", image: "registry.test/hello" }
const apiVersion = "serving.knative.dev/v1"

export function service(overrides: object = {}): Service {
  const spec = { template: { spec: { containers: [container] } }, traffic: [{ latestRevision: true, percent: 100 }] }
  return { apiVersion, kind: "Service", metadata: meta("hello"), spec, ...overrides } as unknown as Service
}

function status(ready: Status, message = "", more: object = {}) {
  const conditions = [{ type: "Ready", status: ready, ...(ready !== "True" && { reason: "Why", message }) }]
  return { observedGeneration: 1, conditions, ...more }
}

export function configuration(ready?: Status, more: object = {}, generation = 1): Configuration {
  return {
    apiVersion,
    kind: "Configuration",
    metadata: { ...meta("hello", generation), ...owned("Service", "hello"), uid: "uid-hello" },
    spec: { template: { spec: { containers: [container] } } },
    ...(ready && { status: status(ready, "no", more) }),
  } as unknown as Configuration
}

export function route(ready?: Status, more: object = {}): Route {
  return {
    apiVersion,
    kind: "Route",
    metadata: { ...meta("hello"), ...owned("Service", "hello") },
    spec: { traffic: [{ latestRevision: true, percent: 100, configurationName: "hello" }] },
    ...(ready && { status: status(ready, "no", more) }),
  } as unknown as Route
}

export function revision(name: string, ready?: Status, overrides: object = {}): Revision {
  const generation = String(Number(name.split("-").at(-1)))
  return {
    apiVersion,
    kind: "Revision",
    metadata: {
      ...meta(name),
      ...owned("Configuration", "hello"),
      labels: {
        [labels.configuration]: "hello",
        [labels.service]: "hello",
        [labels.configurationGeneration]: generation,
      },
    },
    spec: { containers: [container], containerConcurrency: 0, timeoutSeconds: 300 },
    ...(ready && { status: status(ready, "it crashed") }),
    ...overrides,
  } as unknown as Revision
}

export function readyOf(object: { conditions?: readonly { type: string }[] | undefined }) {
  return object.conditions?.find(({ type }) => type === "Ready")
}
