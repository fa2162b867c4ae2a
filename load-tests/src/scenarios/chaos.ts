import { explain, type Kill, wasInside } from "../blame.ts"
import { type Failure, type Outcome, openLoopUntil } from "../open-loop.ts"
import { atZero, deploy, type Platform, remove, target } from "../platform.ts"
import { report } from "../report.ts"
import { activatorVictim, controlVictim, type Victim } from "../victims.ts"

const perSecond = 300
const rounds = Number(process.env.CHAOS_ROUNDS ?? 10)
/** From one death to the next: a process is back and its cold starts are done within it. */
const betweenMs = 10_000
const coldFunctions = 4
/** Each function at zero is called this often; its pod is gone well before. */
const coldEveryMs = 12_000
const successMin = 0.9999

/**
 * Activators, controller and autoscaler are killed one after the other, round after round, under steady traffic to a
 * running function and calls of functions at zero: by SIGKILL, but for every other activator, which is told to end and
 * may lose nothing. Clients do what RFC 9110 lets them: a GET whose connection ends before an answer is sent once more.
 * How many were is reported too: they are what a killed gateway costs other clients. Needs `wick up --activators 2`: a
 * gateway that is one process is away while that is.
 */
export async function chaos(platform: Platform): Promise<void> {
  await deploy(platform, "steady", { image: "fast", annotations: { "min-scale": "1" } })
  const cold = Array.from({ length: coldFunctions }, (_, at) => `cold-${at}`)
  for (const name of cold) await deploy(platform, name, { image: "still", annotations: { window: "6s" } })
  const ended = new AbortController()
  const loads = [
    openLoopUntil(target(platform, "steady"), perSecond, ended.signal, true),
    ...cold.map((name) => openLoopUntil(target(platform, name), 1_000 / coldEveryMs, ended.signal, true)),
  ]
  const kills: Kill[] = []
  const victims = [
    activatorVictim(platform, 0, "SIGKILL"),
    controlVictim(platform),
    activatorVictim(platform, 1, "SIGTERM"),
    controlVictim(platform),
  ]
  try {
    for (let round = 0; round < rounds; round++) await killEach(victims, kills)
    await new Promise((resolve) => setTimeout(resolve, betweenMs))
  } finally {
    ended.abort()
  }
  const outcomes = await Promise.all(loads)
  tell(outcomes, kills)
  for (const name of ["steady", ...cold]) await remove(platform, name)
  for (const name of cold) await atZero(platform, name)
}

async function killEach(victims: readonly Victim[], kills: Kill[]): Promise<void> {
  for (const victim of victims) {
    await new Promise((resolve) => setTimeout(resolve, betweenMs))
    kills.push({ victim: victim.name, atMs: performance.now() })
    await victim.kill()
  }
}

function tell(outcomes: readonly Outcome[], kills: readonly Kill[]): void {
  const failures = outcomes.flatMap(({ failures }) => failures)
  const repeated = outcomes.flatMap(({ repeated }) => repeated)
  for (const failure of failures) process.stdout.write(`${line(failure, kills)}\n`)
  for (const failure of repeated) process.stdout.write(`sent once more: ${line(failure, kills)}\n`)
  const answered = (outcome: Outcome): number => Object.values(outcome.byStatus).reduce((sum, count) => sum + count, 0)
  const ok = outcomes.reduce((sum, { byStatus }) => sum + (byStatus[200] ?? 0), 0)
  const success = ok / (ok + failures.length)
  const once = (ok - repeated.length) / (ok + failures.length)
  const rows = outcomes.map((outcome, at) => ({
    name: at === 0 ? "steady" : `cold-${at - 1}`,
    figures: { answered: answered(outcome), ...outcome.latency, failed: outcome.failed },
  }))
  const unexplained = [...failures, ...repeated].filter((failure) => explain(failure, kills) === undefined).length
  const all = {
    answered: ok,
    failed: failures.length,
    repeated: repeated.length,
    "of these inside at the kill": repeated.filter((failure) => wasInside(failure, kills)).length,
    unexplained,
    kills: kills.length,
    "success %": (success * 100).toFixed(4),
    "without repeats %": (once * 100).toFixed(4),
  }
  report("chaos", [...rows, { name: "all", figures: all }])
  if (success < successMin || unexplained > 0) process.exitCode = 1
}

function line(failure: Failure, kills: readonly Kill[]): string {
  const before = kills.findLast(({ atMs }) => atMs <= failure.endedMs)
  const since = before && `${Math.round(failure.endedMs - before.atMs)} ms after the death of ${before.victim}`
  const took = Math.round(failure.endedMs - failure.sentMs)
  return `${failure.host} failed after ${took} ms, ${since}: ${failure.why}: ${explain(failure, kills) ?? "UNEXPLAINED"}`
}
