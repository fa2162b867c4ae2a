import { describe, expect, it } from "vitest"
import { container, refusal, service, serviceOf } from "../../testing/review.ts"

const spec = "spec.template.spec"
const mounts = [{ name: "v", mountPath: "/v", readOnly: true }]
const volume = (source: object) => serviceOf({ volumeMounts: mounts }, { volumes: [{ name: "v", ...source }] })
const refused = (...fields: string[]) =>
  `must not set the field(s): ${fields.map((field) => `${spec}.${field}`).join(", ")}`

interface Row {
  readonly flag: string
  readonly object: object
  readonly message: string
  /** Flags that are needed beside it. */
  readonly beside?: Readonly<Record<string, string>>
}

const rows: Row[] = [
  ...Object.entries({
    affinity: {},
    dnsconfig: { field: "dnsConfig", value: { nameservers: ["1.2.3.4"] } },
    dnspolicy: { field: "dnsPolicy", value: "Default" },
    hostaliases: { field: "hostAliases", value: [{ ip: "127.0.0.1", hostnames: ["a"] }] },
    hostipc: { field: "hostIPC", value: true },
    hostnetwork: { field: "hostNetwork", value: true },
    hostpid: { field: "hostPID", value: true },
    nodeselector: { field: "nodeSelector", value: { "kubernetes.io/arch": "amd64" } },
    priorityclassname: { field: "priorityClassName", value: "high" },
    runtimeclassname: { field: "runtimeClassName", value: "kata" },
    schedulername: { field: "schedulerName", value: "mine" },
    securitycontext: { field: "securityContext", value: {} },
    shareprocessnamespace: { field: "shareProcessNamespace", value: true },
    tolerations: { field: "tolerations", value: [{ key: "k" }] },
    topologyspreadconstraints: { field: "topologySpreadConstraints", value: [{ maxSkew: 1 }] },
  }).map(([name, given]): Row => {
    const { field = name, value = {} } = given as { field?: string; value?: unknown }
    return { flag: `kubernetes.podspec-${name}`, object: serviceOf({}, { [field]: value }), message: refused(field) }
  }),
  {
    flag: "kubernetes.podspec-init-containers",
    object: serviceOf({}, { initContainers: [{ ...container, name: "init" }] }),
    message: `${refused("initContainers")}\npod spec support for init-containers is off, but found 1 init containers: `,
  },
  {
    flag: "kubernetes.podspec-fieldref",
    object: serviceOf({ env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } }] }),
    message: refused("containers[0].env[0].valueFrom.fieldRef"),
  },
  {
    flag: "kubernetes.containerspec-addcapabilities",
    object: serviceOf({ securityContext: { capabilities: { add: ["NET_ADMIN"] } } }),
    message: refused("containers[0].securityContext.capabilities.add"),
  },
  {
    flag: "kubernetes.podspec-volumes-mount-propagation",
    object: serviceOf(
      { volumeMounts: [{ ...mounts[0], mountPropagation: "HostToContainer" }] },
      { volumes: [{ name: "v", secret: { secretName: "s" } }] },
    ),
    message: refused("containers[0].volumeMounts[0].mountPropagation"),
  },
  ...Object.entries({
    emptyDir: "EmptyDir",
    hostPath: "HostPath",
    csi: "CSI",
    ephemeral: "Ephemeral",
    image: "Image",
  }).map(
    ([source, word]): Row => ({
      flag: `kubernetes.podspec-volumes-${source.toLowerCase()}`,
      object: volume({ [source]: {} }),
      message: `${word} volume support is disabled, but found ${word} volume v: \n${refused(`volumes[0].${source}`)}`,
    }),
  ),
  {
    flag: "kubernetes.podspec-persistent-volume-claim",
    object: volume({ persistentVolumeClaim: { claimName: "c", readOnly: true } }),
    message: `Persistent volume claim support is disabled, but found persistent volume claim c: \n${refused("volumes[0].persistentVolumeClaim")}`,
  },
  {
    flag: "kubernetes.podspec-persistent-volume-write",
    object: volume({ persistentVolumeClaim: { claimName: "c" } }),
    message: "Persistent volume write support is disabled, but found persistent volume claim c that is not read-only: ",
    beside: { "kubernetes.podspec-persistent-volume-claim": "enabled" },
  },
  {
    flag: "multi-container",
    object: service({
      spec: {
        containers: [
          { ...container, name: "a", ports: [{ containerPort: 80 }] },
          { ...container, name: "b" },
        ],
      },
    }),
    message: "multi-container is off, but found 2 containers: ",
  },
  {
    flag: "multi-container-probing",
    object: service({
      spec: {
        containers: [
          { ...container, name: "a", ports: [{ containerPort: 80 }] },
          { ...container, name: "b", livenessProbe: { exec: { command: ["x"] } } },
        ],
      },
    }),
    message: refused("containers[1].livenessProbe"),
  },
]

describe.each(rows)("$flag", ({ flag, object, message, beside }) => {
  it.each([
    ["Disabled", message],
    ["Allowed", ""],
    ["Enabled", ""],
  ])("when it is %s", async (state, told) => {
    expect(await refusal("Service", { object, config: { "config-features": { ...beside, [flag]: state } } })).toBe(told)
  })
})

it("the fields of a pod's securityContext are some, whatever the flag says", async () => {
  const config = { "config-features": { "kubernetes.podspec-securitycontext": "enabled" } }
  const context = { runAsUser: 1, fsGroup: -10, supplementalGroups: [1, -1], sysctls: [], seLinuxOptions: {} }
  expect(await refusal("Service", { object: serviceOf({}, { securityContext: context }), config })).toBe(
    [
      `expected 0 <= -1 <= 2147483647: ${spec}.securityContext.supplementalGroups[1]`,
      `expected 0 <= -10 <= 2147483647: ${spec}.securityContext.fsGroup`,
      refused("securityContext.seLinuxOptions", "securityContext.sysctls"),
    ].join("\n"),
  )
})

it("nothing that reaches the node is taken as the platform comes", async () => {
  const object = serviceOf(
    { securityContext: { privileged: true, capabilities: { add: ["SYS_ADMIN"] } }, volumeMounts: mounts },
    { hostNetwork: true, hostPID: true, hostIPC: true, volumes: [{ name: "v", hostPath: { path: "/" } }] },
  )
  expect(await refusal("Service", { object })).toBe(
    `HostPath volume support is disabled, but found HostPath volume v: \n${refused(
      "containers[0].securityContext.capabilities.add",
      "containers[0].securityContext.privileged",
      "hostIPC",
      "hostNetwork",
      "hostPID",
      "volumes[0].hostPath",
    )}`,
  )
})
