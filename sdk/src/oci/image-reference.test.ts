import { expect, it } from "vitest"
import { formatImageReference, parseImageReference } from "./image-reference.ts"

it.each([
  ["hello", "127.0.0.1:5000/hello:latest"],
  ["team/hello:v2", "127.0.0.1:5000/team/hello:v2"],
  ["localhost:5001/a", "localhost:5001/a:latest"],
  ["ghcr.io/a/b:1.0", "ghcr.io/a/b:1.0"],
  [`reg.test/a@sha256:${"0".repeat(64)}`, `reg.test/a@sha256:${"0".repeat(64)}`],
])("%s is %s", (text, whole) => {
  const reference = parseImageReference(text, "127.0.0.1:5000")
  expect(reference && formatImageReference(reference)).toBe(whole)
})

it.each(["Not An Image", "a:", "a@sha256:1", "", "UPPER/case"])("%s is no image reference", (text) => {
  expect(parseImageReference(text, "127.0.0.1:5000")).toBeUndefined()
})
