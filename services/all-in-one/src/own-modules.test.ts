import type { ResolveFnOutput, ResolveHookContext } from "node:module"
import { expect, it } from "vitest"
import { ownModules } from "./own-modules.ts"

const root = "file:///wick/"
const from = (parentURL: string): ResolveHookContext => ({ parentURL, conditions: ["node"], importAttributes: {} })

/** What Node was asked, and a resolver before it. */
function resolving() {
  const asked: string[] = []
  const resolve = ownModules(root)
  const node = (specifier: string): ResolveFnOutput => {
    asked.push(specifier)
    return { url: `file:///found/${specifier}`, format: "module" }
  }
  return { asked, resolve: (specifier: string, parent: string) => resolve(specifier, from(parent), node) }
}

it("a file that is named with its ending is found where it is named", () => {
  const { asked, resolve } = resolving()
  const found = resolve("../clock/index.ts", "file:///wick/sdk/src/client/connect.ts")
  expect(found).toMatchObject({ url: "file:///wick/sdk/src/clock/index.ts", format: "module-typescript" })
  expect(asked).toEqual([])
})

it("Node is asked once in a workspace for a package or a door, and anew in another", () => {
  const { asked, resolve } = resolving()
  const first = resolve("#store", "file:///wick/services/core/src/server.ts")
  expect(resolve("#store", "file:///wick/services/core/src/peer/index.ts")).toEqual(first)
  expect(first).toMatchObject({ url: "file:///found/#store", format: "module" })
  resolve("#store", "file:///wick/services/activator/src/main.ts")
  expect(asked).toEqual(["#store", "#store"])
})

it("what is not ours is Node's to find each time", () => {
  const { asked, resolve } = resolving()
  resolve("./index.ts", "file:///wick/node_modules/other/src/main.ts")
  resolve("#door", "file:///wick/node_modules/other/src/main.ts")
  resolve("./index.ts", "file:///elsewhere/src/main.ts")
  for (const specifier of ["zod", "zod", "node:fs", "./data.json"]) resolve(specifier, "file:///wick/sdk/src/index.ts")
  expect(asked).toEqual(["./index.ts", "#door", "./index.ts", "zod", "zod", "node:fs", "./data.json"])
})
