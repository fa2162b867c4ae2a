import type { Pod } from "@wick/sdk/api/core/pod"

type PodSpec = Pod["spec"]

/** A pod as a check sees it: its template's metadata, and its spec. */
export interface Checked {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | undefined } | undefined
  readonly spec: PodSpec
}

/** What a check has against a pod, in Kubernetes' words: `reason (detail)`. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** One control of the Pod Security Standards. Pure; undefined is nothing against it. */
export interface Check {
  readonly id: string
  /** Ids of weaker checks that this one includes. */
  readonly overrides?: readonly string[]
  check(pod: Checked): Violation | undefined
}

export type CheckedContainer = PodSpec["containers"][number]

/** Containers of every sort: none is an exception. */
export function containersOf({ spec }: Checked): readonly CheckedContainer[] {
  return [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...((spec.ephemeralContainers ?? []) as CheckedContainer[]),
  ]
}

export function named(pod: Checked, isBad: (container: CheckedContainer) => boolean): string[] {
  return containersOf(pod)
    .filter(isBad)
    .map(({ name }) => name)
}

/** `container "a"`, `containers "a", "b"` */
export function counted(word: string, names: readonly string[]): string {
  return `${word}${names.length === 1 ? "" : "s"} ${quoted(names)}`
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ")
}

/** `pod`, `pod and container "a"`, `containers "a", "b"`: whoever set something that is forbidden. */
export function setters(podItself: boolean, names: readonly string[]): string {
  return [...(podItself ? ["pod"] : []), ...(names.length > 0 ? [counted("container", names)] : [])].join(" and ")
}

/** On Windows these settings mean nothing. */
export function isWindows({ spec }: Checked): boolean {
  return spec.os?.name === "windows"
}

export function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].sort()
}
