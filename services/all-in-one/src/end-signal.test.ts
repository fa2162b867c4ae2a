import { EventEmitter } from "node:events"
import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it, vi } from "vitest"
import { endSignal } from "./end-signal.ts"

it("a signal that a terminal and a parent both tell is one wish; one that comes later is a hurry", async () => {
  const clock = new SimulatedClock()
  const process = new EventEmitter()
  const hurry = vi.fn()
  const ended = endSignal(process, clock, hurry)
  process.emit("SIGINT")
  process.emit("SIGINT")
  await ended
  await clock.advance(500)
  process.emit("SIGHUP")
  expect(hurry).not.toHaveBeenCalled()
  await clock.advance(500)
  process.emit("SIGTERM")
  expect(hurry).toHaveBeenCalledOnce()
})
