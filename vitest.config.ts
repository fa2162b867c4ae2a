import { defineConfig } from "vitest/config"

/** What is polled for comes soon; how soon is not what a test is about. */
const expect = { poll: { timeout: 10_000 } }

/**
 * `unit` runs beside the code and needs nothing; `machine` needs root, containerd, CNI and nftables (files named
 * `*.machine.test.ts`); `e2e` deploys to one running Wick (examples and `*.e2e.test.ts`).
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          expect,
          include: ["*.test.ts", "{sdk,services,examples,load-tests,scripts}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.machine.test.ts", "**/*.e2e.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "machine",
          expect,
          include: ["services/**/*.machine.test.ts"],
          testTimeout: 60_000,
          // Another run's machine may have to be waited for.
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "e2e",
          expect,
          maxConcurrency: 30,
          include: ["**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
