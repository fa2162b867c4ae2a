import { describeFieldError } from "@wick/sdk/api"
import { describe, expect, it } from "vitest"
import { judged, prepared } from "../testing/judge.ts"
import { pods } from "./pod.ts"

const container = { name: "app", image: "nginx:1" }
const pod = (spec: object) => ({ spec: { containers: [container], ...spec } })
const withContainer = (more: object) => pod({ containers: [{ ...container, ...more }] })
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const at = "spec.containers[0]"

describe("a new pod is refused for", () => {
  it.each<[string, object, string[]]>([
    ["nothing when it is right", pod({}), []],
    ["no containers", { spec: { containers: [] } }, ["spec.containers: Required value"]],
    ["no image", pod({ containers: [{ name: "app" }] }), [`${at}.image: Required value`]],
    [
      "a padded image",
      withContainer({ image: " nginx" }),
      [`${at}.image: Invalid value: " nginx": must not have leading or trailing whitespace`],
    ],
    ["a name of its own", withContainer({ name: "App" }), [`${at}.name: Invalid value: "App": ${label}`]],
    ["equal names", pod({ containers: [container, container] }), ['spec.containers[1].name: Duplicate value: "app"']],
    [
      "an init container of a container's name",
      pod({ initContainers: [container] }),
      ['spec.initContainers[0].name: Duplicate value: "app"'],
    ],
    [
      "an init container that is probed",
      pod({ initContainers: [{ name: "init", image: "a:1", readinessProbe: { exec: { command: ["a"] } } }] }),
      [
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
      ],
    ],
    [
      "ports",
      withContainer({
        ports: [
          { containerPort: 0 },
          { containerPort: 70000, name: "much-too-long-name" },
          { containerPort: 1, name: "80" },
          { containerPort: 2, name: "a" },
          { containerPort: 3, name: "a", hostPort: 5 },
          { containerPort: 4, hostPort: 5 },
        ],
      }),
      [
        `${at}.ports[0].containerPort: Required value`,
        `${at}.ports[1].name: Invalid value: "much-too-long-name": must be no more than 15 characters`,
        `${at}.ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
        `${at}.ports[2].name: Invalid value: "80": must contain at least one letter (a-z)`,
        `${at}.ports[4].name: Duplicate value: "a"`,
        `${at}.ports[5].hostPort: Duplicate value: "TCP//5"`,
      ],
    ],
    [
      "devices that are no claims, or files too, or twice",
      {
        spec: {
          containers: [
            {
              ...container,
              volumeMounts: [{ name: "disk", mountPath: "/dev/b" }],
              volumeDevices: [
                { name: "scratch", devicePath: "/dev/a" },
                { name: "disk", devicePath: "/dev/b" },
                { name: "raw", devicePath: "/dev/../c" },
                { name: "raw", devicePath: "/dev/../c" },
                { name: "none", devicePath: "/dev/e" },
              ],
            },
          ],
          volumes: [
            { name: "scratch", emptyDir: {} },
            { name: "disk", persistentVolumeClaim: { claimName: "disk" } },
            { name: "raw", persistentVolumeClaim: { claimName: "raw" } },
          ],
        },
      },
      [
        `${at}.volumeDevices[0].name: Invalid value: "scratch": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
        `${at}.volumeDevices[1].devicePath: Invalid value: "/dev/b": must not already exist in volumeMounts`,
        `${at}.volumeDevices[1].name: Invalid value: "disk": must not already exist in volumeMounts`,
        `${at}.volumeDevices[2].devicePath: Invalid value: "/dev/../c": can not contain backsteps ('..')`,
        `${at}.volumeDevices[3].name: Invalid value: "raw": must be unique`,
        `${at}.volumeDevices[3].devicePath: Invalid value: "/dev/../c": must be unique`,
        `${at}.volumeDevices[3].devicePath: Invalid value: "/dev/../c": can not contain backsteps ('..')`,
        `${at}.volumeDevices[4].name: Not found: "none"`,
      ],
    ],
    [
      "variables",
      withContainer({
        env: [
          { name: "" },
          { name: "A=B" },
          { name: "A", value: "1", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          { name: "B", valueFrom: { fieldRef: { fieldPath: "spec.colour" } } },
          { name: "C", valueFrom: {} },
          { name: "D", valueFrom: { secretKeyRef: { name: "s", key: "" } } },
        ],
      }),
      [
        `${at}.env[0].name: Required value`,
        `${at}.env[1].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`,
        `${at}.env[2].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
        `${at}.env[3].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.colour": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
        `${at}.env[4].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
        `${at}.env[5].valueFrom.secretKeyRef.key: Required value`,
      ],
    ],
    [
      "mounts",
      pod({
        volumes: [{ name: "data" }, { name: "data" }, { name: "two", emptyDir: {}, hostPath: { path: "/a/../b" } }],
        containers: [
          {
            ...container,
            volumeMounts: [
              { name: "data", mountPath: "/a", subPath: "../x" },
              { name: "other", mountPath: "/a" },
            ],
          },
        ],
      }),
      [
        "spec.volumes[2].hostPath: Forbidden: may not specify more than 1 volume type",
        "spec.volumes[2].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        'spec.volumes[1].name: Duplicate value: "data"',
        `${at}.volumeMounts[0].subPath: Invalid value: "../x": must not contain '..'`,
        `${at}.volumeMounts[1].name: Not found: "other"`,
        `${at}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
      ],
    ],
    [
      "files in volumes",
      pod({
        volumes: [
          { name: "a", secret: { defaultMode: 1000 } },
          { name: "b", configMap: { name: "m", items: [{ key: "k", path: "/abs" }] } },
          { name: "c", projected: { sources: [{ serviceAccountToken: { path: "", expirationSeconds: 5 } }] } },
          { name: "d", downwardAPI: { items: [{ path: "x" }] } },
        ],
      }),
      [
        "spec.volumes[0].secret.secretName: Required value",
        "spec.volumes[0].secret.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive",
        'spec.volumes[1].configMap.items[0].path: Invalid value: "/abs": must be a relative path',
        "spec.volumes[2].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
        "spec.volumes[2].projected.sources[0].serviceAccountToken.path: Required value",
        "spec.volumes[3].downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required",
      ],
    ],
    [
      "probes",
      withContainer({
        livenessProbe: { httpGet: { path: "", port: 0 }, successThreshold: 2 },
        readinessProbe: {
          initialDelaySeconds: -1,
          terminationGracePeriodSeconds: 3,
          exec: {},
          tcpSocket: { port: "HTTP" },
        },
        startupProbe: {},
      }),
      [
        `${at}.livenessProbe.httpGet.path: Required value`,
        `${at}.livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
        `${at}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
        `${at}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
        `${at}.readinessProbe.exec.command: Required value`,
        `${at}.readinessProbe.tcpSocket.port: Invalid value: "HTTP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
        `${at}.readinessProbe.tcpSocket.port: Invalid value: "HTTP": must contain at least one letter (a-z)`,
        `${at}.readinessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0`,
        `${at}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes`,
        `${at}.startupProbe: Required value: must specify a handler type`,
      ],
    ],
    [
      "resources",
      withContainer({
        resources: {
          limits: { cpu: "1", memory: "-1", gpu: 1, "example.com/gpu": "500m" },
          requests: { cpu: "1500m", "example.com/card": 1 },
        },
      }),
      [
        `${at}.resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0`,
        `${at}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
        `${at}.resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
        `${at}.resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer`,
        `${at}.resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1`,
        `${at}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
        `${at}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified`,
        `${at}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers`,
        `${at}.resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer`,
        `${at}.resources.limits: Required value: Limit must be set for non overcommitable resources`,
      ],
    ],
    [
      "security",
      pod({
        hostPID: true,
        shareProcessNamespace: true,
        securityContext: { runAsUser: -1, fsGroup: 2 ** 31, seccompProfile: { type: "Localhost" } },
        containers: [{ ...container, securityContext: { privileged: true, allowPrivilegeEscalation: false } }],
      }),
      [
        `${at}.securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
        "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
        "spec.securityContext.fsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive",
        "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled",
      ],
    ],
    [
      "tolerations",
      pod({
        tolerations: [
          { operator: "Equal", value: "x" },
          { key: "a", operator: "Exists", value: "x" },
          { key: "a", tolerationSeconds: 3, effect: "NoSchedule" },
          { key: "a", operator: "Near" },
        ],
      }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        'spec.tolerations[1].operator: Invalid value: {"key":"a","operator":"Exists","value":"x"}: value must be empty when `operator` is \'Exists\'',
        "spec.tolerations[2].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
        'spec.tolerations[3].operator: Unsupported value: "Near": supported values: "Equal", "Exists"',
      ],
    ],
    [
      "affinity and spread",
      pod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] },
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 101, preference: { matchExpressions: [{ key: "a", operator: "In" }] } },
            ],
          },
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "" }] },
        },
        topologySpreadConstraints: [
          { maxSkew: 0, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway", minDomains: 2 },
          { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" },
        ],
      }),
      [
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100",
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        "spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        'spec.topologySpreadConstraints[1]: Duplicate value: "{zone, ScheduleAnyway}"',
      ],
    ],
    [
      "its network",
      pod({ dnsPolicy: "None", hostname: "A", hostAliases: [{ ip: "nowhere" }] }),
      [
        `spec.hostname: Invalid value: "A": ${label}`,
        'spec.hostAliases[0].ip: Invalid value: "nowhere": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
      ],
    ],
    [
      "its deadline",
      pod({ activeDeadlineSeconds: 0 }),
      ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
    ],
  ])("%s", (_, object, messages) => expect(judged("Pod", pods, object)).toEqual(messages))
})

const immutable =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

describe("a change of a pod", () => {
  it.each<[string, object, object, string[]]>([
    ["may be its image", pod({}), withContainer({ image: "nginx:2" }), []],
    ["may be its node, once", pod({}), pod({ nodeName: "a" }), []],
    ["may be a further toleration", pod({}), pod({ tolerations: [{ operator: "Exists" }] }), []],
    ["is not another node", pod({ nodeName: "a" }), pod({ nodeName: "b" }), [`spec: Forbidden: ${immutable}`]],
    ["is not its command", pod({}), withContainer({ command: ["a"] }), [`spec: Forbidden: ${immutable}`]],
    [
      "is not a further container",
      pod({}),
      pod({ containers: [container, { ...container, name: "b" }] }),
      ["spec.containers: Forbidden: pod updates may not add or remove containers"],
    ],
    [
      "is not fewer tolerations",
      pod({ tolerations: [{ operator: "Exists" }] }),
      pod({}),
      ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
    ],
    [
      "is not a longer life",
      pod({ activeDeadlineSeconds: 5 }),
      pod({ activeDeadlineSeconds: 6 }),
      ["spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value"],
    ],
    [
      "is not a new gate",
      pod({ schedulingGates: [{ name: "a.b/c" }] }),
      pod({ schedulingGates: [{ name: "a.b/d" }] }),
      ["spec.schedulingGates[0]: Forbidden: only deletion is allowed, but found new scheduling gate 'a.b/d'"],
    ],
    [
      "may be where it runs, while it is gated",
      pod({ schedulingGates: [{ name: "a.b/c" }] }),
      pod({ schedulingGates: [{ name: "a.b/c" }], nodeSelector: { zone: "a" } }),
      [],
    ],
  ])("%s", (_, old, object, messages) => expect(judged("Pod", pods, object, old)).toEqual(messages))
})

describe("a pod gets", () => {
  const made = (spec: object) => prepared("Pod", pods, pod(spec))
  const resources = (limits: object, requests = {}) => ({
    containers: [{ ...container, resources: { limits, requests } }],
  })

  it.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["host:5000/nginx", "Always"],
    ["nginx:1.2", "IfNotPresent"],
    ["nginx@sha256:0123", "IfNotPresent"],
  ])("a pull policy by its image: %s → %s", (image, policy) => {
    expect(made({ containers: [{ name: "a", image }] }).spec).toMatchObject({
      containers: [{ imagePullPolicy: policy }],
    })
  })

  it("an empty directory for a volume without a source", () => {
    expect(made({ volumes: [{ name: "a" }] }).spec).toMatchObject({ volumes: [{ name: "a", emptyDir: {} }] })
  })

  it("its ports as the node's, in the node's network", () => {
    const spec = { hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80 }] }] }
    expect(made(spec).spec).toMatchObject({ containers: [{ ports: [{ hostPort: 80 }] }] })
  })

  it.each([
    ["BestEffort", {}],
    ["Burstable", resources({}, { cpu: "1" })],
    ["Burstable", resources({ cpu: "1" })],
    ["Guaranteed", resources({ cpu: "1", memory: "1Gi" })],
    ["Burstable", resources({ cpu: "1", memory: "1Gi" }, { cpu: "500m" })],
    ["Guaranteed", { resources: { limits: { cpu: "1", memory: "1Gi" } } }],
  ])("the class %s by what it asks for", (qosClass, spec) => {
    expect(made(spec).status).toEqual({ phase: "Pending", qosClass })
  })
})

describe("a part of a running pod", () => {
  const running = prepared("Pod", pods, pod({}))
  const debug = { name: "debug", image: "busybox:1" }
  const write = (part: string, spec: object, live = running): { spec: unknown; messages: string[] } => {
    const wanted = { ...live, spec: { ...(live.spec as object), ...spec } }
    const next = pods.writablePart?.(wanted, live, part) ?? wanted
    return { spec: next.spec, messages: (pods.validate?.(next, live, part) ?? []).map(describeFieldError) }
  }

  it("may be a container that looks into it, and nothing else of the pod", () => {
    const { spec, messages } = write("ephemeralcontainers", { ephemeralContainers: [debug], nodeName: "other" })
    expect(messages).toEqual([])
    expect(spec).toEqual({ ...(running.spec as object), ephemeralContainers: [debug] })
    const wrong = [{ ...debug, name: "app", ports: [], targetContainerName: "none" }]
    expect(write("ephemeralcontainers", { ephemeralContainers: wrong }).messages).toEqual([
      'spec.ephemeralContainers[0].name: Duplicate value: "app"',
      'spec.ephemeralContainers[0].targetContainerName: Not found: "none"',
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
    ])
  })

  it("stays when it is such a container", () => {
    const live = { ...running, spec: { ...(running.spec as object), ephemeralContainers: [debug] } }
    const change = (list: object[]) => write("ephemeralcontainers", { ephemeralContainers: list }, live).messages[0]
    expect(change([])).toMatch(/existing ephemeral containers "debug" may not be removed/)
    expect(change([{ ...debug, image: "other:1" }])).toMatch(/existing ephemeral containers "debug" may not be changed/)
  })

  it("may be what it needs, in its class", () => {
    const sized = (cpu: string) => [{ ...container, resources: { requests: { cpu } } }]
    const live = prepared("Pod", pods, pod({ containers: sized("1") }))
    const { spec, messages } = write("resize", { containers: [{ ...sized("2")[0], image: "other:1" }] }, live)
    expect(messages).toEqual([])
    expect(spec).toMatchObject({ containers: [{ image: "nginx:1", resources: { requests: { cpu: "2" } } }] })
    expect(write("resize", { containers: [{ ...container, resources: {} }] }, live).messages).toEqual([
      'spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing',
    ])
  })
})
