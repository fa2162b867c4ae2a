import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { IngressRule } from "@wick/sdk/api/networking-internal/ingress-rule"
import { readConfig } from "@wick/sdk/api/serving/config"
import { expect, it } from "vitest"
import { config, route } from "../../testing/objects.ts"
import { goalOf } from "../route/rollout.ts"
import { type Target, targetsByTag } from "../route/traffic.ts"
import { type IngressInput, routeIngress } from "./desired.ts"

const target = (revisionName: string, percent: number | undefined, more: Partial<Target> = {}): Target => ({
  revisionName,
  percent,
  tag: "",
  follows: undefined,
  protocol: "http1",
  ...more,
})

function made(targets: Target[], overrides: Partial<IngressInput> = {}): Ingress {
  const byTag = targetsByTag(targets)
  const visibility = () => "ExternalIP" as const
  return routeIngress({
    route: route(),
    byTag,
    rollout: goalOf(byTag),
    visibility,
    config,
    tls: [],
    challenges: [],
    ...overrides,
  }) as Ingress
}

const splits = (rule: IngressRule | undefined, path = 0) =>
  rule?.http?.paths[path]?.splits.map(({ serviceName, percent }) => `${serviceName} ${percent}`)

it("shares requests out by percent, and has a tag's requests go to its revision whatever its percent", () => {
  const { spec, metadata } = made([
    target("hello-00001", 80),
    target("hello-00002", 20),
    target("hello-00003", 0, { tag: "x" }),
  ])
  expect(metadata.annotations).toMatchObject({
    "networking.knative.dev/ingress.class": "wick.ingress.networking.knative.dev",
  })
  const [local, external, taggedLocal, tagged] = spec.rules ?? []
  expect(local).toMatchObject({
    hosts: ["hello.default", "hello.default.svc", "hello.default.svc.cluster.local"],
    visibility: "ClusterLocal",
  })
  expect(external).toMatchObject({ hosts: ["hello.default.wick.localhost"], visibility: "ExternalIP" })
  expect(splits(external)).toEqual(["hello-00001 80", "hello-00002 20"])
  expect(taggedLocal?.hosts).toContain("x-hello.default")
  expect(splits(tagged)).toEqual(["hello-00003 100"])
})

it("names revisions to gateways of other makers as Knative does", () => {
  const split = made([target("hello-00001", 100, { protocol: "h2c" })]).spec.rules?.[0]?.http?.paths[0]?.splits[0]
  expect(split).toMatchObject({
    serviceNamespace: "default",
    servicePort: 81,
    appendHeaders: { "Knative-Serving-Revision": "hello-00001", "Knative-Serving-Namespace": "default" },
  })
})

it("sums the shares of a revision that is named twice", () => {
  expect(splits(made([target("hello-00001", 40), target("hello-00001", 60, { tag: "x" })]).spec.rules?.[1])).toEqual([
    "hello-00001 100",
  ])
})

it("lets a header choose the tag where operators allow it, and tells the app by which way a request came", () => {
  const allowed = readConfig({ "config-features": { "tag-header-based-routing": "enabled" } })
  const { spec } = made([target("hello-00001", 100), target("hello-00002", 0, { tag: "next" })], { config: allowed })
  const [, external, , tagged] = spec.rules ?? []
  expect(external?.http?.paths).toMatchObject([
    { headers: { "Knative-Serving-Tag": { exact: "next" } } },
    { appendHeaders: { "Knative-Serving-Default-Route": "true" } },
  ])
  expect(splits(external, 0)).toEqual(["hello-00002 100"])
  expect(splits(external, 1)).toEqual(["hello-00001 100"])
  expect(tagged?.http?.paths).toMatchObject([{ appendHeaders: { "Knative-Serving-Tag": "next" } }])
})
