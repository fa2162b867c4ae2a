import type { Config } from "@wick/sdk/api/serving/config"
import { parseImageReference } from "@wick/sdk/oci/image-reference"
import type { Mistake } from "./admission-review.ts"

interface Port {
  name?: string
  containerPort?: number
  protocol?: string
}
interface Container {
  name?: string
  image?: string
  ports?: Port[]
  env?: { name: string }[]
  volumeMounts?: { name: string; mountPath: string }[]
  readinessProbe?: Probe
  livenessProbe?: Probe
  startupProbe?: Probe
  [field: string]: unknown
}
interface Probe {
  periodSeconds?: number
  failureThreshold?: number
  timeoutSeconds?: number
}
interface RevisionSpec {
  containers?: Container[]
  volumes?: { name: string }[]
  timeoutSeconds?: number
  containerConcurrency?: number
  serviceAccountName?: string
  [field: string]: unknown
}

const reservedPorts = [8012, 8013, 8022, 9090, 9091, 8008]
const reservedEnv = ["PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"]
const reservedPaths = ["/", "/dev", "/dev/log"]
const portNames = ["", "h2c", "http1", "user-port"]
const portMax = 65_535
const subdomain = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** Fields of a pod that are the platform's to set. */
const forbiddenInPod = [
  "restartPolicy",
  "terminationGracePeriodSeconds",
  "activeDeadlineSeconds",
  "nodeName",
  "hostname",
  "subdomain",
  "priority",
  "readinessGates",
  "preemptionPolicy",
  "overhead",
  "ephemeralContainers",
]
const forbiddenInContainer = ["lifecycle", "stdin", "stdinOnce", "tty", "volumeDevices"]

/** Every mistake in the spec of a revision at `field`. */
export function revisionSpecMistakes(given: object, field: string, config: Config): Mistake[] {
  const spec = given as RevisionSpec
  const containers = spec.containers ?? []
  return [
    ...limitMistakes(spec, field, config),
    ...forbidden(spec, forbiddenInPod, field),
    ...accountMistakes(spec, field),
    ...(containers.length === 0 ? [{ message: "missing field(s)", field: `${field}.containers` }] : []),
    ...containers.flatMap((container, at) =>
      containerMistakes(container, `${field}.containers[${at}]`, containers.length > 1),
    ),
    ...portCountMistakes(containers, field),
    ...volumeMistakes(spec, containers, field),
  ]
}

function limitMistakes(
  { timeoutSeconds, containerConcurrency }: RevisionSpec,
  field: string,
  { defaults }: Config,
): Mistake[] {
  const timeoutMax = defaults["max-revision-timeout-seconds"]
  const concurrencyMax = defaults["container-concurrency-max-limit"]
  const concurrencyMin = defaults["allow-container-concurrency-zero"] ? 0 : 1
  const mistakes: Mistake[] = []
  if (timeoutSeconds !== undefined && !(timeoutSeconds >= 0 && timeoutSeconds <= timeoutMax)) {
    mistakes.push({ message: `expected 0 <= ${timeoutSeconds} <= ${timeoutMax}`, field: `${field}.timeoutSeconds` })
  }
  if (
    containerConcurrency !== undefined &&
    !(containerConcurrency >= concurrencyMin && containerConcurrency <= concurrencyMax)
  ) {
    const message = `expected ${concurrencyMin} <= ${containerConcurrency} <= ${concurrencyMax}`
    mistakes.push({ message, field: `${field}.containerConcurrency` })
  }
  return mistakes
}

function forbidden(object: Readonly<Record<string, unknown>>, names: readonly string[], field: string): Mistake[] {
  const set = names.filter((name) => object[name] !== undefined)
  return set.map((name) => ({ message: "must not set the field(s)", field: `${field}.${name}` }))
}

function accountMistakes({ serviceAccountName }: RevisionSpec, field: string): Mistake[] {
  if (!serviceAccountName || subdomain.test(serviceAccountName)) return []
  return [
    {
      message: `serviceAccountName: ${serviceAccountName} is not a DNS 1123 subdomain`,
      field: `${field}.serviceAccountName`,
    },
  ]
}

function containerMistakes(container: Container, field: string, isOneOfMany: boolean): Mistake[] {
  return [
    ...forbidden(container, forbiddenInContainer, field),
    ...imageMistakes(container.image, field),
    ...(container.name === "queue-proxy"
      ? [{ message: "queue-proxy is a reserved container name", field: `${field}.name` }]
      : []),
    ...envMistakes(container, field, isOneOfMany && !container.ports?.length),
    ...(container.ports ?? []).flatMap((port, at) => portMistakes(port, `${field}.ports[${at}]`)),
    ...mountMistakes(container, field),
    ...(["readinessProbe", "livenessProbe", "startupProbe"] as const).flatMap((name) =>
      probeMistakes(container[name], `${field}.${name}`),
    ),
  ]
}

function imageMistakes(image: string | undefined, field: string): Mistake[] {
  if (!image) return [{ message: "missing field(s)", field: `${field}.image` }]
  if (parseImageReference(image, "index.docker.io")) return []
  return [{ message: `Failed to parse image reference: "${image}"`, field: `${field}.image` }]
}

/** A container beside the serving one has a port of its own choice. */
function envMistakes({ env = [] }: Container, field: string, isSidecar: boolean): Mistake[] {
  return env.flatMap(({ name }, at): Mistake[] => {
    if (!reservedEnv.includes(name) || (isSidecar && name === "PORT")) return []
    return [{ message: `"${name}" is a reserved environment variable`, field: `${field}.env[${at}].name` }]
  })
}

function portMistakes({ name = "", containerPort, protocol = "TCP" }: Port, field: string): Mistake[] {
  const mistakes: Mistake[] = []
  if (!containerPort || containerPort < 1 || containerPort > portMax) {
    mistakes.push({ message: `expected 1 <= ${containerPort} <= ${portMax}`, field: `${field}.containerPort` })
  } else if (reservedPorts.includes(containerPort)) {
    mistakes.push({ message: `${containerPort} is a reserved port`, field: `${field}.containerPort` })
  }
  if (!portNames.includes(name)) {
    mistakes.push({
      message: `Port name ${name} is not allowed: Name must be empty, or one of: 'h2c', 'http1'`,
      field: `${field}.name`,
    })
  }
  if (protocol !== "TCP" && protocol !== "")
    mistakes.push({ message: `invalid value: ${protocol}`, field: `${field}.protocol` })
  return mistakes
}

function portCountMistakes(containers: readonly Container[], field: string): Mistake[] {
  const count = containers.reduce((sum, { ports }) => sum + (ports?.length ?? 0), 0)
  if (count > 1) return [{ message: "more than one container port is set", field: `${field}.containers[*].ports` }]
  if (count === 0 && containers.length > 1)
    return [{ message: "missing containerPort", field: `${field}.containers[*].ports` }]
  return []
}

function mountMistakes({ volumeMounts = [] }: Container, field: string): Mistake[] {
  return volumeMounts.flatMap(({ mountPath }, at): Mistake[] => {
    const where = `${field}.volumeMounts[${at}].mountPath`
    const path = mountPath.replace(/\/+$/, "") || "/"
    if (!path.startsWith("/"))
      return [{ message: `invalid value: ${mountPath}: must be an absolute path`, field: where }]
    if (reservedPaths.includes(path)) return [{ message: `mountPath "${path}" is a reserved path`, field: where }]
    const first = volumeMounts.findIndex((other) => other.mountPath === mountPath)
    return first === at ? [] : [{ message: `"${mountPath}" must be unique`, field: where }]
  })
}

function probeMistakes(probe: Probe | undefined, field: string): Mistake[] {
  if (probe?.periodSeconds !== 0) return []
  const set = (["failureThreshold", "timeoutSeconds"] as const).filter((name) => (probe[name] ?? 0) !== 0)
  return set.map((name) => ({ message: `${name} is disallowed when periodSeconds is zero`, field: `${field}.${name}` }))
}

function volumeMistakes({ volumes = [] }: RevisionSpec, containers: readonly Container[], field: string): Mistake[] {
  const mounted = new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)))
  const unused = volumes.filter(({ name }) => !mounted.has(name))
  return unused.map(({ name }) => ({
    message: `volume with name "${name}" not mounted`,
    field: `${field}.volumes[name=${name}]`,
  }))
}
