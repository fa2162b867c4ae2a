import { equal, holds, isRefusal, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import { configMap, type Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"

const group = "/apis/admissionregistration.k8s.io/v1"
const apiVersion = "admissionregistration.k8s.io/v1"

/** A policy on config maps of the case's namespace, and its binding. */
async function bound(world: World, spec: Loose, binding: Loose = {}): Promise<{ policy: string; binding: string }> {
  const { wire, namespace, unique, afterwards } = world
  const policyName = unique("policy.example.com")
  const bindingName = unique("binding.example.com")
  const matchConstraints = {
    resourceRules: [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] },
    ],
  }
  const policy = await wire("POST", `${group}/validatingadmissionpolicies`, {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: policyName },
    spec: { failurePolicy: "Fail", matchConstraints, ...spec },
  })
  holds(policy.code === 201, policy.text)
  afterwards(() => wire("DELETE", `${group}/validatingadmissionpolicies/${policyName}`))
  const matchResources = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }
  const made = await wire("POST", `${group}/validatingadmissionpolicybindings`, {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: bindingName },
    spec: { policyName, validationActions: ["Deny"], matchResources, ...binding },
  })
  holds(made.code === 201, made.text)
  afterwards(() => wire("DELETE", `${group}/validatingadmissionpolicybindings/${bindingName}`))
  return { policy: policyName, binding: bindingName }
}

const trying =
  ({ wire, path }: World) =>
  (data: Record<string, string>) =>
    wire("POST", path("configmaps", "?dryRun=All"), configMap("a", data))

export const policing: Statement = (it) => {
  it("a policy refuses, and names itself", async (world) => {
    const validations = [{ expression: "object.data.size == 'small'", message: "small ones only" }]
    const { policy, binding } = await bound(world, { validations })
    const make = trying(world)
    const refused = await eventually(world.clock, async () => {
      const { code, body } = await make({ size: "large" })
      equal(code, 422)
      return body
    })
    isRefusal(refused, { reason: "Invalid", code: 422 })
    says(
      refused.message,
      new RegExp(`ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: small ones only`),
    )
    equal((await make({ size: "small" })).code, 201)
  })

  it("a policy says why by an expression, and with a reason", async (world) => {
    const validations = [
      {
        expression: "variables.size < 10",
        messageExpression: "'size is ' + string(variables.size)",
        reason: "Forbidden",
      },
    ]
    const variables = [{ name: "size", expression: "int(object.data.size)" }]
    await bound(world, { variables, validations })
    const make = trying(world)
    await eventually(world.clock, async () => {
      const { code, body } = await make({ size: "12" })
      equal([code, body.reason], [403, "Forbidden"])
      says(body.message, /denied request: size is 12/)
    })
    equal((await make({ size: "2" })).code, 201)
  })

  it("a policy warns where its binding says so", async (world) => {
    const validations = [{ expression: "object.data.size == 'small'", message: "small ones are nicer" }]
    const { policy, binding } = await bound(world, { validations }, { validationActions: ["Warn"] })
    const make = trying(world)
    await eventually(world.clock, async () => {
      const { code, warnings } = await make({ size: "large" })
      equal(code, 201)
      equal(warnings, [
        `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': small ones are nicer`,
      ])
    })
  })

  it("a policy looks at parameters", async (world) => {
    const { wire, path, namespace } = world
    await wire("POST", path("configmaps"), configMap("limits", { max: "3" }))
    await bound(
      world,
      {
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        matchConditions: [{ name: "not-itself", expression: "object.metadata.name != 'limits'" }],
        validations: [{ expression: "int(object.data.size) <= int(params.data.max)" }],
      },
      { paramRef: { name: "limits", namespace, parameterNotFoundAction: "Deny" } },
    )
    const make = trying(world)
    await eventually(world.clock, async () => equal((await make({ size: "4" })).code, 422))
    await eventually(world.clock, async () => equal((await make({ size: "3" })).code, 201))
  })

  it("a policy knows what was before, who asks and where", async (world) => {
    const validations = [
      { expression: "oldObject == null || oldObject.data == object.data", message: "stays" },
      { expression: "request.operation in ['CREATE', 'UPDATE'] && request.userInfo.username != ''" },
      { expression: `namespaceObject.metadata.name == '${world.namespace}'` },
    ]
    await bound(world, { validations })
    await world.wire("POST", world.path("configmaps"), configMap("kept", { a: "1" }))
    await eventually(world.clock, async () => {
      const { code, body } = await world.patch("merge", world.path("configmaps", "/kept?dryRun=All"), {
        data: { a: "2" },
      })
      equal(code, 422)
      says(body.message, /stays/)
    })
  })

  it("a policy that cannot be read is refused", async ({ wire, unique }) => {
    const { body } = await wire("POST", `${group}/validatingadmissionpolicies`, {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: unique("policy") },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        },
        validations: [{ expression: "object.data." }],
      },
    })
    isRefusal(body, { reason: "Invalid", code: 422, fields: ["spec.validations[0].expression"] })
  })
}
