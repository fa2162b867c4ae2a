import { equal, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import { type Changes, functionOf, nowhere, revisions, services } from "./functions.ts"

/** What is wrong, how a Service becomes so, and what it is told. */
type Mistake = readonly [title: string, changes: Changes, says: RegExp]

const container = (more: object): Changes => ({ container: more })
const spec = (more: object): Changes => ({ spec: more })
const annotated = (annotations: object): Changes => ({ template: { annotations } })
const revision = { revisionName: "a-00001", percent: 50 }

const mistakes: readonly Mistake[] = [
  [
    "S31: a revision named after another Service",
    { template: { name: "b-1" } },
    /must have prefix|prefix "a-"|prefix: a-|must start/i,
  ],
  [
    "S32: percents that do not add up",
    { traffic: [{ latestRevision: true, percent: 99 }] },
    /Traffic targets sum to 99, want 100: spec\.traffic/,
  ],
  ["S32: a percent over 100", { traffic: [{ latestRevision: true, percent: 101 }] }, /spec\.traffic\[0\]\.percent/],
  [
    "S32: a tag given twice",
    {
      traffic: [
        { ...revision, tag: "x" },
        { latestRevision: true, percent: 50, tag: "x" },
      ],
    },
    /Multiple definitions for/,
  ],
  [
    "S32: a target that is a revision and the latest",
    { traffic: [{ revisionName: "a-00001", latestRevision: true, percent: 100 }] },
    /may not set revisionName "?a-00001"? when latestRevision is true/,
  ],
  [
    "S32: a target that names a Configuration",
    { traffic: [{ configurationName: "a", percent: 100 }] },
    /spec\.traffic\[0\]\.configurationName/,
  ],
  ["S33: a timeout over the limit", spec({ timeoutSeconds: 601 }), /timeoutSeconds/],
  ["S33: a concurrency below zero", spec({ containerConcurrency: -1 }), /containerConcurrency/],
  ["S33: a concurrency over a thousand", spec({ containerConcurrency: 1001 }), /containerConcurrency/],
  [
    "S34: two ports",
    container({ ports: [{ containerPort: 1 }, { containerPort: 2 }] }),
    /more than one container port is set/,
  ],
  [
    "S34: a port that is taken",
    container({ ports: [{ containerPort: 8012 }] }),
    /8012.*containerPort|containerPort.*8012/s,
  ],
  ["S34: a port of UDP", container({ ports: [{ containerPort: 80, protocol: "UDP" }] }), /protocol/],
  [
    "S34: a port with a name that says nothing",
    container({ ports: [{ containerPort: 80, name: "web" }] }),
    /Port name web is not allowed: .*\.ports\nName must be empty, or one of: 'h2c', 'http1'/,
  ],
  [
    "S34: several containers without a port",
    spec({ containers: [{ image: nowhere }, { image: nowhere }] }),
    /missing field\(s\): spec\.template\.spec\.containers\[\*\]\.ports/,
  ],
  ["S35: a variable that is ours", { env: { K_SERVICE: "x" } }, /"?K_SERVICE"?.*env/s],
  [
    "S35: a field of the pod in a variable",
    container({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
    /fieldRef/,
  ],
  ["S36: the name queue-proxy", container({ name: "queue-proxy" }), /queue-proxy/],
  [
    "S36: a volume nobody mounts",
    spec({ volumes: [{ name: "v", configMap: { name: "v" } }] }),
    /volume with name "v" not mounted/,
  ],
  [
    "S36: a mount at the root",
    {
      spec: { volumes: [{ name: "v", configMap: { name: "v" } }] },
      container: { volumeMounts: [{ name: "v", mountPath: "/" }] },
    },
    /mountPath/,
  ],
  [
    "S37: a path of the host",
    {
      spec: { volumes: [{ name: "v", hostPath: { path: "/" } }] },
      container: { volumeMounts: [{ name: "v", mountPath: "/v" }] },
    },
    /hostPath/i,
  ],
  ["S38: a restart policy", spec({ restartPolicy: "Never" }), /restartPolicy/],
  ["S38: the network of the host", spec({ hostNetwork: true }), /hostNetwork/],
  ["S38: the processes of the host", spec({ hostPID: true }), /hostPID/],
  ["S38: a node by name", spec({ nodeName: "x" }), /nodeName/],
  ["S38: affinity", spec({ affinity: {} }), /affinity/],
  ["S39: a lifecycle hook", container({ lifecycle: { preStop: { exec: { command: ["true"] } } } }), /lifecycle/],
  ["S39: a port of the host", container({ ports: [{ containerPort: 80, hostPort: 80 }] }), /hostPort/],
  ["S39: privilege", container({ securityContext: { privileged: true } }), /privileged/],
  ["S39: added capabilities", container({ securityContext: { capabilities: { add: ["SYS_ADMIN"] } } }), /capabilities/],
  ["S39: a mounted account", spec({ automountServiceAccountToken: true }), /automountServiceAccountToken/],
  [
    "S40: limits on a probe without a period",
    container({ readinessProbe: { periodSeconds: 0, failureThreshold: 2, tcpSocket: {} } }),
    /failureThreshold is disallowed when periodSeconds is zero/,
  ],
  [
    "S41: autoscaling said of the Service",
    { metadata: { annotations: { "autoscaling.knative.dev/min-scale": "1" } } },
    /autoscaling annotations must be put under "spec\.template\.metadata\.annotations" to work/,
  ],
  [
    "S41: a scale that is no number",
    annotated({ "autoscaling.knative.dev/min-scale": "many" }),
    /autoscaling\.knative\.dev\/min-scale/,
  ],
  [
    "S41: more at least than at most",
    annotated({ "autoscaling.knative.dev/min-scale": "3", "autoscaling.knative.dev/max-scale": "2" }),
    /max-scale=2 is less than min-scale=3|max-?scale/i,
  ],
  [
    "S41: a window of a day",
    annotated({ "autoscaling.knative.dev/window": "24h" }),
    /autoscaling\.knative\.dev\/window/,
  ],
  ["S41: nothing at first", annotated({ "autoscaling.knative.dev/initial-scale": "0" }), /initial-scale/],
  ["S42: an image that is none", container({ image: "not an image" }), /Failed to parse image reference/],
  [
    "S42: visibility that is none",
    { metadata: { labels: { "networking.knative.dev/visibility": "public" } } },
    /networking\.knative\.dev\/visibility/,
  ],
  [
    "S42: an annotation that networking does not know",
    { metadata: { annotations: { "networking.knative.dev/x": "y" } } },
    /networking\.knative\.dev\/x/,
  ],
  [
    "S42: a rollout of no time",
    { metadata: { annotations: { "serving.knative.dev/rollout-duration": "-1s" } } },
    /rollout-duration/,
  ],
  ["S42: an account that is no name", spec({ serviceAccountName: "Not_A_Name" }), /serviceAccountName/],
]

/** S30–S45: what is refused, with Knative's words and the field's path. */
export const validation: Statement = (it) => {
  for (const [title, changes, wanted] of mistakes) {
    it(`${title} is refused`, async ({ wire, path }) => {
      const { body, code } = await wire("POST", path(services), functionOf("a", nowhere, changes))
      equal(code, 400, `answered ${code}: ${body.message}`)
      says(body.message, wanted)
    })
  }

  it("S30: a Revision's spec stays as it is", async ({ wire, path, patch, clock }) => {
    await wire("POST", path(services), functionOf("a", nowhere))
    const change = { spec: { timeoutSeconds: 7 } }
    const { body } = await eventually(clock, async () => {
      const answer = await patch("merge", path(revisions, "/a-00001"), change)
      equal(answer.code, 400)
      return answer
    })
    says(body.message, /Immutable fields changed \(-old \+new\)/)
  })

  it("S31: a named revision is changed only under another name", async ({ wire, path, patch }) => {
    await wire("POST", path(services), functionOf("a", nowhere, { template: { name: "a-one" } }))
    const change = { spec: { template: { spec: { timeoutSeconds: 7 } } } }
    const { body, code } = await patch("merge", path(services, "/a"), change)
    equal(code, 400)
    says(body.message, /Saw the following changes without a name change \(-old \+new\)/)
  })

  it("S44: a value that cannot be read is refused in a config map", async ({ patch }) => {
    const map = "/api/v1/namespaces/knative-serving/configmaps/config-autoscaler?dryRun=All"
    const { body, code } = await patch("merge", map, { data: { "stable-window": "soon" } })
    equal(code, 400, `answered ${code}`)
    says(body.message, /stable-window|soon/)
  })

  for (const [configuration, path] of [
    ["mutatingwebhookconfigurations", "/defaulting"],
    ["validatingwebhookconfigurations", "/resource-validation"],
    ["validatingwebhookconfigurations", "/config-validation"],
  ] as const) {
    it(`S45: a webhook of ${path} fails closed`, async ({ wire }) => {
      const { body } = await wire("GET", `/apis/admissionregistration.k8s.io/v1/${configuration}`)
      // biome-ignore lint/suspicious/noExplicitAny: any webhook of the cluster.
      const hooks = body.items.flatMap(({ webhooks }: any) => webhooks ?? [])
      // biome-ignore lint/suspicious/noExplicitAny: the same.
      const ours = hooks.filter(({ clientConfig, name }: any) => {
        const at = clientConfig.service?.path ?? new URL(clientConfig.url).pathname
        return at === path && name.endsWith("knative.dev")
      })
      // biome-ignore lint/suspicious/noExplicitAny: the same.
      equal(ours.map(({ failurePolicy, timeoutSeconds }: any) => [failurePolicy, timeoutSeconds])[0], ["Fail", 10])
    })
  }
}
