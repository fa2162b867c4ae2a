import { Deployment } from "@wick/sdk/api/apps/deployment"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { createClient } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "../../testing/start-secure.ts"
import type { Checked } from "./check.ts"
import { complaint, type Level } from "./policy.ts"

const hardened = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
}
const pod = (spec: object, container: object = {}): Checked =>
  ({ metadata: {}, spec: { containers: [{ name: "c", image: "x", ...container }], ...spec } }) as unknown as Checked
const judge = (checked: Checked, level: Level): string | undefined => complaint(checked, { level, version: "latest" })

describe("the Pod Security Standards", () => {
  it("have nothing against a plain pod at baseline, and name four things at restricted", () => {
    expect(judge(pod({}), "privileged")).toBeUndefined()
    expect(judge(pod({}), "baseline")).toBeUndefined()
    expect(judge(pod({}), "restricted")).toBe(
      'PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    )
    expect(judge(pod({}, { securityContext: hardened }), "restricted")).toBeUndefined()
  })

  it.each<{ spec?: object; container?: object; text: string }>([
    { spec: { hostNetwork: true, hostPID: true }, text: "host namespaces (hostNetwork=true, hostPID=true)" },
    { spec: { volumes: [{ name: "v", hostPath: { path: "/" } }] }, text: 'hostPath volumes (volume "v")' },
    { container: { ports: [{ containerPort: 1, hostPort: 80 }] }, text: 'hostPort (container "c" uses hostPort 80)' },
    {
      container: { livenessProbe: { httpGet: { host: "10.0.0.1", port: 80 } } },
      text: 'probe or lifecycle host (container "c" uses probe or lifecycle host "10.0.0.1")',
    },
    {
      container: { securityContext: { privileged: true } },
      text: 'privileged (container "c" must not set securityContext.privileged=true)',
    },
    {
      container: { securityContext: { capabilities: { add: ["SYS_ADMIN", "CHOWN"] } } },
      text: 'non-default capabilities (container "c" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    },
    {
      container: { securityContext: { procMount: "Unmasked" } },
      text: 'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    },
    {
      spec: { securityContext: { seLinuxOptions: { type: "spc_t", user: "u" } } },
      text: 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    },
    {
      spec: { securityContext: { seccompProfile: { type: "Unconfined" } } },
      text: 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    },
    {
      spec: { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } },
      text: "forbidden sysctls (kernel.msgmax)",
    },
    {
      spec: { securityContext: { windowsOptions: { hostProcess: true } } },
      text: "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    },
    {
      container: { securityContext: { appArmorProfile: { type: "Unconfined" } } },
      text: 'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
    },
  ])("forbid at baseline: $text", ({ spec = {}, container = {}, text }) => {
    expect(judge(pod(spec, container), "baseline")).toBe(`PodSecurity "baseline:latest": ${text}`)
  })

  it.each<{ spec?: object; context?: object; text: string }>([
    {
      spec: { volumes: [{ name: "v", nfs: { server: "s", path: "/" } }] },
      text: 'restricted volume types (volume "v" uses restricted volume type "nfs")',
    },
    { context: { runAsUser: 0 }, text: 'runAsUser=0 (container "c" must not set runAsUser=0)' },
    {
      context: { runAsNonRoot: false },
      text: 'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    },
  ])("forbid at restricted: $text", ({ spec = {}, context = {}, text }) => {
    const container = { securityContext: { ...hardened, ...context } }
    expect(judge(pod(spec, container), "restricted")).toBe(`PodSecurity "restricted:latest": ${text}`)
  })
})

describe("a namespace with security labels", () => {
  let api: SecureTestApi
  beforeAll(async () => {
    api = await startSecureTestApi()
  })
  afterAll(() => api[Symbol.asyncDispose]())

  const send = async (
    method: string,
    path: string,
    body: object,
  ): Promise<{ code: number; message: string; warning: string }> => {
    const headers = { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" }
    const response = await api.fetch(new Request(`https://x${path}`, { method, headers, body: JSON.stringify(body) }))
    const { message = "" } = (await response.json()) as { message?: string }
    return { code: response.status, message, warning: response.headers.get("warning") ?? "" }
  }
  const labelled = async (name: string, labels: Record<string, string>): Promise<void> => {
    await createClient({ fetch: api.fetch }).create(Namespace, { metadata: { name, labels } })
    await send("POST", `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: "default" } })
  }
  const plain = { metadata: { name: "x" }, spec: { containers: [{ name: "c", image: "x" }] } }

  it("refuses pods that break what it enforces, and warns of what it only warns of", async () => {
    await labelled("strict", { "pod-security.kubernetes.io/enforce": "restricted" })
    const refused = await send("POST", "/api/v1/namespaces/strict/pods", plain)
    expect(refused.code).toBe(403)
    expect(refused.message).toMatch(
      /^pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "c" must set/,
    )
    await labelled("mild", {
      "pod-security.kubernetes.io/warn": "restricted",
      "pod-security.kubernetes.io/warn-version": "v1.36",
    })
    const warned = await send("POST", "/api/v1/namespaces/mild/pods", plain)
    expect(warned).toMatchObject({ code: 201, warning: expect.stringContaining("would violate PodSecurity") })
    const selector = { matchLabels: { a: "b" } }
    const template = { metadata: { labels: { a: "b" } }, spec: plain.spec }
    const workload = { metadata: { name: "d" }, spec: { selector, template } }
    const { group, version, plural } = Deployment
    const made = await send("POST", `/apis/${group}/${version}/namespaces/mild/${plural}`, workload)
    expect(made).toMatchObject({ code: 201, warning: expect.stringContaining("restricted:v1.36") })
  })

  it("hears of its pods that would not pass when it grows strict, and of labels that mean nothing", async () => {
    await labelled("grown", {})
    await send("POST", "/api/v1/namespaces/grown/pods", plain)
    const strict = { metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } } }
    const { warning } = await send("PATCH", "/api/v1/namespaces/grown", strict)
    expect(warning).toContain("existing pods in namespace")
    expect(warning).toContain(
      "x: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile",
    )
    const wrong = { metadata: { labels: { "pod-security.kubernetes.io/enforce": "tight" } } }
    expect(await send("PATCH", "/api/v1/namespaces/grown", wrong)).toMatchObject({
      code: 422,
      message:
        'Namespace "grown" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "tight": must be one of privileged, baseline, restricted',
    })
  })
})
