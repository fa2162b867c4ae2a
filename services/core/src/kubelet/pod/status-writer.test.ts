import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodStatus } from "@wick/sdk/api/core/pod-status"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { difference, StatusWriter } from "./status-writer.ts"

const pod = { metadata: { name: "p", namespace: "n", uid: "u" }, spec: {} } as unknown as Pod

function writerOn(answer: (patch: unknown) => Promise<unknown>, uid?: string) {
  const patches: unknown[] = []
  const clock = new SimulatedClock()
  const client = {
    patch: (_kind: unknown, _reference: unknown, { body }: { body: { status: unknown } }) => {
      patches.push(body.status)
      return answer(body.status)
    },
    get: () =>
      uid === undefined ? Promise.reject(new StatusError("NotFound", "gone")) : Promise.resolve({ metadata: { uid } }),
  } as unknown as Client
  return { patches, clock, writer: new StatusWriter(client, clock, silentLog, pod) }
}

describe("the status of a pod", () => {
  it("is written as what differs from what was written before", async () => {
    const { patches, writer } = writerOn(async () => ({}))
    writer.write({ phase: "Pending", podIP: "10.0.0.1" })
    await writer.flush()
    writer.write({ phase: "Running", podIP: "10.0.0.1" })
    writer.write({ phase: "Running", podIP: "10.0.0.1" })
    await writer.flush()
    expect(patches).toEqual([{ phase: "Pending", podIP: "10.0.0.1" }, { phase: "Running" }])
  })

  it("that says nothing new is not written, and later ones are", async () => {
    const { patches, writer } = writerOn(async () => ({}))
    writer.write({})
    await writer.flush()
    writer.write({ phase: "Running" })
    await writer.flush()
    expect(patches).toEqual([{ phase: "Running" }])
  })

  it("that says the same is not kept a second time", async () => {
    const { writer } = writerOn(async () => ({}))
    const first: PodStatus = { phase: "Running" }
    writer.write(first)
    await writer.flush()
    writer.write({ phase: "Running" })
    expect(writer.wanted).toBe(first)
  })

  it("is written once for all changes that came while another was under way", async () => {
    const { patches, writer } = writerOn(async () => ({}))
    for (const podIP of ["a", "b", "c", "d"]) writer.write({ podIP })
    await writer.flush()
    expect(patches).toEqual([{ podIP: "a" }, { podIP: "d" }])
  })

  it("of a pod that is gone is nobody's business any more", async () => {
    const { patches, writer } = writerOn(() => Promise.reject(new StatusError("NotFound", "gone")))
    writer.write({ phase: "Running" })
    await writer.flush()
    writer.write({ phase: "Failed" })
    await writer.flush()
    expect(patches).toHaveLength(1)
  })

  it("is not written to a later pod of the same name", async () => {
    const { patches, writer } = writerOn(() => Promise.reject(new StatusError("Conflict", "another uid")), "another")
    writer.write({ phase: "Running" })
    await writer.flush()
    writer.write({ phase: "Failed" })
    await writer.flush()
    expect(patches).toHaveLength(1)
  })

  it("is written again when others wrote at the same time", async () => {
    let left = 1
    const answer = async (): Promise<unknown> => {
      if (left-- > 0) throw new StatusError("Conflict", "the object has been modified")
      return {}
    }
    const { patches, clock, writer } = writerOn(answer, "u")
    writer.write({ phase: "Running" })
    await clock.advance(1_000)
    await writer.flush()
    expect(patches).toEqual([{ phase: "Running" }, { phase: "Running" }])
  })

  it("that is refused as invalid is given up until it changes", async () => {
    const { patches, writer } = writerOn(() => Promise.reject(new StatusError("Invalid", "no")))
    writer.write({ podIP: "nonsense" })
    await writer.flush()
    writer.write({ podIP: "other nonsense" })
    await writer.flush()
    expect(patches).toHaveLength(2)
  })

  it("takes fields away by null", () => {
    expect(difference({ podIP: "a", phase: "Running" }, { phase: "Running" })).toEqual({ podIP: null })
  })
})
