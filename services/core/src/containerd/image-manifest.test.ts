import { describe, expect, it } from "vitest"
import { layersOf } from "./image-manifest.ts"

const [one, two, three] = ["one", "two", "three"].map((digest) => ({ digest })) as [object, object, object]

describe("the layers of an image", () => {
  it("each lie in a snapshot that is named by all below it", () => {
    expect(layersOf({ layers: [one, two, three] }, ["sha256:a", "sha256:b", "sha256:c"])).toEqual([
      { blob: one, diffId: "sha256:a", chainId: "sha256:a" },
      // printf 'sha256:a sha256:b' | sha256sum, and so on
      {
        blob: two,
        diffId: "sha256:b",
        chainId: "sha256:970a948bffa8de94d6e22d747ba8c95030e6e546909f98f54e99a13005e173a8",
      },
      {
        blob: three,
        diffId: "sha256:c",
        chainId: "sha256:dee159b33409cefa3f6eda71539f006014283e9d9130c18a1dea7bd8a33c9b1b",
      },
    ])
  })

  it("are as many as its config names", () => {
    expect(() => layersOf({ layers: [one] }, [])).toThrow("the image's manifest has 1 layers, its config 0")
  })
})
