import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { listenTo, type Protocol, startSpeaker } from "../testing/speaker.ts"
import { startStage, until } from "../testing/stage.ts"

describe.each<{ protocol: Protocol }>([{ protocol: "HTTP/1.1" }, { protocol: "h2c" }, { protocol: "upgrade" }])(
  "an answer over $protocol",
  ({ protocol }) => {
    const scene = async (spec: Record<string, unknown>) => {
      const clock = new SimulatedClock()
      const speaker = await startSpeaker(protocol)
      const stage = await startStage(
        (cluster) => {
          cluster.route("app", { "app-1": 100 })
          cluster.revision("app-1", speaker.port, spec, protocol === "h2c" ? "h2c" : "http1")
          cluster.pod("a", "app-1", "127.0.0.1")
        },
        { clock },
      )
      const heard = listenTo(stage.port, protocol)
      const turn = await speaker.next()
      const disposed = async (): Promise<void> => {
        await stage[Symbol.asyncDispose]()
        await speaker[Symbol.asyncDispose]()
      }
      return { clock, heard, turn, [Symbol.asyncDispose]: disposed }
    }

    it.each([
      { limit: "timeoutSeconds", spec: { timeoutSeconds: 2 } },
      { limit: "responseStartTimeoutSeconds", spec: { responseStartTimeoutSeconds: 2 } },
      { limit: "idleTimeoutSeconds", spec: { idleTimeoutSeconds: 2 } },
    ])("is 504 when nothing comes within $limit", async ({ spec }) => {
      await using on = await scene(spec)
      await on.clock.advance(1900)
      expect(on.heard.status).toBe(0)
      await on.clock.advance(200)
      await until(() => on.heard.end !== undefined)
      expect(on.heard).toMatchObject({ status: 504, end: "whole" })
      expect(on.heard.words).toMatch(/request timeout\n$/)
    })

    it("goes on past responseStartTimeoutSeconds once it has begun", async () => {
      await using on = await scene({ responseStartTimeoutSeconds: 2 })
      on.turn.begin("begun")
      await until(() => on.heard.words.endsWith("begun"))
      await on.clock.advance(60_000)
      on.turn.say("more")
      await until(() => on.heard.words.endsWith("more"))
      expect(on.heard.end).toBeUndefined()
    })

    it("lives as long as something comes within idleTimeoutSeconds, and is cut when nothing does", async () => {
      await using on = await scene({ idleTimeoutSeconds: 2 })
      on.turn.begin("begun")
      await until(() => on.heard.words.endsWith("begun"))
      for (const words of ["one", "two", "three"]) {
        await on.clock.advance(1900)
        expect(on.heard.end).toBeUndefined()
        on.turn.say(words)
        await until(() => on.heard.words.endsWith(words))
      }
      await on.clock.advance(2100)
      await until(() => on.heard.end !== undefined)
      expect(on.heard.status).toBe(protocol === "upgrade" ? 101 : 200)
      expect(on.heard.end).toBe(protocol === "upgrade" ? "whole" : "cut")
    })

    it("is cut at timeoutSeconds however much comes", async () => {
      await using on = await scene({ timeoutSeconds: 4, idleTimeoutSeconds: 2 })
      on.turn.begin("begun")
      await until(() => on.heard.words.endsWith("begun"))
      for (const words of ["one", "two"]) {
        await on.clock.advance(1500)
        on.turn.say(words)
        await until(() => on.heard.words.endsWith(words))
      }
      await on.clock.advance(1100)
      await until(() => on.heard.end !== undefined)
      expect(on.heard.end).toBe(protocol === "upgrade" ? "whole" : "cut")
    })
  },
)
