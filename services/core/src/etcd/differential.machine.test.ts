import { execFileSync } from "node:child_process"
import { expect, it } from "vitest"
import { compareWith, type Profile } from "./testing/differential/compare.ts"
import { startOurs, startTheirs } from "./testing/start-pair.ts"

const etcd = process.env.ETCD_BINARIES ? `${process.env.ETCD_BINARIES}/etcd` : "/usr/bin/etcd"
const version = /etcd Version: (\S+)/.exec(String(execFileSync(etcd, ["--version"])))?.[1] ?? ""

/** Calls made of each; `WICK_DIFFERENTIAL_STEPS` and `WICK_DIFFERENTIAL_SEED` say other ones. */
const steps = Number(process.env.WICK_DIFFERENTIAL_STEPS ?? 400)
const seed = Number(process.env.WICK_DIFFERENTIAL_SEED ?? 1)

/** Users and roles are as those of etcd 3.5, from which 3.4 differs in many words. */
const profiles: readonly Profile[] = version.startsWith("3.4.") ? ["open"] : ["open", "users"]

it.each(profiles)(
  "whatever is asked, etcd and we answer the same, be it a refusal: %s",
  async (profile) => {
    await using ours = await startOurs()
    await using theirs = await startTheirs(etcd)
    expect(await compareWith(ours, theirs, { seed, steps, profile, version })).toBeUndefined()
  },
  20_000 + steps * 50,
)
