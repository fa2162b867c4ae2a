import type { Pod } from "../api/core/pod.ts"

/** One run of a container: a restart is another run, and has a log of its own. */
export interface ContainerRun {
  readonly pod: string
  readonly container: string
  /** Id that the runtime gave the run; unique for good. */
  readonly id: string
}

/**
 * Which logs are there to be followed, told from pods as they change. Each run is named once, however often its pod is
 * seen: pods that start later, pods that replace others and containers that are restarted are new runs.
 */
export class LogFollower {
  readonly #container: string | undefined
  readonly #seen = new Set<string>()

  /** `container`: only the container of this name, else the first of each pod. */
  constructor(container?: string) {
    this.#container = container
  }

  /** The run of `pod` that has something to print and was not named before. */
  next(pod: Pod): ContainerRun | undefined {
    const run = runOf(pod, this.#container)
    if (!run || this.#seen.has(run.id)) return undefined
    this.#seen.add(run.id)
    return run
  }

  /** The run's log could not be read yet: it is named again when its pod next changes. */
  retry(run: ContainerRun): void {
    this.#seen.delete(run.id)
  }
}

function runOf({ metadata, spec, status }: Pod, wanted: string | undefined): ContainerRun | undefined {
  const container = wanted ?? spec.containers[0]?.name
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  const found = statuses.find(({ name }) => name === container)
  const begun = found?.state?.running ?? found?.state?.terminated ?? found?.lastState?.terminated
  if (!container || !begun || !found?.containerID) return undefined
  return { pod: metadata.name, container, id: found.containerID }
}
