import { expect, it } from "vitest"
import { childName } from "./child-name.ts"

it("is parent and suffix, as long as that fits into a label", () => {
  expect(childName("hello-00001", "-deployment")).toBe("hello-00001-deployment")
})

it("stays below 64 characters, unique and the same each time, when it does not fit", () => {
  const long = "a".repeat(60)
  const name = childName(long, "-deployment")
  expect(name.length).toBeLessThanOrEqual(63)
  expect(name.endsWith("-deployment")).toBe(true)
  expect(childName(long, "-deployment")).toBe(name)
  expect(childName(`${long}b`, "-deployment")).not.toBe(name)
})
