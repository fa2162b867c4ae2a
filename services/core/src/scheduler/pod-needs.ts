import type { Pod } from "@wick/sdk/api/core/pod"
import type { ResourceList } from "@wick/sdk/api/core/resources"
import { milliUnits, wholeUnits } from "@wick/sdk/api/meta/quantity"
import { claimsOf } from "./claimed-volumes.ts"

/** Amounts as plain numbers: CPU in thousandths, everything else in whole units. */
export interface Resources {
  readonly cpu: number
  readonly memory: number
  readonly ephemeralStorage: number
  /** Devices and the like, by their full name. */
  readonly extended: Readonly<Record<string, number>>
}

export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** What a pod asks of a node, worked out once. */
export interface PodNeeds {
  readonly pod: Pod
  readonly requests: Resources
  readonly hostPorts: readonly HostPort[]
  /** Claims of volumes that it uses, `namespace/name`. */
  readonly claims: readonly string[]
  /** Whether other pods say where it may not be; whether they say where it would rather be; whether it keeps others out. */
  readonly mindsOthers: boolean
  readonly prefersOthers: boolean
  readonly keepsOut: boolean
}

const none: Resources = { cpu: 0, memory: 0, ephemeralStorage: 0, extended: {} }

export function podNeeds(pod: Pod): PodNeeds {
  const { containers, initContainers = [], overhead, hostNetwork, resources } = pod.spec
  const running = containers.map((container) => amounts(container.resources.requests))
  const whole = { ...sum(containersAndInit(running, initContainers)) }
  const asPod = resources?.requests ? override(whole, resources.requests) : whole
  const ports = containers.flatMap((container) => container.ports ?? [])
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  const near = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0
  const away = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0
  const liked = [podAffinity, podAntiAffinity].some(
    (each) => each?.preferredDuringSchedulingIgnoredDuringExecution?.length,
  )
  const spreads = (pod.spec.topologySpreadConstraints ?? []).map(({ whenUnsatisfiable }) => whenUnsatisfiable)
  return {
    pod,
    mindsOthers: near + away > 0 || spreads.includes("DoNotSchedule"),
    prefersOthers: liked || spreads.includes("ScheduleAnyway"),
    keepsOut: away > 0,
    requests: sum([asPod, amounts(overhead)]),
    claims: claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`),
    hostPorts: ports.flatMap(({ hostPort, hostIP, protocol, containerPort }) => {
      const port = hostPort ?? (hostNetwork ? containerPort : undefined)
      return port === undefined ? [] : [{ ip: hostIP || "0.0.0.0", protocol, port }]
    }),
  }
}

/**
 * Init containers run one after the other before the others, so a pod needs the most that any moment needs. One that
 * restarts always is a sidecar: it stays, beside the init containers after it and beside the containers.
 */
function containersAndInit(running: Resources[], init: Pod["spec"]["initContainers"] = []): Resources[] {
  let sidecars = none
  let peak = none
  for (const container of init) {
    const own = amounts(container.resources.requests)
    if (container.restartPolicy === "Always") {
      sidecars = sum([sidecars, own])
      peak = greatest(peak, sidecars)
    } else {
      peak = greatest(peak, sum([sidecars, own]))
    }
  }
  return [greatest(peak, sum([sidecars, ...running]))]
}

/** A pod that states its needs as a whole is taken at its word for the resources it names. */
function override(whole: Resources, stated: ResourceList): Resources {
  const own = amounts(stated)
  return {
    cpu: stated.cpu === undefined ? whole.cpu : own.cpu,
    memory: stated.memory === undefined ? whole.memory : own.memory,
    ephemeralStorage: whole.ephemeralStorage,
    extended: whole.extended,
  }
}

export function amounts(list: ResourceList | undefined): Resources {
  if (list === undefined) return none
  const extended: Record<string, number> = {}
  let cpu = 0
  let memory = 0
  let ephemeralStorage = 0
  for (const [name, quantity] of Object.entries(list)) {
    if (name === "cpu") cpu = milliUnits(quantity)
    else if (name === "memory") memory = wholeUnits(quantity)
    else if (name === "ephemeral-storage") ephemeralStorage = wholeUnits(quantity)
    else extended[name] = wholeUnits(quantity)
  }
  return { cpu, memory, ephemeralStorage, extended }
}

function combine(one: Resources, other: Resources, join: (left: number, right: number) => number): Resources {
  const extended: Record<string, number> = { ...one.extended }
  for (const [name, amount] of Object.entries(other.extended)) extended[name] = join(extended[name] ?? 0, amount)
  return {
    cpu: join(one.cpu, other.cpu),
    memory: join(one.memory, other.memory),
    ephemeralStorage: join(one.ephemeralStorage, other.ephemeralStorage),
    extended,
  }
}

export function sum(parts: readonly Resources[]): Resources {
  return parts.reduce((total, part) => combine(total, part, (left, right) => left + right), none)
}

export function subtract(whole: Resources, part: Resources): Resources {
  return combine(whole, part, (left, right) => left - right)
}

function greatest(one: Resources, other: Resources): Resources {
  return combine(one, other, Math.max)
}
