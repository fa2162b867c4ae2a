import { ClusterRole } from "@wick/sdk/api/rbac/cluster-role"
import { expect, it } from "vitest"
import { startTestCluster, until } from "../testing/cluster.ts"

const label = { "example.com/aggregate": "true" }
const rule = (resource: string) => ({ verbs: ["get"], apiGroups: [""], resources: [resource] })

it("an aggregated cluster role shows the rules of all that it selects, also through another, and follows them", async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  const selecting = (matchLabels: Record<string, string>) => ({ clusterRoleSelectors: [{ matchLabels }] })
  await client.create(ClusterRole, { metadata: { name: "outer" }, aggregationRule: selecting({ to: "outer" }) })
  await client.create(ClusterRole, {
    metadata: { name: "inner", labels: { to: "outer" } },
    aggregationRule: selecting(label),
    rules: [rule("nodes")],
  })
  await client.create(ClusterRole, { metadata: { name: "b", labels: label }, rules: [rule("pods"), rule("secrets")] })
  await client.create(ClusterRole, { metadata: { name: "a", labels: label }, rules: [rule("pods")] })
  await client.create(ClusterRole, { metadata: { name: "c" }, rules: [rule("services")] })
  const shown = (name: string, all: ClusterRole[]): string =>
    (all.find(({ metadata }) => metadata.name === name)?.rules ?? []).flatMap(({ resources }) => resources).join()
  const roles = cluster.informers(ClusterRole)
  await until(roles, (all) => shown("outer", all) === "pods,secrets" && shown("inner", all) === "pods,secrets")
  await client.delete(ClusterRole, { name: "b" })
  await until(roles, (all) => shown("outer", all) === "pods")
  expect(shown("c", roles.list())).toBe("services")
})
