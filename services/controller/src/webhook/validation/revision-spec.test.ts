import { describe, expect, it } from "vitest"
import { container, refusal, service, serviceOf } from "../../testing/review.ts"

const spec = "spec.template.spec"
const of = `${spec}.containers[0]`
const probe = (more: object) => ({ successThreshold: 1, ...more })
const mount = (mountPath: string, more: object = {}) => ({ name: "v", mountPath, readOnly: true, ...more })
const withVolume = (volume: object, mounts: object[] = [mount("/v")]) =>
  serviceOf({ volumeMounts: mounts }, { volumes: [{ name: "v", ...volume }] })
const secret = { secret: { secretName: "s" } }
const several = (...containers: object[]) =>
  service({ spec: { containers: containers.map((each, at) => ({ ...container, name: `c${at}`, ...each })) } })

interface Row {
  readonly name: string
  readonly object: object
  readonly message: string
}

describe("a revision is refused with", () => {
  it.each<Row>([
    {
      name: "no container",
      object: service({ spec: { containers: [] } }),
      message: `missing field(s): ${spec}.containers`,
    },
    {
      name: "an image that is none",
      object: serviceOf({ image: "foo:bar:baz" }),
      message: `Failed to parse image reference: ${of}.image\nimage: "foo:bar:baz", error: could not parse reference: foo:bar:baz`,
    },
    {
      name: "a reserved name",
      object: serviceOf({ name: "queue-proxy" }),
      message: `"queue-proxy" is a reserved container name: ${of}.name`,
    },
    {
      name: "fields that are the platform's, all in one",
      object: serviceOf({ lifecycle: {}, stdin: true, stdinOnce: true, tty: true, volumeDevices: [{ name: "d" }] }),
      message: `must not set the field(s): ${of}.lifecycle, ${of}.stdin, ${of}.stdinOnce, ${of}.tty, ${of}.volumeDevices`,
    },
    {
      name: "fields of the pod that are the platform's",
      object: serviceOf({}, { restartPolicy: "Never", terminationGracePeriodSeconds: 5, hostname: "h", nodeName: "n" }),
      message: `must not set the field(s): ${spec}.hostname, ${spec}.nodeName, ${spec}.restartPolicy, ${spec}.terminationGracePeriodSeconds`,
    },
    {
      name: "a token that is asked for",
      object: serviceOf({}, { automountServiceAccountToken: true }),
      message: `must not set the field(s): ${spec}.automountServiceAccountToken`,
    },
    {
      name: "an account that is none",
      object: serviceOf({}, { serviceAccountName: "foo@bar.baz" }),
      message: `invalid value: foo@bar.baz: ${spec}.serviceAccountName\na lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    },
    {
      name: "a reserved port",
      object: serviceOf({ ports: [{ containerPort: 8012 }] }),
      message: `invalid value: 8012 is a reserved port: ${of}.ports.containerPort\n8012 is a reserved port, please use a different value`,
    },
    {
      name: "a port that is none",
      object: serviceOf({ ports: [{ containerPort: 65_536 }] }),
      message: `expected 0 <= 65536 <= 65535: ${of}.ports.containerPort`,
    },
    {
      name: "a port's name",
      object: serviceOf({ ports: [{ containerPort: 80, name: "user-port" }] }),
      message: `Port name user-port is not allowed: ${of}.ports\nName must be empty, or one of: 'h2c', 'http1'`,
    },
    {
      name: "a port's protocol",
      object: serviceOf({ ports: [{ containerPort: 80, protocol: "UDP" }] }),
      message: `invalid value: UDP: ${of}.ports.protocol`,
    },
    {
      name: "a port of the node",
      object: serviceOf({ ports: [{ containerPort: 80, hostPort: 80, hostIP: "::" }] }),
      message: `must not set the field(s): ${of}.ports.hostIP, ${of}.ports.hostPort`,
    },
    {
      name: "two ports",
      object: serviceOf({ ports: [{ containerPort: 80 }, { containerPort: 81 }] }),
      message: `more than one container port is set: ${spec}.containers[*].ports\nOnly a single port is allowed across all containers`,
    },
    {
      name: "containers without a port",
      object: several({}, {}),
      message: `missing field(s): ${spec}.containers[*].ports`,
    },
    {
      name: "two containers of one name",
      object: several({ name: "a", ports: [{ containerPort: 80 }] }, { name: "a" }),
      message: `duplicate container name "a": ${spec}.containers[1].name`,
    },
    {
      name: "a reserved variable",
      object: serviceOf({ env: [{ name: "PORT", value: "1" }] }),
      message: `"PORT" is a reserved environment variable: ${of}.env[0].name`,
    },
    {
      name: "a reserved variable beside, where PORT is not",
      object: several({ ports: [{ containerPort: 80 }] }, { env: [{ name: "PORT" }, { name: "K_SERVICE" }] }),
      message: `"K_SERVICE" is a reserved environment variable: ${spec}.containers[1].env[1].name`,
    },
    {
      name: "a variable without a name",
      object: serviceOf({ env: [{ value: "x" }] }),
      message: `missing field(s): ${of}.env[0].name`,
    },
    {
      name: "variables from nowhere",
      object: serviceOf({ envFrom: [{}] }),
      message: `expected exactly one, got neither: ${of}.envFrom.configMapRef, ${of}.envFrom.secretRef`,
    },
    {
      name: "variables from two places",
      object: serviceOf({ envFrom: [{ configMapRef: { name: "a" }, secretRef: { name: "b" } }] }),
      message: `expected exactly one, got both: ${of}.envFrom.configMapRef, ${of}.envFrom.secretRef`,
    },
    {
      name: "a policy of messages",
      object: serviceOf({ terminationMessagePolicy: "Never" }),
      message: `invalid value: Never: ${of}.terminationMessagePolicy`,
    },
    {
      name: "claims of devices",
      object: serviceOf({ resources: { claims: [{ name: "gpu" }] } }),
      message: `must not set the field(s): ${of}.resources.claims`,
    },
    {
      name: "a user that is none",
      object: serviceOf({ securityContext: { runAsUser: -10, runAsGroup: 2 ** 31 } }),
      message: `expected 0 <= -10 <= 2147483647: ${of}.securityContext.runAsUser\nexpected 0 <= 2147483648 <= 2147483647: ${of}.securityContext.runAsGroup`,
    },
    {
      name: "all power",
      object: serviceOf({ securityContext: { privileged: true } }),
      message: `must not set the field(s): ${of}.securityContext.privileged`,
    },
    {
      name: "a limit of concurrency that is too high",
      object: serviceOf({}, { containerConcurrency: 1_001 }),
      message: `expected 0 <= 1001 <= 1000: ${spec}.containerConcurrency`,
    },
    {
      name: "a pause that is negative",
      object: serviceOf({}, { idleTimeoutSeconds: -1 }),
      message: `expected 0 <= -1 <= 600: ${spec}.idleTimeoutSeconds`,
    },
  ])("$name", async ({ object, message }) => expect(await refusal("Service", { object })).toBe(message))
})

describe("a probe is refused with", () => {
  const http = { httpGet: { path: "/" } }
  it.each<Row>([
    {
      name: "nothing to ask",
      object: serviceOf({ livenessProbe: {} }),
      message: `expected exactly one, got neither: ${of}.livenessProbe.exec, ${of}.livenessProbe.grpc, ${of}.livenessProbe.httpGet, ${of}.livenessProbe.tcpSocket`,
    },
    {
      name: "two things to ask",
      object: serviceOf({ readinessProbe: probe({ ...http, exec: {} }) }),
      message: `expected exactly one, got both: ${of}.readinessProbe.exec, ${of}.readinessProbe.httpGet`,
    },
    {
      name: "another port's name",
      object: serviceOf({ livenessProbe: { tcpSocket: { port: "imap" } } }),
      message: `invalid value: imap: ${of}.livenessProbe.tcpSocket.port\nProbe port must match container port`,
    },
    {
      name: "limits without a period",
      object: serviceOf({ readinessProbe: probe({ ...http, failureThreshold: 2, timeoutSeconds: 2 }) }),
      message: `failureThreshold is disallowed when periodSeconds is zero: ${of}.readinessProbe.failureThreshold\ntimeoutSeconds is disallowed when periodSeconds is zero: ${of}.readinessProbe.timeoutSeconds`,
    },
    {
      name: "numbers that are too low",
      object: serviceOf({ readinessProbe: { ...http, periodSeconds: -1, initialDelaySeconds: -1 } }),
      message: [
        `expected 0 <= -1 <= 2147483647: ${of}.readinessProbe.initialDelaySeconds, ${of}.readinessProbe.periodSeconds`,
        `expected 1 <= 0 <= 2147483647: ${of}.readinessProbe.failureThreshold, ${of}.readinessProbe.successThreshold, ${of}.readinessProbe.timeoutSeconds`,
      ].join("\n"),
    },
    {
      name: "a grace of its own",
      object: serviceOf({ livenessProbe: { ...http, terminationGracePeriodSeconds: 3 } }),
      message: `must not set the field(s): ${of}.livenessProbe.terminationGracePeriodSeconds`,
    },
    {
      name: "a place beside the container that gets the requests",
      object: several({ ports: [{ containerPort: 80 }] }, { readinessProbe: { ...http, timeoutSeconds: 1 } }),
      message: `must not set the field(s): ${spec}.containers[1].readinessProbe, ${spec}.containers[1].readinessProbe.timeoutSeconds`,
    },
  ])("$name", async ({ object, message }) => expect(await refusal("Service", { object })).toBe(message))

  it.each([
    { name: "a named port that is the container's", fields: { livenessProbe: { httpGet: { port: "http" } } } },
    { name: "another port by number", fields: { livenessProbe: { httpGet: { port: 5_000 } } } },
    { name: "gRPC", fields: { readinessProbe: probe({ grpc: { port: 46, service: "x" } }) } },
  ])("no fault in $name", async ({ fields }) =>
    expect(await refusal("Service", { object: serviceOf(fields) })).toBe(""),
  )

  it("no fault beside it where the flag says so, but for a port that nobody names", async () => {
    const config = { "config-features": { "multi-container-probing": "enabled" } }
    const beside = (readinessProbe: object) => several({ ports: [{ containerPort: 80 }] }, { readinessProbe })
    expect(await refusal("Service", { object: beside(probe({ httpGet: { port: 5_000 } })), config })).toBe("")
    expect(await refusal("Service", { object: beside(probe(http)), config })).toBe(
      `invalid value: 0: ${spec}.containers[1].readinessProbe.httpGet.port\nProbe port must be specified`,
    )
  })
})

describe("a volume is refused with", () => {
  const volume = `${spec}.volumes[0]`
  it.each<Row>([
    {
      name: "nobody that mounts it",
      object: withVolume(secret, []),
      message: `volume with name "v" not mounted: ${volume}.name`,
    },
    {
      name: "nothing in it",
      object: withVolume({}),
      message: `expected exactly one, got neither: ${["configMap", "emptyDir", "projected", "secret"].map((each) => `${volume}.${each}`).join(", ")}`,
    },
    {
      name: "two things in it",
      object: withVolume({ ...secret, configMap: { name: "c" } }),
      message: `expected exactly one, got both: ${volume}.configMap, ${volume}.secret`,
    },
    {
      name: "a source that nobody offers",
      object: withVolume({ nfs: { server: "s" } }),
      message: `must not set the field(s): ${volume}.nfs`,
    },
    {
      name: "an item without a place",
      object: withVolume({ secret: { items: [{ key: "k" }] } }),
      message: `missing field(s): ${volume}.items[0].path`,
    },
    {
      name: "a projection of nothing and one without a name",
      object: withVolume({ projected: { sources: [{}, { secret: {} }] } }),
      message: [
        `expected exactly one, got neither: ${["configMap", "downwardAPI", "secret", "serviceAccountToken"].map((each) => `${volume}.projected[0].${each}`).join(", ")}`,
        `missing field(s): ${volume}.projected[1].secret.name`,
      ].join("\n"),
    },
    {
      name: "a size below nothing",
      object: withVolume({ emptyDir: { sizeLimit: "-1" } }),
      message: `invalid value: -1: ${volume}.emptyDir.sizeLimit`,
    },
    {
      name: "a medium that is none",
      object: withVolume({ emptyDir: { medium: "Paper" } }),
      message: `invalid value: Paper: ${volume}.emptyDir.medium`,
    },
    {
      name: "a name of its own and another's",
      object: serviceOf(
        { volumeMounts: [mount("/v")] },
        {
          volumes: [
            { name: "v", ...secret },
            { name: "v", ...secret },
          ],
        },
      ),
      message: `duplicate volume name "v": ${spec}.volumes[1].name`,
    },
    {
      name: "a mount at a reserved place",
      object: withVolume(secret, [mount("//dev//")]),
      message: `mountPath "/dev" is a reserved path: ${of}.volumeMounts[0].mountPath`,
    },
    {
      name: "a mount at no place",
      object: withVolume(secret, [mount("not/absolute")]),
      message: `invalid value: not/absolute: ${of}.volumeMounts[0].mountPath`,
    },
    {
      name: "two mounts at one place",
      object: withVolume(secret, [mount("/v"), mount("/v/")]),
      message: `invalid value: "/v/" must be unique: ${of}.volumeMounts[1].mountPath`,
    },
    {
      name: "a mount to write to",
      object: withVolume(secret, [mount("/v", { readOnly: false })]),
      message: `volume mount should be readOnly for this type of volume: ${of}.volumeMounts[0].readOnly`,
    },
    {
      name: "a mount of nothing",
      object: serviceOf({ volumeMounts: [{ name: "x", subPath: "s", mountPropagation: "Bidirectional" }] }),
      message: [
        `missing field(s): ${of}.volumeMounts[0].mountPath`,
        `must not set the field(s): ${of}.volumeMounts[0].mountPropagation`,
        `volume mount should be readOnly for this type of volume: ${of}.volumeMounts[0].readOnly`,
        `volumeMount has no matching volume: ${of}.volumeMounts[0].name`,
      ].join("\n"),
    },
  ])("$name", async ({ object, message }) => expect(await refusal("Service", { object })).toBe(message))

  it("no fault in what may be mounted, with a part of it by its path", async () => {
    const token = { serviceAccountToken: { audience: "api", path: "token" } }
    const fields = { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } }
    const object = withVolume({ projected: { sources: [token, fields] } }, [mount("/v", { subPath: "token" })])
    expect(await refusal("Service", { object })).toBe("")
    expect(await refusal("Service", { object: withVolume({ emptyDir: { medium: "Memory" } }) })).toBe("")
  })
})

describe("an init container", () => {
  const config = { "config-features": { "kubernetes.podspec-init-containers": "enabled" } }
  const withInit = (fields: object) => serviceOf({}, { initContainers: [{ ...container, name: "init", ...fields }] })

  it("may have no probes and no hooks", async () => {
    const object = withInit({ livenessProbe: { exec: {} }, startupProbe: { exec: {} } })
    const at = `${spec}.containers[0]`
    expect(await refusal("Service", { object, config })).toBe(
      `field not allowed in an init container: ${at}.livenessProbe, ${at}.startupProbe`,
    )
  })

  it("may have the PORT of its choice", async () => {
    expect(await refusal("Service", { object: withInit({ env: [{ name: "PORT", value: "1" }] }), config })).toBe("")
  })

  it("may not have another's name", async () => {
    const object = serviceOf({ name: "a" }, { initContainers: [{ ...container, name: "a" }] })
    expect(await refusal("Service", { object, config })).toBe(
      `duplicate container name "a": ${spec}.containers[0].name`,
    )
  })
})

it("limits are the operators'", async () => {
  const config = {
    "config-defaults": {
      "max-revision-timeout-seconds": "3600",
      "container-concurrency-max-limit": "5",
      "allow-container-concurrency-zero": "false",
    },
  }
  const object = serviceOf({}, { timeoutSeconds: 3_000, containerConcurrency: 0 })
  expect(await refusal("Service", { object, config })).toBe(`expected 1 <= 0 <= 5: ${spec}.containerConcurrency`)
})
