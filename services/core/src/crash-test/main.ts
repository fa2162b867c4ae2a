import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { CrashError, type CrashReport, crash } from "./crash-run.ts"

/** Kills members as often as asked and checks after each time that nothing is lost: `npm run crash -- --kills 500 --members 3`. */
const number = { type: "string" } as const
const { values } = parseArgs({ options: { kills: number, seed: number, clients: number, members: number } })
const kills = Number(values.kills ?? 100)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const clients = Number(values.clients ?? 8)
const members = Number(values.members ?? 1)
const directory = await mkdtemp(join(tmpdir(), "wick-crash-"))
const startedAt = performance.now()
const say = (text: string): void => void process.stdout.write(`${text}\n`)

say(`seed ${seed}, ${kills} kills, ${members} members, ${clients} clients, in ${directory}`)
let toldAt = 0
try {
  const report = await crash({
    kills,
    seed,
    clients,
    members,
    directory,
    onRound: (sofar) => {
      if (sofar.kills - toldAt < 25) return
      toldAt = sofar.kills
      say(told(sofar))
    },
  })
  say(`nothing lost: ${told(report)}`)
  await rm(directory, { recursive: true })
} catch (error) {
  process.exitCode = 1
  say(`failed: ${(error as Error).stack}`)
  if (error instanceof CrashError) {
    const { before, calls, stuck } = error
    await writeFile(join(directory, "history.json"), JSON.stringify({ before, calls, stuck }, null, 1))
  }
  say(`stores and history are kept in ${directory}`)
}

function told({ kills: done, killsAtStart, answered, unknown, undecided, revision, startsMs }: CrashReport): string {
  const starts = startsMs.toSorted((a, b) => a - b)
  const p50 = starts[Math.floor(starts.length / 2)] ?? 0
  return (
    `${done} kills (${killsAtStart} while starting), ${answered} calls answered, ${unknown} with an unknown outcome, ` +
    `revision ${revision}, ${undecided} rounds undecided, starts p50 ${p50.toFixed(0)} ms, ` +
    `max ${(starts.at(-1) ?? 0).toFixed(0)} ms, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`
  )
}
