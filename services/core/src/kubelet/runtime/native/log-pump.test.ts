import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Worker } from "node:worker_threads"
import { SimulatedClock } from "@wick/sdk/clock"
import { createLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { LogPump } from "./log-pump.ts"
import { restartMs, restartsMax } from "./log-thread.ts"

describe("what a container says, when the thread that reads it fails", () => {
  const clock = new SimulatedClock()
  let directory = ""
  let news: string[] = []
  let threads: Worker[] = []
  let pump: LogPump
  const onThread = (thread: Worker): void => void threads.push(thread)

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "wick-log-pump-"))
    news = []
    threads = []
    const write = (line: string): void => void news.push(JSON.parse(line).level)
    pump = new LogPump(clock, createLog({ level: "info", format: "json", now: () => 0, write }))
    process.on("worker", onThread)
  })
  afterEach(async () => {
    await pump.stop()
    process.off("worker", onThread)
    rmSync(directory, { recursive: true })
  })

  function container(name: string) {
    const at = (file: string): string => join(directory, name, file)
    const place = { id: name, logPath: at("log"), stdout: at("stdout"), stderr: at("stderr") }
    const read = (): string[] => (existsSync(at("log")) ? readFileSync(at("log"), "utf8").split("\n") : [])
    return {
      place,
      say: (line: string) => appendFileSync(place.stdout, `${line}\n`),
      /** As its log has them. */
      lines: () => read().flatMap((line) => line.split(" ").slice(3)),
    }
  }

  /** By an order that is none. */
  async function fail(): Promise<void> {
    const thread = threads.at(-1)
    const ended = new Promise((resolve) => thread?.once("exit", resolve))
    thread?.postMessage(null)
    await ended
  }

  it("is read on by another one, with what was said and ordered meanwhile, and to who listens", async () => {
    const talker = container("talker")
    await pump.open(talker.place)
    const { stdout } = await pump.attach("talker")
    talker.say("one")
    await expect.poll(talker.lines).toEqual(["one"])
    await fail()
    talker.say("two")
    const [later, finished] = [container("later"), pump.finish("talker")]
    const opened = pump.open(later.place)
    await clock.advance(restartMs)
    await Promise.all([finished, opened])
    expect(talker.lines()).toEqual(["one", "two"])
    expect(Buffer.concat(await stdout.toArray()).toString()).toBe("one\ntwo\n")
    expect(existsSync(talker.place.stdout)).toBe(false)
    later.say("three")
    await expect.poll(later.lines).toEqual(["three"])
    // That it has failed, and that it begins anew.
    expect(news).toEqual(["warn", "warn"])
  })

  it("is left to a later process when it fails again and again, and those that come then are read", async () => {
    const talker = container("talker")
    await pump.open(talker.place)
    for (let failures = 1; failures <= restartsMax; failures++) {
      await fail()
      await clock.advance(restartMs)
      talker.say(String(failures))
      await expect.poll(() => talker.lines().at(-1)).toBe(String(failures))
    }
    const ended = pump.ended("talker")
    await fail()
    talker.say("unread")
    await ended
    expect(news.at(-1)).toBe("error")
    await pump.finish("talker")
    expect(readFileSync(talker.place.stdout, "utf8")).toMatch(/unread\n$/)
    const later = container("later")
    await pump.open(later.place)
    later.say("here")
    await expect.poll(later.lines).toEqual(["here"])
    expect(threads).toHaveLength(1 + restartsMax + 1)
  })
})
