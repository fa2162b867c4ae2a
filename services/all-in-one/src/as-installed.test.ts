import type { AnyObject } from "@wick/sdk/api/kind"
import { expect, it } from "vitest"
import { isAsInstalled, sourceAnnotation } from "./as-installed.ts"

type Writer = { readonly manager: string; readonly operation: "Apply" | "Update"; readonly subresource?: string }

const installed: Writer = { manager: "wick", operation: "Apply" }
const defaulted: Writer = { manager: "kube-apiserver", operation: "Update" }

function definition(writers: Writer[], source = "digest"): AnyObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: "services.serving.knative.dev",
      annotations: { [sourceAnnotation]: source },
      managedFields: writers,
    },
  } as unknown as AnyObject
}

it("what only its installer and the API server have written is as it was installed", () => {
  expect(isAsInstalled(definition([installed, defaulted]), "digest", "wick")).toBe(true)
})

it("what was installed from another source is not", () => {
  expect(isAsInstalled(definition([installed], "older"), "digest", "wick")).toBe(false)
})

it("what somebody has edited since is not, whatever tool it was", () => {
  for (const manager of ["kubectl-edit", "wick"]) {
    const edited: Writer = { manager, operation: "Update" }
    expect(isAsInstalled(definition([installed, edited]), "digest", "wick")).toBe(false)
  }
})

it("a status that somebody writes changes nothing of it", () => {
  const status: Writer = { manager: "another", operation: "Update", subresource: "status" }
  expect(isAsInstalled(definition([installed, status]), "digest", "wick")).toBe(true)
})

it("what is being deleted is not there any more", () => {
  const object = definition([installed])
  const deleted = {
    ...object,
    metadata: { ...object.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
  } as AnyObject
  expect(isAsInstalled(deleted, "digest", "wick")).toBe(false)
})
