import { defineConfig } from "vitest/config"

/** What is polled for comes soon; how soon is not what a test is about, and on a busy machine it may be late. */
const expect = { poll: { timeout: 30_000 } }
/** Of every project: what a test file has asked for is gone when it is through. */
const tidying = "sdk/src/testing/leave-no-scratch.ts"
/** Not what a test takes, but when it is given up: a machine may be ten times as slow as a good one for a while. */
const patience = { testTimeout: 90_000, hookTimeout: 90_000 }

const wholePlatform = {
  expect,
  maxConcurrency: 30,
  setupFiles: [tidying],
  include: ["**/*.e2e.test.ts"],
  exclude: ["**/node_modules/**"],
  testTimeout: 180_000,
  hookTimeout: 180_000,
}

/** Counts what is on the machine, which another platform would change. */
const alone = ["**/main-line.e2e.test.ts"]

/**
 * `unit` runs beside the code and needs nothing; `machine` needs root, containerd, CNI and nftables (files named
 * `*.machine.test.ts`); `e2e` deploys to a running Wick (examples and `*.e2e.test.ts`), two files at a time; `e2e-alone` those
 * that must be alone.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          expect,
          setupFiles: [tidying, "sdk/src/testing/freeze-what-is-shared.ts", "sdk/src/testing/property-seed.ts"],
          include: ["*.test.ts", "{sdk,services,examples,load-tests,scripts}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.machine.test.ts", "**/*.e2e.test.ts"],
          ...patience,
          // As Wick's own programs are started: some call the C library.
          execArgv: ["--disable-warning=ExperimentalWarning"],
          // A file leaves nothing behind, so those of one worker share what they import: to load that again for each of them
          // costs more than their tests do. Many wait, for processes and elections: both cores have a worker.
          isolate: false,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "machine",
          expect,
          setupFiles: [tidying],
          include: ["services/**/*.machine.test.ts"],
          testTimeout: 120_000,
          // Another run's machine may have to be waited for.
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...wholePlatform,
          name: "e2e",
          exclude: ["**/node_modules/**", ...alone],
          // They mostly wait: for pods, for windows of time, for a lost host.
          maxWorkers: 2,
        },
      },
      { test: { ...wholePlatform, name: "e2e-alone", include: alone, fileParallelism: false } },
    ],
  },
})
