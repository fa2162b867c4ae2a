import { ClusterRole } from "@wick/sdk/api/rbac/cluster-role"
import { describe, expect, it } from "vitest"
import { startTestApi } from "./testing/start.ts"

describe("the name of a policy object", () => {
  it("may be in any language", async () => {
    await using api = await startTestApi()
    for (const name of ["Köche", "лампа🔥", "system:node-proxier"]) {
      await api.client.create(ClusterRole, { metadata: { name }, rules: [] })
      expect((await api.client.get(ClusterRole, { name })).metadata.name).toBe(name)
    }
    expect((await api.client.list(ClusterRole)).items).toHaveLength(3)
    await api.client.delete(ClusterRole, { name: "лампа🔥" })
    expect((await api.client.list(ClusterRole)).items).toHaveLength(2)
  })

  it("is refused when it is longer than a key of the store may be", async () => {
    await using api = await startTestApi()
    const created = api.client.create(ClusterRole, { metadata: { name: "ü".repeat(2_000) }, rules: [] })
    await expect(created).rejects.toThrow("metadata.name: Too long: may not be more than 2048 bytes")
  })
})
