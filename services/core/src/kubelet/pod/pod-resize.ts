import { isDeepStrictEqual } from "node:util"
import type { PodCondition } from "@wick/sdk/api/core/pod-status"
import { milliUnits, wholeUnits } from "@wick/sdk/api/meta/quantity"
import { cgroupResources, qosClass } from "../container/resources.ts"
import type { ContainerRecord } from "../runtime/runtime.ts"
import { isRunning } from "./pod-actions.ts"
import type { PodDeps } from "./pod-deps.ts"
import { stopContainer } from "./pod-end.ts"
import type { PodState } from "./pod-state.ts"

type Resources = PodState["pod"]["spec"]["containers"][number]["resources"]
/** How a change of a running pod's resources stands; none when there is nothing to change. */
export type ResizeCondition = Pick<PodCondition, "type" | "reason" | "message">

/**
 * Brings what runs to the resources that its pod asks for now, without a restart, except of containers whose
 * `resizePolicy` asks for one. What the node can never give is left as it is, and said so.
 */
export async function resizeContainers(state: PodState, deps: PodDeps, signal: AbortSignal): Promise<void> {
  const changed = [...state.containers.values()].filter((record) => isRunning(record) && wantsResize(state, record))
  const problem = infeasible(state, deps)
  state.resize = changed.length === 0 ? undefined : (problem ?? { type: "PodResizeInProgress" })
  if (changed.length === 0 || problem) return
  state.publish()
  for (const record of changed) {
    try {
      await resizeOne(state, deps, record, signal)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      state.resize = { type: "PodResizeInProgress", reason: "Error", message }
      state.publish()
      throw error
    }
  }
  state.resize = undefined
}

async function resizeOne(state: PodState, deps: PodDeps, record: ContainerRecord, signal: AbortSignal): Promise<void> {
  const container = state.container(record.name)
  if (!container) return
  const before = state.resources.get(record.id)
  const restarts = (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" && differs(before, container.resources, resourceName),
  )
  if (restarts) {
    const message = `Container ${record.name} resize requires restart`
    return stopContainer(state, deps, record, { message, graceSeconds: undefined, signal })
  }
  const wanted = container.resources
  await deps.runtime.updateResources(record.id, cgroupResources(container, qosClass(state.pod), deps.memoryBytes))
  state.resources.set(record.id, wanted)
}

function wantsResize(state: PodState, { id, name }: ContainerRecord): boolean {
  const before = state.resources.get(id)
  const container = state.pod.spec.containers.find((one) => one.name === name)
  return before !== undefined && container !== undefined && !isDeepStrictEqual(before, container.resources)
}

function differs(before: Resources | undefined, after: Resources, name: string): boolean {
  return before?.limits?.[name] !== after.limits?.[name] || before?.requests?.[name] !== after.requests?.[name]
}

/** What the pod's containers ask for together is more than the whole node has. */
function infeasible(state: PodState, { allocatable }: PodDeps): ResizeCondition | undefined {
  for (const [name, units] of [
    ["cpu", milliUnits],
    ["memory", wholeUnits],
  ] as const) {
    const asked = state.pod.spec.containers.reduce((sum, { resources }) => {
      const request = resources.requests?.[name] ?? resources.limits?.[name]
      return sum + (request === undefined ? 0 : units(request))
    }, 0)
    const capacity = units(allocatable[name] ?? "0")
    if (asked <= capacity) continue
    const message = `Node didn't have enough capacity: ${name}, requested: ${asked}, capacity: ${capacity}`
    return { type: "PodResizePending", reason: "Infeasible", message }
  }
  return undefined
}
